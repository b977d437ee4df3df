"""Who reads what, and what nobody reads: every hunk is accounted for before the first call."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewers.core.call import Call, Reading
from reviewers.core.change import Change, Content, FileDiff, FileStatus, HunkRef
from reviewers.core.coverage import WHOLE_FILE, Cell
from reviewers.core.plan import hunk_key, is_calm, plan, risk
from reviewers.core.policy import CLAUDE, STATIC, Policy
from reviewers.core.reviewer import Reviewer
from tests.builders import change, hunk, planned, policy, weigh

A, B = Reviewer("alpha", "Look."), Reviewer("beta", "Look.")


def of(*names: str, hunks: int = 1, lines: int = 5) -> Change:
    """A change of these files, each with so many hunks of so many lines (7 characters a line)."""
    return Change(tuple(file(name, hunks, lines) for name in names))


def file(name: str, hunks: int = 1, lines: int = 5) -> FileDiff:
    spans = (hunk(n * 100 + 1, n * 100 + lines) for n in range(hunks))
    return FileDiff(name, FileStatus.MODIFIED, tuple(spans))


def under(**more: object) -> Policy:
    values = {"reviewers": (A, B), "engines": (STATIC, CLAUDE), "votes": {}, **more}
    return policy(**values)


# --- The calls


def test_every_reviewer_reads_by_every_engine_as_often_as_it_votes() -> None:
    calls = planned(of("x.py"), under(votes={"alpha": 3, "beta": 1})).calls
    assert calls == (
        Call("alpha", STATIC),
        Call("beta", STATIC),
        Call("alpha", CLAUDE, 1),
        Call("beta", CLAUDE, 1),
        Call("alpha", CLAUDE, 2),
        Call("alpha", CLAUDE, 3),
    )


def test_a_budget_that_ends_cuts_votes_before_files() -> None:
    """Chunk by chunk, and within a chunk every reviewer's first vote before any second one."""
    two = planned(of("x.py", "y.py"), under(votes={"alpha": 2}, chunk_chars=50, engines=(CLAUDE,)))
    assert [(c.chunk, c.vote, c.reviewer) for c in two.calls] == [
        *((0, 1, "alpha"), (0, 1, "beta"), (0, 2, "alpha")),
        *((1, 1, "alpha"), (1, 1, "beta"), (1, 2, "alpha")),
    ]


def test_votes_take_the_models_in_turn() -> None:
    calls = planned(
        of("x.py"), under(votes={"alpha": 3}, models=("m", "n"), engines=(CLAUDE,))
    ).calls
    assert [c.model for c in calls if c.reviewer == "alpha"] == ["m", "n", "m"]


def test_without_a_model_only_analysers_read() -> None:
    alone = planned(of("x.py"), under(engines=(STATIC,)))
    assert [c.engine for c in alone.calls] == [STATIC, STATIC]
    assert alone.chunks == ()


def test_a_change_without_lines_needs_no_call() -> None:
    nothing = planned(Change((FileDiff("x", FileStatus.CHANGED),)), under())
    assert (nothing.calls, nothing.chunks, nothing.cells, nothing.hunks) == ((), (), (), ())


def test_the_names_of_calls_are_unique() -> None:
    many = planned(of("x.py", "y.py"), under(votes={"alpha": 3}, chunk_chars=50)).calls
    assert len({c.name for c in many}) == len(many)


def test_a_reviewer_reads_the_paths_it_is_for() -> None:
    only_sql = replace(B, paths=("*.sql",))
    whole = of("x.py", "y.sql")
    made = planned(whole, under(reviewers=(A, only_sql)))
    hunks = {c: made.hunks_of(c, (A, only_sql)) for c in made.calls}
    for call, refs in hunks.items():
        paths = [ref.path for ref in refs]
        assert paths == (["y.sql"] if call.reviewer == "beta" else ["x.py", "y.sql"])
    none = planned(of("x.py"), under(reviewers=(A, only_sql)))
    assert {c.reviewer for c in none.calls} == {"alpha"}


