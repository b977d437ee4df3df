"""The static engine: which hits become claims, on which lines, how many, and what went unread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from reviewers.core.aggregate.anchor import anchor
from reviewers.core.call import Reading
from reviewers.core.change import Change, FileDiff, FileStatus
from reviewers.core.finding import Finding, Reason, Severity
from reviewers.engines.static.engine import (
    MAX_FILES,
    MAX_HITS,
    MAX_HITS_PER_FILE,
    MAX_LINES,
)
from reviewers.protocols import AnalyserRule, Copy, Hit, Report
from reviewers.registry import ANALYSERS
from tests.builders import change, file_diff
from tests.reviewers.engines.static.looking import static_look

WORDS = ("Something happens", "It has an effect.", "Stop it.")


@dataclass
class Told:
    """An analyser that says what it is told to, and notes which copies it got."""

    hits: Sequence[Hit] = ()
    report: Report = Report()
    needs_text: bool = True
    follows_names: bool = False
    name: str = "told"
    version: str = "1"
    rules: Mapping[str, AnalyserRule] = field(
        default_factory=lambda: {
            "bad": AnalyserRule("security/other", Severity.HIGH, *WORDS),
            "poor": AnalyserRule("security/other", Severity.LOW, *WORDS),
            "taste": AnalyserRule("style/other", Severity.LOW, *WORDS),
        }
    )
    seen: list[str] = field(default_factory=list)

    def handles(self, path: str) -> bool:
        """Python only."""
        return path.endswith(".py")

    async def run(self, copies: Sequence[Copy], codes: Sequence[str]) -> Report:
        """As told."""
        self.seen += [copy.at.name for copy in copies]
        hits = tuple(h for h in self.hits if h.code in codes)
        return Report(hits, self.report.unread, self.report.failure, sandbox="in process")


def hit(line: int, end: int = 0, path: str = "a.py", code: str = "bad") -> Hit:
    """A hit on some lines."""
    return Hit(path, line, end or line, code, "")


TEXT = "".join(f"line {n}\n" for n in range(1, 21))
EDITED = TEXT.replace("line 5\n", "new 5\n").replace("line 7\n", "new 7\n\nnew 8\n")
"""Lines 5, 7, 8 (blank) and 9 are added."""
OF = change({"a.py": (TEXT, EDITED)})
BARE = FileDiff("a.py", FileStatus.MODIFIED, OF.files[0].hunks)
"""The same, of which the host gives no text."""


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (hit(5), 5),
        (hit(9), 9),
        (hit(4), None),
        (hit(6), None),
        (hit(8), None),
        (hit(20), None),
        (hit(1, 20), 5),
        (hit(6, 7), 7),
        (hit(8, 9), 9),
        (hit(10, 20), None),
    ],
    ids=lambda v: f"{v.line}-{v.end_line}" if isinstance(v, Hit) else str(v),
)
async def test_s85_a_hit_is_shown_on_the_first_line_that_the_change_adds_or_not_at_all(
    said: Hit, line: int | None
) -> None:
    """What stands on lines of others is an older fault; the change is not asked about it."""
    look = await static_look(OF, analysers=[Told([said])])
    assert [c.line for c in look.claims] == ([] if line is None else [line])
    assert look.dropped == ()


async def test_s85_the_order_does_not_depend_on_the_analyser() -> None:
    hits = [hit(9), hit(5), hit(7, code="poor"), hit(5, code="poor"), hit(5, 7)]
    looks = [await static_look(OF, analysers=[Told(h)]) for h in (hits, hits[::-1])]
    assert looks[0].claims == looks[1].claims
    assert [(c.line, c.source.rule) for c in looks[0].claims] == [
        (5, "bad"),
        (5, "bad"),
        (5, "poor"),
        (7, "poor"),
        (9, "bad"),
    ]


async def test_a_name_hides_no_code_from_the_analysers() -> None:
    """`app/util.generated.py` with a shell in it gave a green check."""
    names = ("app/util.generated.py", "vendor/u.py")
    of = change(dict.fromkeys((*names, "go.sum", "ours/x.generated.py"), (None, FAULTS)))
    look = await static_look(of, exclude=("ours/*",))
    assert [(c.path, c.line) for c in look.claims] == [(name, 5) for name in names]
    assert (await static_look(of, "style")).claims == (), "nobody asks for its style"


FAULTS = "import os\n\n\ndef run(x):\n    os.system(x)\n    return x == None\n"


async def ids(of: Change) -> list[tuple[str, str]]:
    """Ids and codes of what all analysers see, as they are posted."""
    found: list[Finding] = []
    for reviewer in ("security", "style", "correctness"):
        look = await static_look(of, reviewer)
        found += anchor(look.claims, of).findings
    return sorted((f.id, f.sources[0].rule) for f in found)


async def test_s85_the_ids_stay_when_lines_are_shifted() -> None:
    """By code, never by number: a finding is known again below a longer head of the file."""
    before = await ids(change({"a.py": (None, FAULTS)}))
    assert len(before) >= 2
    assert await ids(change({"a.py": (None, FAULTS)})) == before
    shifted = change({"a.py": (None, "'''A head.\n\nOf some lines.\n'''\n\n" + FAULTS)})
    assert await ids(shifted) == before


async def test_s83_cheap_faults_do_not_cover_a_grave_one() -> None:
    """200 for a file, 1,000 for a call; what is over is counted."""
    lines = "".join(f"x{n} = {n}\n" for n in range(MAX_HITS_PER_FILE + 50))
    many = [hit(n, code="poor") for n in range(1, MAX_HITS_PER_FILE + 50)]
    grave = hit(MAX_HITS_PER_FILE + 50)
    look = await static_look(change({"a.py": (None, lines)}), analysers=[Told([*many, grave])])
    assert len(look.claims) == MAX_HITS_PER_FILE
    assert look.claims[-1].line == grave.line
    assert [d.reason for d in look.dropped] == [Reason.OVER_LIMIT] * 50


async def test_s83_a_thousand_for_all_files() -> None:
    lines = "".join(f"x{n} = {n}\n" for n in range(1, 201))
    paths = [f"f{n}.py" for n in range(7)]
    hits = [hit(n, path=path, code="poor") for path in paths for n in range(1, 201)]
    of = change(dict.fromkeys(paths, (None, lines)))
    look = await static_look(of, analysers=[Told([*hits, hit(7, path="f6.py")])])
    assert len(look.claims) == MAX_HITS
    assert len(look.dropped) == len(hits) + 1 - MAX_HITS
    assert any(c.path == "f6.py" and c.severity is Severity.HIGH for c in look.claims)


async def test_only_the_reviewer_s_own_rules_are_asked_for() -> None:
    hits = [hit(5), hit(5, code="taste")]
    for reviewer, codes in (("security", ["bad"]), ("style", ["taste"]), ("correctness", [])):
        look = await static_look(OF, reviewer, analysers=[Told(hits)])
        assert [c.source.rule for c in look.claims] == codes
        assert [run.rules for run in look.analysers] == (
            [{"bad": 2, "taste": 1}[codes[0]]] if codes else []
        )


async def test_copies_have_names_that_tell_nothing() -> None:
    told = Told()
    names = ["-rf.py", "../../etc/x.py", "a b\n.py", "normal.py"]
    await static_look(change(dict.fromkeys(names, (None, "x = 1\n"))), analysers=[told])
    assert sorted(told.seen) == [f"f000{n}.py" for n in range(1, 5)]
    assert all(Path(name).name == name for name in told.seen)


# --- What went unread


async def test_s81_a_failed_run_leaves_each_of_its_hunks_unread() -> None:
    look = await static_look(OF, analysers=[Told(report=Report(failure="its canary is missing"))])
    assert {(p.hunk.path, p.reading, p.detail) for p in look.partial} == {
        ("a.py", Reading.FAILED, "told: its canary is missing")
    }
    (run,) = look.analysers
    assert (run.reading, run.files) == (Reading.FAILED, 0)


async def test_s81_an_unread_file_is_named_and_the_others_count() -> None:
    of = change({"a.py": (None, "x = 1\n"), "b.py": (None, "x = 1\n")})
    look = await static_look(of, analysers=[Told(report=Report(unread={"a.py": "it broke"}))])
    assert [(p.hunk.path, p.detail) for p in look.partial] == [("a.py", "told: it broke")]
    (run,) = look.analysers
    assert (run.reading, run.files) == (Reading.READ, 1)


@pytest.mark.parametrize(
    ("file", "reading"),
    [
        (file_diff("a.txt", None, "x\n"), Reading.NOT_APPLICABLE),
        (file_diff("a.py", "x = 1\n", None), Reading.NOT_APPLICABLE),
        (BARE, Reading.NOT_ASKED),
        (file_diff("a.py", None, "x\n" * (MAX_LINES + 1)), Reading.TOO_LARGE),
        (file_diff("a.py", None, f"x = '{'y' * 2**20}'\n"), Reading.TOO_LARGE),
        (replace(BARE, lacks="it is too large", is_large=True), Reading.TOO_LARGE),
        (replace(BARE, lacks="it is no text"), Reading.FAILED),
    ],
    ids=["no rule", "removed", "only hunks", "too many lines", "too large", "not given", "no text"],
)
async def test_what_is_not_read_says_why(file: FileDiff, reading: Reading | None) -> None:
    told = Told()
    look = await static_look(
        Change((file,)), analysers=[told], max_file_chars=10**7, chunk_chars=10**7
    )
    assert told.seen == []
    assert {p.reading for p in look.partial} == ({reading} if reading else set())


async def test_the_run_of_an_analyser_that_read_nothing_says_so() -> None:
    file = file_diff("a.py", None, "x\n" * (MAX_LINES + 1))
    both = [Told(), Told(needs_text=False, name="other")]
    look = await static_look(Change((file,)), analysers=both, max_file_chars=10**7)
    told, other = look.analysers
    why = "1 file not read: larger than 1 MB or 20,000 lines"
    assert (told.reading, told.files, told.detail) == (Reading.NOT_ASKED, 0, why)
    assert (other.reading, other.files, other.detail) == (Reading.READ, 1, "")


@pytest.mark.parametrize(("lacks", "said"), [("it is cut off", ["told: it is cut off"]), ("", [])])
async def test_s36_a_text_that_the_host_should_have_given_is_missed(
    lacks: str, said: list[str]
) -> None:
    """Another analyser that read the hunks does not make up for the one that read nothing."""
    file = FileDiff("a.py", FileStatus.MODIFIED, OF.files[0].hunks, lacks=lacks)
    both = [Told(), Told(needs_text=False, name="other")]
    look = await static_look(Change((file,)), analysers=both)
    assert [p.detail for p in look.partial] == said
    assert all(p.reading is Reading.FAILED for p in look.partial)


async def test_s83_behind_the_most_files_the_rest_is_named() -> None:
    told = Told()
    paths = [f"f{n}.py" for n in range(MAX_FILES + 3)]
    look = await static_look(change(dict.fromkeys(paths, (None, "x = 1\n"))), analysers=[told])
    assert len(told.seen) == MAX_FILES
    assert [p.reading for p in look.partial] == [Reading.FAILED] * 3
    assert "above the limit of 400 files" in look.partial[0].detail


def test_every_analyser_says_who_it_is() -> None:
    for analyser in ANALYSERS:
        assert analyser.name
        assert analyser.version
        assert analyser.rules
