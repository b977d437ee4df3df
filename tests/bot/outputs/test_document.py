"""The JSON document: its shape is promised, its texts are clean, any name can be written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.outputs.document import document
from bot.outputs.shapes import VERSION, Document, WrittenShape
from bot.report import Report, Setting
from reviewers.core.call import AnalyserRun, Attempt, Usage
from reviewers.core.finding import Dropped, Reason, Ruling, Verification
from reviewers.core.secrets import Redaction
from reviewers.core.visible import visible
from tests.bot.outputs import samples
from tests.bot.outputs.endings import CARRIED, STATIC_ONLY, one, without_ruff
from tests.bot.outputs.golden import assert_golden
from tests.bot.outputs.rewritten import rewritten
from tests.bot.outputs.samples import RETRY, SETTING, SQL, sample
from tests.builders import claim

SCHEMA: dict[str, Any] = Document.model_json_schema(by_alias=True)

REPORTS: dict[str, Report] = {
    **{name: getattr(samples, name)() for name in "abcdefghi"},
    "an analyser failed": without_ruff(),
    "nothing to read": sample(coverage=CARRIED, looks=(), **STATIC_ONLY),
    "a file that was not delivered": replace(
        samples.b(),
        verdict=replace(
            samples.b().verdict,
            coverage=replace(CARRIED, cells=(samples.undelivered("data.sql"),)),
        ),
    ),
    "price unknown": sample(SQL, looks=tuple(replace(k, cost=None) for k in samples.looks())),
    "verified": sample(
        replace(SQL, verification=Verification(Ruling.CONFIRMED, "so", "a.py", 3, "x", "m"))
    ),
    "a claim was removed": sample(dropped=(Dropped(claim(), Reason.UNKNOWN_FILE),)),
}


def shape(report: Report) -> dict[str, Any]:
    """The document, read again."""
    parsed: dict[str, Any] = json.loads(document(report))
    return parsed


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
def test_it_keeps_to_its_own_schema(report: Report) -> None:
    jsonschema.validate(
        shape(report), SCHEMA, format_checker=jsonschema.FormatChecker(), cls=VALIDATOR
    )


VALIDATOR = jsonschema.Draft202012Validator


def test_the_schema_is_a_schema() -> None:
    VALIDATOR.check_schema(SCHEMA)


def test_a_change_of_the_shape_is_noticed() -> None:
    """Who reads the document relies on it: a new key is fine, a changed one is a new version."""
    assert_golden("review.schema.json", json.dumps(SCHEMA, indent=2))


def test_the_document_of_a_small_review_is_that_of_the_golden_file() -> None:
    assert_golden("one.document.json", document(one(SQL)))


def test_it_has_what_was_asked_for() -> None:
    found = shape(samples.a())
    assert found["schema"] == VERSION
    assert found["outcome"] == "findings"
    first = found["findings"][0]
    assert first["id"] == "7c1e9a02b4d8"
    assert first["rule"] == "security/sql-injection"
    assert first["severity"] == "critical"
    assert (first["path"], first["line"], first["end_line"]) == ("api/orders.py", 42, 42)
    assert first["side"] == "RIGHT"
    assert first["quote"]
    assert first["suggestion"] is None
    assert first["votes"] == [{"reviewer": "security", "seen": [1, 3], "of": 3, "planned": 3}]
    assert [d["vote"] for d in first["dissent"]] == [2]
    assert [s["vote"] for s in first["sources"]] == [1, 3, None]
    assert [d["reason"] for d in found["dropped"]] == [
        "duplicate",
        "duplicate",
        "whose quoted code is not in the change",
        "refuted",
    ]
    assert found["coverage"]["complete"] is True
    assert found["coverage"]["hunks"] == 34
    assert len(found["calls"]) == 10
    assert found["cost_usd"] == pytest.approx(0.41)


def test_what_is_not_known_is_null() -> None:
    unplaced = shape(sample(SETTING))["findings"][0]
    assert (unplaced["line"], unplaced["end_line"], unplaced["side"]) == (None, None, None)
    assert shape(REPORTS["price unknown"])["cost_usd"] is None
    whole = shape(REPORTS["a file that was not delivered"])["coverage"]["cells"][0]
    assert (whole["hunk"], whole["lines"], whole["vote"]) == (None, None, None)


def test_low_and_late_findings_are_there_too() -> None:
    assert len(shape(samples.g())["findings"]) == 60
    assert [f["standing"] for f in shape(samples.e())["findings"]] == ["new", "still open", "late"]


def test_it_ends_in_one_line_end_and_is_the_same_each_time() -> None:
    text = document(samples.a())
    assert text.endswith("}\n")
    assert text == document(samples.a())


SECRET = "ghp_" + "a1B2" * 9


def loud(report: Report, text: str) -> Report:
    """The report with `text` in every text that does not come from our own code."""
    verdict = report.verdict
    attempt = Attempt(0.0, 1.0, text, Usage())
    run = AnalyserRun("ruff", "1", 1, 1, verdict.looks[0].reading, text)
    found = tuple(
        replace(
            f,
            quote=text,
            suggestion=text,
            sources=tuple(replace(s, name=text, rule=text) for s in f.sources),
            verification=Verification(Ruling.CONFIRMED, text, "a.py", 1, text, text),
        )
        for f in verdict.findings
    )
    looks = tuple(
        replace(k, model=text, detail=text, attempts=(attempt,), analysers=(run,))
        for k in verdict.looks
    )
    report = replace(
        report,
        verdict=replace(verdict, findings=found, looks=looks, problem=text),
        subject=replace(report.subject, label=text, notes=(text,)),
        notes=(text,),
    )
    return rewritten(report, lambda _: text, lambda path: f"{text}/{path}")


@pytest.mark.parametrize("name", ["a", "c", "e", "h"])
def test_s59_no_text_shows_a_secret(name: str) -> None:
    text = document(loud(REPORTS[name], f"see {SECRET} there"))
    assert SECRET[4:12] not in text
    assert text.count("ghp_…") > 40


def test_s59_own_secrets_are_cut_everywhere() -> None:
    own = "correct-horse-battery-staple"
    text = document(loud(REPORTS["h"], f"see {own[6:]}"), Redaction(frozenset({own})))
    assert "horse-battery" not in text


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=40))
def test_any_text_can_be_written_and_read_again(text: str) -> None:
    report = loud(one(SQL), text)
    found = shape(report)
    VALIDATOR(SCHEMA).validate(found)
    assert found["findings"][0]["title"] == visible(Redaction()(text))


@pytest.mark.parametrize(
    "text",
    [
        "\udce9\ud800",
        "://abc\nde:secret1234@host",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
        '"}],"findings":[]',
        "\x00\x1b[31m\u202e",
        '\\u0000 \\ " /',
    ],
    ids=["surrogates", "a password across lines", "a key", "JSON", "control", "escapes"],
)
def test_s42_odd_texts_and_names_break_nothing(text: str) -> None:
    written = document(loud(samples.a(), text))
    written.encode("utf-8")
    VALIDATOR(SCHEMA).validate(json.loads(written))
    assert not any(c in written for c in "\x00\x1b\u202e")
    assert "MIIEpAIBAAKCAQEA" not in written


def test_the_ledger_names_what_became_of_each_hunk() -> None:
    cells = shape(samples.c())["coverage"]["cells"]
    refused = [c for c in cells if c["reading"] == "refused"]
    assert len(refused) == 3 * 34
    assert {c["reviewer"] for c in refused} == {"security"}
    [first, *_] = [c for c in cells if c["reading"] == "skipped: size"]
    assert first["detail"] == "above the limit of 120 kB"
    assert first["lines"] == [1, 1000]


def test_earlier_findings_tell_what_became_of_them() -> None:
    [gone, _] = shape(samples.e())["fixed"]
    assert gone["fixed_in"] == samples.PUSHED
    [dismissed] = shape(samples.h())["dismissed"]
    assert dismissed["dismissed_by"] == "mlee"
    assert dismissed["reason"] == "Only the nightly job calls this."
    assert shape(samples.second_push(RETRY))["fixed"] == []


def test_calls_tell_when_they_began_counted_from_the_first() -> None:
    report = samples.a()
    moved = tuple(
        replace(k, start=1000.0 + i, call=replace(k.call, round=1 + i // 9))
        for i, k in enumerate(report.verdict.looks)
    )
    found = shape(replace(report, verdict=replace(report.verdict, looks=moved)))["calls"]
    assert [c["start"] for c in found] == [float(i) for i in range(10)]
    assert [c["round"] for c in found] == [1] * 9 + [2]


def test_each_finding_tells_where_it_is_shown() -> None:
    assert [f["shown"] for f in shape(samples.a())["findings"]] == ["inline", "inline", "body"]
    assert [f["shown"] for f in shape(samples.e())["findings"]] == ["inline", "body", "late"]
    many = [f["shown"] for f in shape(samples.g())["findings"]]
    assert (many.count("inline"), many.count("body"), many.count("quiet")) == (20, 12, 28)


def test_it_lists_what_steered_the_review_and_what_was_written() -> None:
    of = "https://github.com/acme/shop/pull/128#pullrequestreview-2411"
    written = WrittenShape(
        review_url=of, created=True, edited=False, inline=2, check_run=True, notes=[]
    )
    setting = Setting("rounds", 2, "default", "How many rounds.", "TRIPTYCH_MAX_ROUNDS allows 1")
    steered = replace(samples.a(), settings=(setting,))
    found = json.loads(document(steered, written=written))
    assert found["title"] == "3 findings: 1 critical, 1 high, 1 medium"
    assert found["written"]["review_url"] == of
    assert found["settings"] == [
        {
            "path": "rounds",
            "value": "2",
            "origin": "default",
            "bound": "TRIPTYCH_MAX_ROUNDS allows 1",
        }
    ]
    assert shape(samples.a())["written"] is None