# --- What is not read, by name


@pytest.mark.parametrize(
    ("given_file", "reading", "detail"),
    [
        (file("go.sum"), Reading.GENERATED, "lock file"),
        (file("docs/x.md"), Reading.NOT_ASKED, "excluded by the configuration"),
        (replace(file("x"), hunks=(), content=Content.SYMLINK), Reading.BINARY, "symbolic link"),
        (
            replace(file("x.png"), hunks=(), content=Content.BINARY, missing="binary"),
            *(Reading.BINARY, "binary"),
        ),
        (replace(file("go.sum"), hunks=(), missing="too large"), Reading.GENERATED, "lock file"),
    ],
    ids=["lock file", "configured", "link", "binary", "lock file that was not delivered"],
)
def test_what_is_left_out_is_named_and_is_no_gap(
    given_file: FileDiff, reading: Reading, detail: str
) -> None:
    made = planned(Change((given_file, file("x.py"))), under(exclude=("docs/*",)))
    index = 0 if given_file.hunks else WHOLE_FILE
    assert made.cells == (Cell(HunkRef(given_file.path, index), "", "", 0, reading, detail),)
    assert not made.cells[0].reading.is_gap
    assert made.hunks == (HunkRef("x.py", 0),)


NAMED = ("x.generated.py", "vendor/y.py")


def test_what_its_name_alone_leaves_out_analysers_read_for_what_must_not_be_missed() -> None:
    """A pull request chooses its names. No model is paid for it, and nobody asks for its style."""
    guard = replace(A, protected=True)
    both = (guard, B)
    whole = of(*NAMED, "a.py", "go.sum", "ours/z_pb2.py")
    made = planned(whole, under(reviewers=both, exclude=("ours/*",)))
    paths = {c: [ref.path for ref in made.hunks_of(c, both)] for c in made.calls}
    assert paths.pop(Call("alpha", STATIC)) == ["a.py", *NAMED], "what is aside comes last"
    assert set(map(tuple, paths.values())) == {("a.py",)}
    assert [ref.path for ref in made.hunks] == ["a.py"]
    assert {c.hunk.path for c in made.cells} == {*NAMED, "go.sum", "ours/z_pb2.py"}


def test_where_all_is_aside_only_those_analysers_are_asked() -> None:
    guard = replace(A, protected=True)
    assert planned(of(*NAMED), under(reviewers=(guard, B))).calls == (Call("alpha", STATIC),)
    narrow = replace(guard, paths=("*.sql",))
    assert planned(of(*NAMED), under(reviewers=(narrow, B))).calls == ()
    assert planned(of("go.sum"), under(reviewers=(guard, B))).calls == ()


def test_s36_a_file_without_its_patch_is_a_gap_with_its_reason() -> None:
    bare = FileDiff("x.py", FileStatus.MODIFIED, missing="its diff is too large for GitHub")
    for is_large, reading in ((True, Reading.TOO_LARGE), (False, Reading.FAILED)):
        (cell,) = planned(Change((replace(bare, is_large=is_large),)), under()).cells
        assert (cell.hunk, cell.reading.is_gap) == (HunkRef("x.py", WHOLE_FILE), True)
        assert (cell.reading, cell.detail) == (reading, bare.missing)


def test_s36_what_was_never_delivered_is_a_gap() -> None:
    made = planned(replace(of("x.py"), undelivered=("200 more files",)), under())
    (cell,) = made.cells
    assert (cell.hunk.path, cell.reading) == ("200 more files", Reading.FAILED)
    assert cell.reading.is_gap


@pytest.mark.parametrize("status", [FileStatus.RENAMED, FileStatus.CHANGED, FileStatus.ADDED])
def test_s41_a_file_without_lines_leaves_no_gap(status: FileStatus) -> None:
    """Moved, another mode, empty: there is nothing that anybody could read."""
    assert planned(Change((FileDiff("x.py", status),)), under()).cells == ()


