"""What holds for a review: the repository wishes, the operator limits, the person decides within."""

from __future__ import annotations

from itertools import product

import pytest

from bot.config import Config, parse_config
from bot.errors import UsageProblem
from bot.settings import Ceilings, Settings
from bot.terms import DEFAULT_VOTES, Options, Paid, Terms, agree
from reviewers.core.allowance import Allowance
from reviewers.core.finding import Severity
from reviewers.core.policy import CLAUDE, STATIC
from reviewers.registry import REVIEWERS
from tests.builders import ADDED

KEY = Settings(anthropic_key="sk-test-0123456789")
NOTHING_ASKED = Options()
OWN = 'reviewers.mine.charter = "You are the mine reviewer."\n'


def agreed(
    text: str = "", settings: Settings = KEY, options: Options = NOTHING_ASKED, spent: float = 0.0
) -> Terms:
    return agree(parse_config(text.encode()), settings, options, lambda: "5eed", Paid(spent))


def with_ceilings(**more: object) -> Settings:
    return Settings(anthropic_key="sk-test-0123456789", ceilings=Ceilings(**more))  # type: ignore[arg-type]


# --- Engines


@pytest.mark.parametrize(
    ("config", "key", "asked", "engines", "why"),
    [
        ("auto", True, None, (STATIC, CLAUDE), ""),
        ("auto", False, None, (STATIC,), "no API key is set"),
        ("static", True, None, (STATIC,), "static analysis is what the configuration asks for"),
        ("static", True, "auto", (STATIC, CLAUDE), ""),
        ("static", True, "claude", (CLAUDE,), ""),
        ("claude", True, None, (CLAUDE,), ""),
        ("claude", False, None, (STATIC,), "no API key is set"),
        ("claude", True, "static", (STATIC,), "static analysis was asked for"),
        ("auto", True, "claude", (CLAUDE,), ""),
        ("auto", False, "auto", (STATIC,), "no API key is set"),
    ],
)
def test_who_looks(
    config: str, key: bool, asked: str | None, engines: tuple[str, ...], why: str
) -> None:
    settings = KEY if key else Settings()
    terms = agreed(f'engine = "{config}"', settings, Options(engine=asked))
    assert (terms.policy.engines, terms.no_model) == (engines, why)
    assert (terms.access is not None) == (CLAUDE in engines)


def test_claude_needs_a_key() -> None:
    with pytest.raises(UsageProblem, match="no key for --engine claude"):
        agreed(settings=Settings(), options=Options(engine="claude"))
    bedrock = Settings(model_platform="bedrock")
    assert agreed(settings=bedrock, options=Options(engine="claude")).access is not None


# --- Ceilings: a repository can only lower them


@pytest.mark.parametrize("ceiling", [1, 2, 3])
@pytest.mark.parametrize("wanted", [1, 2, 3])
@pytest.mark.parametrize("asked", [None, 1, 2, 3])
def test_rounds(wanted: int, ceiling: int, asked: int | None) -> None:
    terms = agreed(f"rounds = {wanted}", with_ceilings(rounds=ceiling), Options(rounds=asked))
    assert terms.policy.rounds == min(asked or wanted, ceiling)
    told = f"The operator's limit of rounds is {ceiling}."
    assert (told in terms.notes) == (asked is not None and asked > ceiling)


@pytest.mark.parametrize(
    ("text", "ceiling", "votes"),
    [
        ("", 7, DEFAULT_VOTES),
        ("", 2, {"security": 2, "style": 1, "correctness": 2}),
        ("reviewers.style.votes = 7", 7, {**DEFAULT_VOTES, "style": 7}),
        ("reviewers.style.votes = 7", 5, {**DEFAULT_VOTES, "style": 5}),
        ("reviewers.security.votes = 1", 5, {**DEFAULT_VOTES, "security": 1}),
        (OWN, 5, {**DEFAULT_VOTES, "mine": 1}),
        (OWN + "reviewers.mine.votes = 4", 3, {**DEFAULT_VOTES, "mine": 3}),
    ],
)
def test_votes(text: str, ceiling: int, votes: dict[str, int]) -> None:
    votes = votes | dict.fromkeys(ADDED, 1)
    assert agreed(text, with_ceilings(votes=ceiling)).policy.votes == votes


