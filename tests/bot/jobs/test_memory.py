"""What a review has told of a finding, put together with what stands of it on the pull request."""

from __future__ import annotations

from dataclasses import replace
from time import process_time
from typing import Any

import pytest

from bot.jobs.memory import Memory, Recollection
from reviewers.core.change import Change
from reviewers.core.finding import Location, Severity
from reviewers.core.history import History, Known, State
from reviewers.core.secrets import Redaction
from tests.builders import change, finding, orders_change

HIGH = Severity.HIGH


def test_of_many_files_and_findings_each_is_prepared_once() -> None:
    """Each path was masked for each finding, and each file of one: seconds in the event loop."""
    rows = "".join(f"value_{n} = {n}\n" for n in range(2_000))
    many = {f"src/module_{n}/f.py": (None, "a = 1\n") for n in range(3_000)}
    of = change({**many, "src/long.py": (None, rows)})
    told = {}
    for n in range(100):
        place = Location("src/long.py", n + 1, n + 1)
        one = finding(place.path, id=f"{n:012x}", location=place, quote=f"value_{n} = {n}")
        told[one.id] = one
    known = tuple(Known(one, State.OPEN) for one in told.values())
    secrets = Redaction(frozenset({"q" * 64}))
    start = process_time()
    found = Recollection(Memory(told), {}, of, redact=secrets).of(History(known=known))
    assert [k.finding for k in found.known] == list(told.values())
    assert process_time() - start < 1.5


TOKEN = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8"


@pytest.mark.parametrize("old", [False, True], ids=["its name", "its name before"])
def test_a_path_with_a_secret_in_it_is_known_by_how_documents_tell_it(old: bool) -> None:
    path = f"api/{TOKEN}.py"
    (file,) = change({"b.py" if old else path: (None, "x = 1\n")}).files
    of = Change((replace(file, old_path=path if old else None),))
    told = finding("api/ghp_…", location=None)
    known = Known(finding(path, location=None), State.OPEN)
    (found,) = Recollection(Memory({told.id: told}), {}, of).of(History(known=(known,))).known
    assert found.finding.path == path


@pytest.mark.parametrize(
    ("state", "gate", "told", "shown", "proven", "held"),
    [
        (State.OPEN, HIGH, True, {}, False, True),
        (State.OPEN, HIGH, True, {"proven_before": True}, True, False),
        (State.OPEN, None, True, {}, False, True),
        (State.OPEN, HIGH, False, {"held_before": True}, False, True),
        (State.OPEN, HIGH, False, {}, False, False),
        (State.FIXED, HIGH, True, {}, True, False),
        (State.FIXED, HIGH, False, {"held_before": True}, False, False),
        (State.FIXED, HIGH, False, {"proven_before": True}, False, False),
        (State.FIXED, None, True, {}, True, False),
    ],
)
def test_what_held_a_gate_holds_it(
    state: State,
    gate: Severity | None,
    told: bool,
    shown: dict[str, Any],
    proven: bool,
    held: bool,
) -> None:
    """Of what is open the marker tells more than the document; where it names more than it can, it says
    so of all, also of what was fixed, of which the document alone knows.
    """
    known = Known(finding(**shown), state)
    before = finding(proven_before=told)
    fixed = {before.id: replace(known, finding=before)} if state is State.FIXED else {}
    memory = Memory({} if fixed else {before.id: before}, fixed=fixed)
    (found,) = (
        Recollection(memory, {}, orders_change(), gate=gate).of(History(known=(known,))).known
    )
    assert (found.finding.proven_before, found.finding.held_before) == (proven, held)