def test_a_file_above_the_limit_is_named_hunk_by_hunk_and_vote_by_vote() -> None:
    made = planned(
        Change((file("large.py", hunks=2, lines=50), file("x.py"))),
        under(votes={"alpha": 2}, max_file_chars=300, engines=(STATIC, CLAUDE)),
    )
    gaps = [(c.hunk.index, c.reviewer, c.engine, c.vote) for c in made.cells]
    assert gaps == [
        *((0, "alpha", CLAUDE, 1), (0, "alpha", CLAUDE, 2), (0, "beta", CLAUDE, 1)),
        *((1, "alpha", CLAUDE, 1), (1, "alpha", CLAUDE, 2), (1, "beta", CLAUDE, 1)),
    ]
    assert {c.reading for c in made.cells} == {Reading.TOO_LARGE}
    assert {c.detail for c in made.cells} == {"above the limit of 0 kB"}
    assert made.chunks[0].hunks == (HunkRef("x.py", 0),)
    static = next(c for c in made.calls if c.engine == STATIC)
    assert len(made.hunks_of(static, (A, B))) == 3, "analysers read it all the same"


def test_what_does_not_fit_the_prompts_is_named() -> None:
    made = planned(of("a.py", "b.py", "c.py"), under(chunk_chars=50, max_chunks=2))
    assert len(made.chunks) == 2
    assert {(c.hunk.path, c.reading, c.detail) for c in made.cells} == {
        ("c.py", Reading.TOO_LARGE, "above the limit of 2 prompts")
    }


def test_a_gap_belongs_only_to_those_who_should_have_read_it() -> None:
    only_sql = replace(B, paths=("*.sql",))
    made = planned(of("x.py"), under(reviewers=(A, only_sql), max_file_chars=10))
    assert {c.reviewer for c in made.cells} == {"alpha"}


# --- Packing


def test_the_riskiest_files_come_first() -> None:
    made = planned(of("docs/a.md", "x.py", "auth/login.py"), under(chunk_chars=50, max_chunks=2))
    assert [c.hunks[0].path for c in made.chunks] == ["auth/login.py", "x.py"]
    assert {c.hunk.path for c in made.cells} == {"docs/a.md"}


def test_the_hunks_of_a_file_stay_together_while_they_fit() -> None:
    made = planned(Change((file("a.py", 2), file("b.py", 2))), under(chunk_chars=100))
    assert [{h.path for h in c.hunks} for c in made.chunks] == [{"a.py"}, {"b.py"}]


def test_a_file_that_fits_no_prompt_is_taken_apart() -> None:
    made = planned(Change((file("a.py", 3),)), under(chunk_chars=90))
    assert [len(c.hunks) for c in made.chunks] == [2, 1]


def test_a_hunk_above_the_size_of_a_prompt_is_named_and_the_others_are_read() -> None:
    """The limit bounds what is sent, and paid, also where a single hunk is above it."""
    large, small = file("a.py", 1, lines=500), file("b.py", 1)
    made = planned(Change((large, small)), under(chunk_chars=2000))
    assert [c.hunks for c in made.chunks] == [(HunkRef("b.py", 0),)]
    assert {(c.hunk.path, c.reading, c.detail) for c in made.cells} == {
        ("a.py", Reading.TOO_LARGE, "above the limit of 2 kB for a prompt")
    }


def test_within_a_prompt_the_change_keeps_its_order() -> None:
    made = planned(of("x.py", "auth/login.py", "b.py"), under())
    assert [h.path for h in made.chunks[0].hunks] == ["x.py", "auth/login.py", "b.py"]


names = st.lists(
    st.sampled_from(["a.py", "auth.py", "docs/x.md", "go.sum", "tests/t.py", "b.sql", "api/c.py"]),
    unique=True,
)


