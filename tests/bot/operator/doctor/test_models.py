"""Doctor on the models: key, lifecycle, price; nothing is generated (case S54)."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.operator.doctor.models import SOON, configured, look, model_checks
from bot.settings import Ceilings, Settings
from reviewers.engines.claude.catalogue import ModelFacts, NotTold, look_up
from reviewers.engines.claude.prices import Price
from reviewers.protocols import ModelAccess
from tests.bot.running import closed_port
from tests.builders import MODEL
from tests.fakes.anthropic import fake_anthropic

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SETTINGS = Settings(anthropic_key="sk-test", anthropic_url="https://models.example")
FACTS = ModelFacts(MODEL, "active", most_in=1_000_000, most_out=128_000)


def access(url: str) -> ModelAccess:
    return ModelAccess("sk-test", url, "anthropic", MODEL, "", seconds=5.0, first_seconds=5.0)


def test_all_is_well() -> None:
    key, model = model_checks([FACTS], SETTINGS, NOW)
    assert (key.state, key.said) == ("ok", "models.example takes it.")
    assert (model.state, model.said) == ("ok", "Active, 1,000,000 tokens in, 128,000 tokens out.")


def test_without_a_key() -> None:
    """The analysers work alone, unless models are all that may work."""
    assert [check.state for check in look(Settings())] == ["note"]
    assert [check.state for check in look(Settings(), "auto")] == ["note"]
    (check,) = look(Settings(), "claude")
    assert (check.state, "no worker starts" in check.said) == ("to do", True)


LIVES = [
    (replace(FACTS, lifecycle="retired"), "to do", "It is retired"),
    (replace(FACTS, retires=NOW + timedelta(days=6)), "to do", "It ends on 2026-11-30."),
    (replace(FACTS, retires=NOW - timedelta(days=6)), "to do", "It ends on 2026-11-18."),
    (replace(FACTS, retires=NOW + timedelta(days=SOON + 1)), "note", "It ends on 2027-01-24."),
    (replace(FACTS, lifecycle="deprecated", deprecated=NOW), "note", "deprecated since 2026-11-24"),
    (replace(FACTS, id="claude-new"), "to do", "Its price is not known"),
]


@pytest.mark.parametrize(("facts", "state", "what"), LIVES, ids=[what for *_, what in LIVES])
def test_the_life_of_a_model(facts: ModelFacts, state: str, what: str) -> None:
    *_, check = model_checks([facts], SETTINGS, NOW)
    assert check.state == state
    assert what in check.said
    assert check.do


def test_a_price_of_the_operator_is_a_price() -> None:
    own = replace(SETTINGS, prices={"claude-new": Price(1, 1, 1, 1)})
    *_, check = model_checks([replace(FACTS, id="claude-new")], own, NOW)
    assert check.state == "ok"


def test_no_access_is_said_of_the_key_and_no_model_of_the_model() -> None:
    (check,) = model_checks(
        [NotTold(MODEL, "the API key was refused (401)", access=True)], SETTINGS, NOW
    )
    assert (check.about, check.state) == ("Model key", "to do")
    key, model = model_checks([NotTold(MODEL, "the API does not know it (404)")], SETTINGS, NOW)
    assert (key.state, model.about, model.state) == ("ok", f"Model {MODEL}", "to do")


def test_which_models() -> None:
    assert configured(Settings()) == [MODEL]
    assert configured(Settings(ceilings=Ceilings(models=("a", "b", "a")))) == ["a", "b"]


async def test_the_catalogue_is_asked_and_no_model() -> None:
    async with fake_anthropic() as fake:
        known, unknown = await look_up(access(fake.url), [MODEL, "gpt"])
        assert fake.requests == []
    assert known == ModelFacts(MODEL, "active")
    assert unknown == NotTold("gpt", "the API does not know the model gpt (404)")


async def test_nobody_there_is_said_soon_and_once() -> None:
    start = time.monotonic()
    found = await look_up(access(f"http://127.0.0.1:{closed_port()}"), [MODEL, MODEL])
    assert found == [NotTold(MODEL, "127.0.0.1 cannot be reached", access=True)]
    assert time.monotonic() - start < 10


async def test_certificates_that_cannot_be_read() -> None:
    wrong = replace(access("https://models.example"), ca_bundle="/nonexistent.pem")
    (found,) = await look_up(wrong, [MODEL])
    assert isinstance(found, NotTold)
    assert found.access
    assert "certificates" in found.why
