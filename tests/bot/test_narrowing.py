"""What holds of a configuration that is not in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from bot.config import ELSEWHERE, MAX_BYTES, Config, ReviewerTable, Unusable, parse_config
from bot.errors import ConfigProblem
from bot.narrowing import EACH_REVIEWER, NARROWING, TOP, Held, held


def slipped(text: str | bytes) -> Held:
    """What holds of a text that is refused."""
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(ConfigProblem):
        parse_config(data)
    return held(data)


def kept(text: str) -> dict[str, Any]:
    """The keys that hold of it."""
    return slipped(text).config.model_dump(exclude_unset=True)


@pytest.mark.parametrize(
    ("text", "gate", "review"),
    [
        ('gate = "high"\nfoo = 1\n', "high", 2.0),
        ('gate = "hihg"\n', "low", 2.0),
        ("gate = 3\n", "low", 2.0),
        ('gate = "high"\nthis is no TOML\n', "low", 2.0),
        ('"gate" = "high"\n]', "low", 2.0),
        ("foo = 1\n[budget]\nreview = 0.01\nyear = 9\n", None, 0.01),
        ("[budget]\nreview = -1\npull_request = 0.5\n", None, 2.0),
        ("budget = 7\nrounds = 9\n", None, 2.0),
        ("rounds = 9 # gate\n", None, 2.0),
        ("\ufeffgate = 'critical'\nrounds = 9\n", "critical", 2.0),
        # Under another table's heading, or misspelt by a letter.
        ('[budget]\nreview = 0.5\ngate = "high"\n', "low", 0.5),
        ('[x]\ngate = "high"\n', "low", 2.0),
        ('Gate = "high"\n', "low", 2.0),
        ('gates = "high"\n', "low", 2.0),
        ('gaet = "high"\n', "low", 2.0),
        # As the command line and the Action call it.
        ('fail-on = "high"\n', "low", 2.0),
        ('Fail_On = "high"\n', "low", 2.0),
        ('gate : "high"\n', "low", 2.0),
        ('# of the\rgate = "high"\r]', "low", 2.0),
        ("rounds = \n# no gate\n", None, 2.0),
    ],
)
def test_a_slip_of_the_pen_opens_no_gate_and_raises_no_budget(
    text: str, gate: str | None, review: float
) -> None:
    config = slipped(text).config
    assert (config.gate, config.budget.review) == (gate, review)
    assert config.rounds == Config().rounds


@pytest.mark.parametrize(
    "data",
    [
        *('gate = "high"\n'.encode(name) for name in ("utf-16", "utf-16-le")),
        '# ä\ngate = "high"\n'.encode("latin-1"),
        b"# x\n" * (MAX_BYTES // 4) + b'gate = "high"\n',
        Unusable.FILE,
    ],
)
def test_s33_a_gate_that_may_stand_in_what_cannot_be_read_is_the_strictest(
    data: bytes | Unusable,
) -> None:
    found = held(data)
    assert (found.config.gate, found.config.engine) == ("low", "static")
    assert found.is_doubtful
    assert found.problem


def test_none_at_all_is_in_order() -> None:
    assert held(None) == Held(Config())


SLIP = 'min_severty = "low"\n'


@pytest.mark.parametrize(
    "text",
    [
        'engine = "static"\n',
        'exclude = ["private/**"]\nignore = ["style/*"]\n',
        '[triggers]\nlabels = ["triptych"]\nskip_labels = ["wip"]\npaths = ["src/**"]\n',
        "[limits]\nprompts = 1\n",
        '[reviewers.security]\nenabled = false\n[reviewers.style]\npaths = ["src/**"]\n',
        "[reviewers.correctness]\nvotes = 1\n",
    ],
)
def test_what_only_narrows_holds(text: str) -> None:
    whole = parse_config(text.encode()).model_dump(exclude_unset=True)
    assert kept(SLIP + text) == whole
    assert not slipped(SLIP + text).is_doubtful


@pytest.mark.parametrize(
    "text",
    [
        'engine = "claude"\ncontext = "full"\nrounds = 3\npost_clean = true\n',
        'instructions = "Be kind."\n[models]\nreview = ["dear"]\n',
        "[triggers]\ndrafts = true\n[reviewers.security]\nvotes = 7\nenabled = true\n",
        '[reviewers.mine]\ncharter = "Look."\nvotes = 7\n[publish]\naccounts = ["mallory"]\n',
    ],
)
def test_what_widens_does_not_hold(text: str) -> None:
    assert kept(SLIP + text) == {}


@pytest.mark.parametrize(
    "text",
    [
        *('engine = "statik"', 'exclude = "private/**"', 'exclude = ["a", "*********"]'),
        *(
            'exclude = ["/private/**"]',
            'exclude = ["a/*", "private/"]',
            'exclude = ["*.{key,pem}"]',
        ),
        *('[triggers]\npaths = ["./src/**"]', '[reviewers.style]\npaths = ["!private/**"]'),
        *('triggers = "label"', '[triggers]\nlabels = "triptych"', "[triggers]\nskip_labels = [1]"),
        *('[triggers]\nlabel = ["triptych"]', 'exlude = ["private/**"]', 'Engine = "static"'),
        *('[budget]\nreview = 1\nexclude = ["private/**"]', '[bugdet]\nengine = "static"'),
        *('[reviewers.style]\nenabled = "no"', "[reviewers.style]\npaths = 1", "this is no TOML"),
        *("[reviewers.style]\nenabeld = false", "[reviewers]\nstyle = false", "reviewers = []"),
        *("[reviewers.sytle]\nenabled = false", '[reviewers.corectness]\npaths = ["src/**"]'),
        *("[reviewer.style]\nenabled = false", "[reviewers.style]\nvotes = 0"),
        # What it may cost is shut out as well.
        *("[buget]\nreview = 0.1", "[budget]\nreviews = 0.1", "budget = 0.1", "max-cost = 0.1"),
        *("budget_review = 0.1", "[budget]\nreview = -1", "[limits]\nfile-kb = 10", "limits = 1"),
        # Only the repository's own was to look, and it does not hold.
        'x = 1\n[reviewers.mine]\ncharter = "Look."\n'
        + "".join(f"[reviewers.{n}]\nenabled = false\n" for n in ("security", "style"))
        + "[reviewers.correctness]\nenabled = false\n",
    ],
)
def test_where_nobody_can_tell_what_is_shut_out_no_model_is_asked(text: str) -> None:
    found = slipped(text)
    assert found.is_doubtful
    assert found.config.engine == "static"


PASSED_OVER = {
    TOP: ("rounds", "min_severity", "inline_limit", "post_clean", "context", "instructions"),
    "models": ("review", "verify", "effort"),
    "triggers": ("drafts",),
    "publish": ("accounts",),
    EACH_REVIEWER: ("charter", "severity_floor"),
}
"""Settings that do not hold in a file that is not in order. A new one is to be put here or there."""


def settings_of(model: type[BaseModel], table: str = TOP) -> Iterator[tuple[str, str]]:
    """Table and name of every setting of the configuration."""
    for name, field in model.model_fields.items():
        kind = ReviewerTable if name == EACH_REVIEWER else field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings_of(kind, name)
        else:
            yield table, name


def test_of_every_setting_it_is_said_whether_it_holds_in_a_file_that_is_not_in_order() -> None:
    said = [(t, n) for names in (NARROWING, PASSED_OVER) for t, ns in names.items() for n in ns]
    # Of the gate a wish alone is enough.
    assert sorted([*said, (TOP, "gate")]) == sorted(settings_of(Config))


@pytest.mark.parametrize(
    "text",
    [
        *('ignore = "style/*"', 'ignored = ["style/*"]', "rounds = 9", 'sevrity = "low"'),
        *('[reviewers.mine]\ncharter = "Look."\nvotes = 0', '[models]\nefort = "low"'),
    ],
)
def test_what_shuts_nothing_out_is_no_doubt(text: str) -> None:
    assert not slipped(text).is_doubtful


TABLES = sorted(NARROWING.keys() - {TOP, EACH_REVIEWER})
NAMES = sorted({*ELSEWHERE, *TABLES, *(name for _, name in settings_of(Config))})
WANTED = {*TABLES, *(n for names in NARROWING.values() for n in names), "budget.review"}


@given(st.sampled_from(NAMES), st.integers(0, 20), st.sampled_from(["", *TABLES]))
def test_whatever_a_person_is_told_as_meant_is_held_for_meant(
    name: str, at: int, table: str
) -> None:
    """Two letters have changed places, or it stands in another table."""
    wrong = name[:at] + name[at : at + 2][::-1] + name[at + 2 :]
    text = f"{f'[{table}]' if table else ''}\n{wrong} = {{}}\n"
    found = held(text.encode())
    told = re.search(r"is `(.+)` meant\?", found.problem.what if found.problem else "")
    if told and told[1] in WANTED - {"ignore"}:
        assert found.is_doubtful
    if told and told[1] == "gate":
        assert found.config.gate == "low"


def test_without_models_nothing_is_in_doubt() -> None:
    assert not slipped('engine = "static"\nexclude = 1\n').is_doubtful


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_s33_whatever_a_file_holds_something_can_be_kept_of_it(data: bytes) -> None:
    assert isinstance(held(data), Held)