@given(names, st.integers(1, 4), st.integers(1, 30), st.integers(30, 400), st.integers(1, 3))
def test_every_hunk_is_read_carried_left_out_or_named(
    paths: list[str], hunks: int, lines: int, chars: int, most: int
) -> None:
    whole = of(*paths, hunks=hunks, lines=lines)
    already = frozenset(hunk_key("a.py", h.digest()) for h in file("a.py").hunks)
    terms = under(votes={"alpha": 2}, chunk_chars=chars, max_chunks=most, max_file_chars=300)
    made = plan(whole, terms, weigh, already)
    packed = [h for chunk in made.chunks for h in chunk.hunks]
    unread = {c.hunk for c in made.cells if c.engine == CLAUDE}
    left_out = {c.hunk for c in made.cells if not c.engine}

    where = Counter([*packed, *unread, *left_out, *made.carried])
    assert set(where) == set(whole.refs())
    assert set(where.values()) <= {1}
    assert set(made.hunks) == set(packed) | unread
    assert len(made.chunks) <= most
    for chunk in made.chunks:
        weight = sum(weigh(whole.by_path[h.path], h.index) for h in chunk.hunks)
        assert weight <= chars
    asked = {(c.reviewer, c.vote, c.chunk) for c in made.calls if c.engine == CLAUDE}
    votes = [("alpha", 1), ("alpha", 2), ("beta", 1)]
    assert asked == {(*v, i) for v in votes for i in range(len(made.chunks))}


# --- Carried hunks


def test_what_an_earlier_review_read_is_not_read_again() -> None:
    first = of("x.py", hunks=2)
    digests = [first.hunk(ref).digest() for ref in first.refs()]
    made = plan(first, under(), weigh, frozenset({hunk_key("x.py", digests[0])}))
    assert made.carried == (HunkRef("x.py", 0),)
    assert made.hunks == (HunkRef("x.py", 1),)
    everything = plan(first, under(), weigh, frozenset(hunk_key("x.py", d) for d in digests))
    assert (everything.calls, everything.cells, len(everything.carried)) == ((), (), 2)


def test_the_same_lines_in_another_file_are_read() -> None:
    first = of("x.py")
    key = hunk_key("y.py", first.files[0].hunks[0].digest())
    assert plan(first, under(), weigh, frozenset({key})).carried == ()


def test_what_is_left_out_is_not_carried() -> None:
    lock = of("go.sum")
    key = hunk_key("go.sum", lock.files[0].hunks[0].digest())
    made = plan(lock, under(), weigh, frozenset({key}))
    assert (made.carried, made.cells[0].reading) == ((), Reading.GENERATED)


# --- Risk


@pytest.mark.parametrize(
    "path",
    [
        *("auth/session.py", "src/PaymentForm.tsx", "db/migrations/1.sql", "Dockerfile", "main.tf"),
        *(".github/workflows/ci.yml", "api/orders.py"),
    ],
)
def test_what_can_be_abused_is_riskier_than_plain_code(path: str) -> None:
    assert risk(file(path)) > risk(file("src/colours.py")) > risk(file("docs/colours.py"))


def test_of_two_files_the_larger_change_is_riskier() -> None:
    assert risk(file("x.py", lines=90)) > risk(file("x.py", lines=9))
    assert risk(file("docs/x.md", lines=5000)) < risk(file("api/x.py", lines=1))


@pytest.mark.parametrize(
    ("path", "calm"),
    [
        *(("tests/x.py", True), ("src/tests/x.py", True), ("test/x.py", True), ("a/docs/x", True)),
        *(("README.md", True), ("icon.svg", True), ("examples/x.py", True)),
        *(
            ("src/x.py", False),
            ("contests/x.py", False),
            ("latest/x.py", False),
            ("x.md.py", False),
        ),
    ],
)
def test_what_hurts_nobody_at_once(path: str, calm: bool) -> None:
    assert is_calm(path) is calm


def test_a_real_change_is_planned_whole() -> None:
    real = change({"x.py": ("a\n", "b\n"), "gone.py": ("a\n", None), "new.py": (None, "a\n")})
    made = planned(real, under())
    assert set(made.hunks) == set(real.refs())
    assert made.cells == ()
