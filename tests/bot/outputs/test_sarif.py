"""SARIF: every report is valid by the official schema, and tells what was removed and what failed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.outputs.sarif import FINGERPRINT, SCHEMA, sarif
from bot.report import Report
from reviewers.core.finding import Dropped, Location, Reason, Severity, Side
from reviewers.core.secrets import Redaction
from tests.bot.outputs import samples
from tests.bot.outputs.samples import SETTING, SQL, sample
from tests.bot.outputs.test_document import REPORTS
from tests.builders import claim, finding, report, verdict

OFFICIAL = json.loads(
    (Path(__file__).parents[2] / "schemas" / "sarif-schema-2.1.0.json").read_text("utf-8")
)
VALID = jsonschema.Draft4Validator(OFFICIAL, format_checker=jsonschema.FormatChecker())


def run_of(of: Report, redact: Redaction = Redaction()) -> dict[str, Any]:
    """The one run, after the whole file was held against the schema."""
    log = json.loads(sarif(of, redact))
    VALID.validate(log)
    assert log["$schema"] == SCHEMA == OFFICIAL["id"]
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def told(run: dict[str, Any]) -> list[tuple[str, str]]:
    (invocation,) = run["invocations"]
    return [(n["level"], n["message"]["text"]) for n in invocation["toolExecutionNotifications"]]


@pytest.mark.parametrize("of", REPORTS.values(), ids=list(REPORTS))
def test_it_is_valid_and_code_scanning_takes_it(of: Report) -> None:
    run = run_of(of)
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (place,) = result["locations"]
        assert place["physicalLocation"]["region"]["startLine"] >= 1
        assert place["physicalLocation"]["artifactLocation"]["uri"]
        assert result["message"]["text"]
    assert len(run["results"]) <= 25_000


def test_a_finding_is_a_result_with_our_own_fingerprint() -> None:
    run = run_of(samples.a())
    first = run["results"][0]
    assert first["partialFingerprints"] == {FINGERPRINT: SQL.id}
    assert FINGERPRINT == "triptych/v1"
    assert (first["level"], first["properties"]["severity"]) == ("error", "critical")
    assert first["message"]["text"].startswith("Request data becomes SQL text. `order_by` goes")
    assert first["locations"][0]["physicalLocation"]["region"]["startLine"] == 42
    assert run["automationDetails"] == {"id": "triptych/"}
    assert run["properties"]["outcome"] == "findings"
    (version,) = run["versionControlProvenance"]
    assert version["revisionId"] == samples.a().verdict.change.head


def test_what_stands_on_no_line_of_the_head_says_so() -> None:
    placed = {
        r["partialFingerprints"][FINGERPRINT]: r["properties"]["placed"]
        for r in run_of(samples.a())["results"]
        if not r["suppressions"]
    }
    assert placed[SQL.id]
    assert not placed[SETTING.id]
    removed = finding(location=Location("api/orders.py", 3, 3, Side.LEFT))
    (result,) = run_of(report(verdict(removed)))["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_what_was_dropped_is_suppressed_with_the_reason() -> None:
    dropped = (
        Dropped(finding(id="aaaaaaaaaaaa"), Reason.OUTVOTED, "1 of 3 votes"),
        Dropped(claim(path="no/such.py"), Reason.UNKNOWN_FILE),
    )
    run = run_of(report(verdict(dropped=dropped)))
    (result,) = run["results"]
    (suppression,) = result["suppressions"]
    assert suppression["justification"] == "without enough votes: 1 of 3 votes"
    assert suppression["status"] == "accepted"
    assert any("no/such.py" in text for level, text in told(run) if level == "note")


def test_what_a_person_dismissed_is_suppressed_with_who_and_why() -> None:
    results = run_of(samples.h())["results"]
    suppressed = [s["justification"] for r in results for s in r["suppressions"]]
    assert any("mlee" in text and "nightly job" in text for text in suppressed)


@pytest.mark.parametrize(
    ("of", "successful"),
    [(samples.a(), True), (samples.b(), True), (samples.c(), False), (samples.d(), False)],
)
def test_the_invocation_tells_what_failed(of: Report, successful: bool) -> None:
    run = run_of(of)
    assert run["invocations"][0]["executionSuccessful"] is successful
    errors = [text for level, text in told(run) if level == "error"]
    assert bool(errors) is not successful


def test_a_failed_reviewer_and_an_unread_file_are_named() -> None:
    errors = " ".join(text for _, text in told(run_of(samples.c())))
    assert "security reviewed nothing" in errors.lower()
    assert "refused" in errors


def test_texts_are_no_links_no_placeholders_and_hold_no_secrets() -> None:
    key = "sk-ant-" + "a" * 30
    hostile = finding(
        title="See [here](https://evil.test) and {0}",
        body=f"The key {key} \x1b[31m\u202e::error::x",
    )
    text = sarif(report(verdict(hostile)), Redaction(frozenset({key})))
    assert "](" not in text
    assert "{{0}}" in text
    assert key not in text
    assert "\x1b" not in text
    assert "\\u001b" not in text
    assert "\u202e" not in text


def test_a_suggestion_is_a_fix_of_exactly_its_lines() -> None:
    suggested = finding(suggestion="rows = safe(order_by)")
    (result,) = run_of(report(verdict(suggested)))["results"]
    (change,) = result["fixes"][0]["artifactChanges"]
    line = suggested.line
    (replacement,) = change["replacements"]
    assert replacement["deletedRegion"] == {"startLine": line, "endLine": line}
    assert replacement["insertedContent"] == {"text": "rows = safe(order_by)"}


def test_a_rule_has_the_score_of_its_gravest_finding() -> None:
    low = finding(rule="security/x", severity=Severity.LOW, id="a" * 12)
    high = replace(low, severity=Severity.HIGH, id="b" * 12)
    rules = run_of(report(verdict(low, high)))["tool"]["driver"]["rules"]
    assert [r["properties"]["security-severity"] for r in rules] == ["8.0"]


@settings(max_examples=50)
@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_any_text_and_any_name_make_a_valid_file(path: str, text: str) -> None:
    odd = finding(path=path, title=text, body=text, fix=text, location=None)
    (result,) = run_of(sample(odd))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert not set(uri) & set(' "<>\\^`{|}\n')
