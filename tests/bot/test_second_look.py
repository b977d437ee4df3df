"""A second look at what people dispute: who is asked what, and what counts as an answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from bot.config import Config
from bot.pipeline import Circumstances
from bot.second_look import UNSEEN, Answered, Disputed, second_look
from bot.settings import Settings
from bot.subject import Subject
from bot.terms import Options, agree
from reviewers.core.call import Call, Look, Opinion, Reading, Task
from reviewers.core.finding import Location, Ruling
from reviewers.core.policy import CLAUDE
from reviewers.protocols import Brief
from tests.builders import ORDERS, change, finding

OTHER = "def pay(order):\n    return order.total\n"
CHANGE = change({"api/orders.py": (None, ORDERS), "api/pay.py": (None, OTHER)})
SQL = finding(id="0123456789ab")
PAY = finding(
    id="ba9876543210",
    path="api/pay.py",
    quote="    return order.total",
    location=Location("api/pay.py", 2, 2),
)
SETTINGS = Settings(anthropic_key="sk-test-0123456789")


@dataclass
class Verifier:
    """An engine that rules on everything alike, and keeps what it was asked."""

    reading: Reading = Reading.READ
    name: str = CLAUDE
    asked: list[Call] = field(default_factory=list)
    briefs: list[Brief] = field(default_factory=list)
    is_closed: bool = False

    async def build(self, name: str, brief: Brief) -> Verifier:
        """As the registry does."""
        assert name == CLAUDE, "analysers have no opinion of an answer"
        self.briefs.append(brief)
        return self

    async def run(self, call: Call) -> Look:
        """Refute all of it by the line that every file begins with."""
        self.asked.append(call)
        (found,) = call.candidates
        first = {"api/orders.py": "from shop.store import db, find_order"}.get(found.path, "")
        said = Opinion(found.id, Ruling.REFUTED, "So it is.", found.path, first)
        return Look(call, self.reading, opinions=(said,) if first else (), detail="no category")

    async def close(self) -> None:
        """Remember it."""
        self.is_closed = True


async def look(
    verifier: Verifier,
    *disputed: Disputed,
    config: Config = Config(),  # noqa: B008 - a value
) -> Answered:
    """A second look by that verifier."""
    around = Circumstances(SETTINGS, Options(), engine=verifier.build)
    terms = agree(config, SETTINGS, Options(), lambda: "nonce")
    return await second_look(Subject("acme/shop#1", CHANGE), terms, around, disputed)


async def test_each_answer_bears_on_its_own_finding_alone() -> None:
    verifier = Verifier()
    answered = await look(verifier, Disputed(SQL, "It is safe."), Disputed(PAY, "Thanks"))
    assert [(c.candidates, c.rebuttal) for c in verifier.asked] == [
        ((SQL,), "It is safe."),
        ((PAY,), "Thanks"),
    ]
    assert {c.task for c in verifier.asked} == {Task.VERIFY}
    assert len({c.name for c in verifier.asked}) == 2
    assert set(answered.rulings) == {SQL.id}
    assert answered.rulings[SQL.id].line == 1
    assert answered.unanswered == {}, "the other answer is no dispute"
    assert verifier.is_closed


async def test_only_the_files_of_disputed_findings_are_shown() -> None:
    verifier = Verifier()
    await look(verifier, Disputed(SQL, "No."))
    (brief,) = verifier.briefs
    assert {h.path for chunk in brief.plan.chunks for h in chunk.hunks} == {"api/orders.py"}


@pytest.mark.parametrize("reading", [Reading.REFUSED, Reading.FAILED, Reading.BUDGET])
async def test_a_call_that_fails_is_no_ruling(reading: Reading) -> None:
    answered = await look(Verifier(reading), Disputed(PAY, "No."))
    assert answered.rulings == {}
    assert answered.unanswered == {PAY.id: f"{reading.value}: no category"}


async def test_what_no_model_is_shown_is_not_asked_about() -> None:
    verifier = Verifier()
    elsewhere = replace(SQL, path="gone.py", location=None)
    excluded = Config(exclude=["api/pay.py"])
    answered = await look(
        verifier, Disputed(elsewhere, "No."), Disputed(PAY, "No."), config=excluded
    )
    assert verifier.asked == []
    assert answered.unanswered == {elsewhere.id: UNSEEN, PAY.id: UNSEEN}
