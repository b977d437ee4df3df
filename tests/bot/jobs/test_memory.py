"""What a review has told of a finding, put together with what stands of it on the pull request."""

from __future__ import annotations

from time import process_time

from bot.jobs.memory import Memory, Recollection
from reviewers.core.finding import Location
from reviewers.core.history import History, Known, State
from reviewers.core.secrets import Redaction
from tests.builders import change, finding


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