@pytest.mark.parametrize(("wanted", "ceiling", "held"), [(6, 20, 6), (20, 4, 4), (2, 4, 2)])
def test_prompts(wanted: int, ceiling: int, held: int) -> None:
    terms = agreed(f"limits.prompts = {wanted}", with_ceilings(prompts=ceiling))
    assert terms.policy.max_chunks == held


ALL = ["security", "style", "correctness", *ADDED]


@pytest.mark.parametrize(
    ("text", "ceiling", "who", "note"),
    [
        ("", 12, ALL, ""),
        (OWN, 12, [*ALL, "mine"], ""),
        (OWN, len(ALL), ALL, f"limit of reviewers is {len(ALL)}: without mine."),
        ("", 1, ["security"], f"limit of reviewers is 1: without {', '.join(ALL[1:])}."),
        (
            OWN + "reviewers.style.enabled = false",
            len(ALL),
            ["security", "correctness", *ADDED, "mine"],
            "",
        ),
        (OWN + "reviewers.mine.enabled = false", 12, ALL, ""),
    ],
)
def test_reviewers(text: str, ceiling: int, who: list[str], note: str) -> None:
    terms = agreed(text, with_ceilings(reviewers=ceiling))
    assert [r.id for r in terms.policy.reviewers] == who
    assert terms.notes == ((f"The operator's {note}",) if note else ())


def test_a_built_in_reviewer_keeps_its_charter_and_rules_and_takes_paths_and_floor() -> None:
    text = 'reviewers.security.paths = ["src/**"]\nreviewers.security.severity_floor = "high"'
    security = agreed(text).policy.reviewers[0]
    built_in = REVIEWERS[0]
    assert (security.charter, security.rules) == (built_in.charter, built_in.rules)
    assert security.protected == built_in.protected
    assert (security.paths, security.floor) == (("src/**",), Severity.HIGH)


def test_an_own_reviewer() -> None:
    text = OWN + 'reviewers.mine.paths = ["web/**"]\nreviewers.mine.severity_floor = "low"'
    mine = agreed(text).policy.reviewers[-1]
    assert (mine.id, mine.charter) == ("mine", "You are the mine reviewer.")
    assert (mine.paths, mine.floor, mine.rules) == (("web/**",), Severity.LOW, ())
    assert not mine.protected


@pytest.mark.parametrize(
    ("review", "verify", "allowed", "models", "verifies", "note"),
    [
        (["a"], "", (), ["a"], "a", ""),
        (["a", "b"], "c", (), ["a", "b"], "c", ""),
        (["a", "b"], "c", ("a", "b", "c"), ["a", "b"], "c", ""),
        (["a", "b"], "", ("b",), ["b"], "b", "does not allow a; instead: b."),
        (["a", "b"], "", ("c", "d"), ["c"], "c", "does not allow a, b; instead: c."),
        (["a"], "b", ("a",), ["a"], "a", "does not allow b; instead: a."),
        (["a"], "b", ("c",), ["c"], "c", "does not allow a, b; instead: c."),
        (["a"], "b", ("b",), ["b"], "b", "does not allow a; instead: b."),
        (["a"], "b", ("c", "b"), ["c"], "b", "does not allow a; instead: c, b."),
    ],
)
def test_models_that_are_not_allowed_are_replaced_and_told(
    review: list[str],
    verify: str,
    allowed: tuple[str, ...],
    models: list[str],
    verifies: str,
    note: str,
) -> None:
    text = f'models.review = {review}\nmodels.verify = "{verify}"'
    terms = agreed(text, with_ceilings(models=allowed))
    assert (list(terms.policy.models), terms.policy.verify_model) == (models, verifies)
    assert terms.access is not None
    assert terms.access.default_model == models[0]
    assert terms.notes == ((f"The operator {note}",) if note else ())


def test_nothing_is_told_of_models_that_nobody_asks() -> None:
    settings = Settings(ceilings=Ceilings(models=("other",), rounds=1))
    assert agreed(settings=settings, options=Options(rounds=3)).notes == ()


# --- Money

LIMITS = {
    "budget.review": (0.7, "this review", False),
    "budget.pull_request": (0.9, "this pull request", False),
    "--max-cost": (0.6, "this run", True),
    "usual": (0.5, "this run", False),
    "TRIPTYCH_MAX_COST": (0.4, "this review", True),
    "TRIPTYCH_MAX_COST_PULL_REQUEST": (0.3, "this pull request", True),
}


@pytest.mark.parametrize("given", [*product([False, True], repeat=4)], ids=str)
def test_which_allowances_hold(given: tuple[bool, bool, bool, bool]) -> None:
    """Every combination of the four that need not be there, beside the two that always are."""
    asked, usual, ceiling, ceiling_pull = given
    terms = agreed(
        "budget.review = 0.7\nbudget.pull_request = 0.9",
        with_ceilings(
            review_cost=0.4 if ceiling else None, pull_request_cost=0.3 if ceiling_pull else None
        ),
        Options(max_cost=0.6 if asked else None, usual_cost=0.5 if usual else None),
        spent=0.1,
    )
    assert terms.access is not None
    names = ["budget.review", "budget.pull_request"]
    names += ["--max-cost"] if asked else ["usual"] if usual else []
    names += ["TRIPTYCH_MAX_COST"] if ceiling else []
    names += ["TRIPTYCH_MAX_COST_PULL_REQUEST"] if ceiling_pull else []
    expected = []
    for name in names:
        limit, what, firm = LIMITS[name]
        spent = 0.1 if what == "this pull request" else 0.0
        key = "--max-cost" if name == "usual" else name
        expected.append(Allowance(limit, what, key, spent, firm))
    assert list(terms.access.allowances) == expected


@pytest.mark.parametrize(
    ("text", "ceilings", "options", "spent", "key", "left"),
    [
        ("", {}, Options(), 0.0, "budget.review", 2.0),
        ("", {}, Options(usual_cost=0.5), 0.0, "--max-cost", 0.5),
        ("", {}, Options(max_cost=5.0, usual_cost=0.5), 0.0, "budget.review", 2.0),
        ("", {}, Options(max_cost=0.0), 0.0, "--max-cost", 0.0),
        ("", {}, Options(), 9.5, "budget.pull_request", 0.5),
        ("", {}, Options(), 12.0, "budget.pull_request", 0.0),
        ("budget.review = 9", {"review_cost": 1.0}, Options(), 0.0, "TRIPTYCH_MAX_COST", 1.0),
        ("budget.review = 0.5", {"review_cost": 1.0}, Options(), 0.0, "budget.review", 0.5),
        (
            "budget.pull_request = 99",
            {"pull_request_cost": 3.0},
            Options(),
            2.5,
            "TRIPTYCH_MAX_COST_PULL_REQUEST",
            0.5,
        ),
        ("", {"review_cost": 0.0}, Options(max_cost=9.0), 0.0, "TRIPTYCH_MAX_COST", 0.0),
    ],
)
def test_the_tightest_allowance(
    text: str,
    ceilings: dict[str, float],
    options: Options,
    spent: float,
    key: str,
    left: float,
) -> None:
    terms = agreed(text, with_ceilings(**ceilings), options, spent)
    assert terms.access is not None
    tightest = min(terms.access.allowances, key=lambda a: a.left)
    assert tightest.key == key
    assert tightest.left == pytest.approx(left)


# --- What is handed on


def test_what_only_the_configuration_says() -> None:
    text = """
        min_severity = "low"
        inline_limit = 3
        post_clean = true
        gate = "high"
        context = "full"
        instructions = "Be kind."
        exclude = ["docs/**"]
        ignore = ["style/*"]
        models.effort = "high"
        limits.file_kb = 10
        limits.prompt_kb = 20
        publish.accounts = ["old-bot"]
    """
    terms = agreed(text)
    policy, access = terms.policy, terms.access
    assert (policy.min_severity, policy.inline_limit) == (Severity.LOW, 3)
    assert (policy.exclude, policy.ignore_rules) == (("docs/**",), ("style/*",))
    assert (policy.max_file_chars, policy.chunk_chars) == (10_000, 20_000)
    assert (terms.post_clean, terms.gate, terms.accounts) == (True, Severity.HIGH, ("old-bot",))
    assert access is not None
    assert (access.context, access.instructions, access.effort) == ("full", "Be kind.", "high")
    assert agreed().gate is None


def test_what_only_the_environment_says() -> None:
    settings = Settings(
        anthropic_key="sk-1", anthropic_url="https://gw", ca_bundle="/ca", model_platform="vertex"
    )
    access = agreed(settings=settings).access
    assert access is not None
    assert (access.key, access.url, access.platform) == ("sk-1", "https://gw", "vertex")
    assert (access.ca_bundle, access.nonce) == ("/ca", "5eed")


# --- The digest: what decides a review, and nothing else


@pytest.mark.parametrize(
    "text",
    [
        *('engine = "static"', "rounds = 1", 'min_severity = "low"', "inline_limit = 3"),
        *("post_clean = true", 'gate = "high"', 'context = "full"', 'instructions = "x"'),
        *('exclude = ["docs/**"]', 'ignore = ["style/*"]', "limits.prompts = 1", OWN),
        *("reviewers.style.votes = 2", "reviewers.style.enabled = false"),
        *('reviewers.style.paths = ["x"]', 'models.review = ["a"]', 'models.verify = "b"'),
        'models.effort = "low"',
    ],
)
def test_another_configuration_has_another_digest(text: str) -> None:
    assert agreed(text).digest != agreed().digest


def test_another_charter_has_another_digest() -> None:
    assert agreed(OWN).digest != agreed(OWN.replace("You are", "You were")).digest


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        (Settings(), Options()),
        (KEY, Options(engine="static")),
        (KEY, Options(engine="claude")),
        (KEY, Options(rounds=1)),
        (with_ceilings(rounds=1), Options()),
        (with_ceilings(votes=1), Options()),
        (with_ceilings(reviewers=2), Options()),
        (with_ceilings(prompts=1), Options()),
        (with_ceilings(models=("other",)), Options()),
    ],
)
def test_who_looks_and_how_often_is_in_the_digest(settings: Settings, options: Options) -> None:
    assert agreed(settings=settings, options=options).digest != agreed().digest


@pytest.mark.parametrize(
    ("text", "settings", "options", "spent"),
    [
        ("", Settings(anthropic_key="another"), Options(), 0.0),
        ("", Settings(anthropic_key="k", anthropic_url="https://gw"), Options(), 0.0),
        ("", KEY, Options(max_cost=0.1), 0.0),
        ("", KEY, Options(usual_cost=0.1), 0.0),
        ("", KEY, Options(engine="auto", rounds=2), 0.0),
        ("", KEY, Options(), 3.0),
        ("", with_ceilings(review_cost=0.1, votes=7), Options(), 0.0),
        ("budget.review = 1", KEY, Options(), 0.0),
        ('publish.accounts = ["old-bot"]', KEY, Options(), 0.0),
        ("rounds = 2 # said although it is the default", KEY, Options(), 0.0),
    ],
)
def test_what_does_not_decide_a_review_is_not_in_the_digest(
    text: str, settings: Settings, options: Options, spent: float
) -> None:
    assert agreed(text, settings, options, spent).digest == agreed().digest


def test_the_digest_is_the_same_in_every_process() -> None:
    assert agreed().digest == agree(Config(), KEY, Options(), lambda: "other").digest
    assert len(agreed().digest) == 8
    int(agreed().digest, 16)
