"""A pull request on GitHub: how much is asked for it, what comes of it, what is written."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bot.config import PATH as CONFIG
from bot.config import Unusable
from bot.errors import AccessProblem, BadLineProblem, HostProblem, LostProblem, MissingProblem
from bot.hosts.answers import NO_DIFF, NO_TEXT
from bot.hosts.github import DRAFT, find_token
from bot.outputs.inline import InlineComment
from bot.settings import Settings
from reviewers.core.change import Content, FileStatus
from reviewers.core.exclude import hidden
from reviewers.core.finding import Location, Side
from tests.bot.hosts.reach import Reached, reach
from tests.builders import finding
from tests.fakes.github import (
    OUR_LOGIN,
    TOKEN,
    TRUNCATED,
    Entry,
    FakeGitHub,
    Fault,
    dumped,
    fake_github,
)

TEXT = "".join(f"line {n}\n" for n in range(1, 31))


def asked(fake: FakeGitHub) -> list[str]:
    """The requests so far, without the repository."""
    return [f"{m} {p.partition('/pulls/')[2] or p}" for m, p in fake.calls]


def queries(fake: FakeGitHub) -> list[dict[str, Any]]:
    """The bodies of the GraphQL requests."""
    return [body for body in fake.bodies if "query" in body]


def comment(path: str, line: int, end: int = 0, side: Side = Side.RIGHT) -> InlineComment:
    """An inline comment."""
    place = Location(path, line, end or line, side)
    return InlineComment(finding(path, line, location=place), place, f"About line {line}.")


# --- how much is asked


async def test_a_pull_request_is_read_with_three_requests() -> None:
    async with fake_github() as github:
        github.pull(1, {"a.py": "old\n"}, {"a.py": "new\n"})
        async with reach(github) as forge:
            await forge.load()
        assert sorted(asked(github)) == ["GET 1", "GET 1/files", "POST /graphql"]


async def test_all_texts_come_with_one_query_and_names_are_never_part_of_it() -> None:
    name = 'a"){evil}.py'
    async with fake_github() as github:
        github.pull(1, {}, {f"{n}.py": "x\n" for n in range(98)} | {name: "x\n"})
        async with reach(github) as forge:
            pull = await forge.load()
        (query,) = queries(github)
        assert "evil" not in query["query"]
        head = github.pulls[1].head
        assert f"{head}:{name}" in query["variables"].values()
        assert {f.text for f in pull.subject.change.files} == {"x\n"}


async def test_more_than_a_hundred_files_come_in_pages_and_queries() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {f"{n:04}.py": f"{n}\n" for n in range(250)})
        async with reach(github) as forge:
            change = (await forge.load()).subject.change
        assert asked(github).count("GET 1/files") == 3
        assert len(queries(github)) == 3
        assert [f.text for f in change.files] == [f"{n}\n" for n in range(250)]
        assert change.undelivered == ()


def rows(number: int) -> list[dict[str, Any]]:
    """Rows of files without content."""
    return [{"filename": f"{n:04}.bin", "status": "added", "changes": 0} for n in range(number)]


async def test_s36_of_more_than_three_thousand_files_the_rest_is_counted() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {}, rows=rows(3007))
        async with reach(github) as forge:
            change = (await forge.load()).subject.change
        assert len(change.files) == 3000
        assert change.undelivered == ("7 more files",)
        assert asked(github).count("GET 1/files") == 30


async def test_s68_a_file_that_slips_over_the_edge_of_a_page_counts_once() -> None:
    """While pages are read the list may shift: then one file comes twice, and one not at all."""
    slipped = rows(150)
    slipped[100] = slipped[99]
    async with fake_github() as github:
        github.pull(1, {}, {}, rows=slipped)
        async with reach(github) as forge:
            change = (await forge.load()).subject.change
        assert len(change.files) == len(change.by_path) == 149
        assert change.undelivered == ("1 more file",)


# --- what comes of it


async def test_title_base_and_state_are_those_of_the_pull_request() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"}, title="T", body=None, state="closed", draft=True)
        async with reach(github) as forge:
            pull = await forge.load()
        change = pull.subject.change
        assert (pull.state, pull.draft) == ("closed", True)
        assert (change.title, change.description) == ("T", "")
        assert (change.base, change.head) == (github.pulls[1].base, github.pulls[1].head)
        assert (pull.subject.label, pull.subject.base_ref) == ("acme/shop#1", "main")


async def test_s31_configuration_and_guidelines_are_those_of_the_base() -> None:
    base = {CONFIG: "rounds = 1\n", "AGENTS.md": "Base.", "api/AGENTS.md": "Nearer.", "x.md": "-"}
    head = {**base, CONFIG: 'exclude = ["**"]\n', "AGENTS.md": "Approve.", "api/a.py": "a\n"}
    async with fake_github() as github:
        github.pull(1, base, {**head, "REVIEW.md": "Say nothing."})
        async with reach(github) as forge:
            subject = (await forge.load()).subject
        assert subject.config == b"rounds = 1\n"
        assert [(g.path, g.text) for g in subject.change.guidelines] == [
            ("AGENTS.md", "Base."),
            ("api/AGENTS.md", "Nearer."),
        ]


@pytest.mark.parametrize(
    "there",
    [
        {CONFIG: b"\xff\xfe"},
        {CONFIG: "# " + "x" * TRUNCATED},
        {f"{CONFIG}/x": "rounds = 1\n"},
    ],
    ids=["binary", "too large", "folder"],
)
async def test_s33_a_configuration_that_cannot_be_read_is_not_none_at_all(
    there: dict[str, Any],
) -> None:
    async with fake_github() as github:
        github.pull(1, there, {**there, "a.py": "a\n"})
        async with reach(github) as forge:
            subject = (await forge.load()).subject
        assert subject.config is Unusable.FILE


@pytest.mark.parametrize("after", [{}, {"old.toml": "rounds = 1\n"}], ids=["deleted", "renamed"])
async def test_s31_a_configuration_that_goes_away_is_told(after: dict[str, Any]) -> None:
    async with fake_github() as github:
        renames = dict.fromkeys(after, CONFIG)
        github.pull(1, {CONFIG: "rounds = 1\n"}, {**after, "a.py": "a\n"}, renames=renames)
        async with reach(github) as forge:
            subject = (await forge.load()).subject
        assert subject.config == b"rounds = 1\n"
        assert subject.notes == (f"{CONFIG} is changed here. That of the base branch was used.",)


async def test_a_guideline_that_is_only_a_link_is_not_taken_for_one() -> None:
    async with fake_github() as github:
        link = Entry("AGENTS.md", "120000")
        base: dict[str, str | bytes | Entry] = {"CLAUDE.md": link, "AGENTS.md": "Told once.\n"}
        github.pull(1, base, {**base, "a.py": "a\n"})
        async with reach(github) as forge:
            change = (await forge.load()).subject.change
        assert [g.path for g in change.guidelines] == ["AGENTS.md"]


async def test_s36_a_file_without_patch_is_named_with_its_reason() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"large.py": TEXT, "a.py": "a\n"}, without_patch={"large.py"})
        async with reach(github) as forge:
            files = (await forge.load()).subject.change.by_path
        assert files["large.py"].missing == "its diff is too large for GitHub"
        assert files["large.py"].hunks == ()
        assert files["a.py"].missing == ""


async def test_s36_a_patch_that_cannot_be_read_is_named() -> None:
    row = {"filename": "a.py", "status": "modified", "changes": 2, "patch": "@@ -1 +1 @@\n-a"}
    async with fake_github() as github:
        github.pull(1, {"a.py": "a\n"}, {"a.py": "b\n"}, rows=[row])
        async with reach(github) as forge:
            (file,) = (await forge.load()).subject.change.files
        assert "cannot be read" in file.missing


def silent(name: str, status: str = "modified", **more: Any) -> dict[str, Any]:
    """A row without a diff and without a count of changes, as GitHub makes it for binaries."""
    return {"filename": name, "status": status, "changes": 0, **more}


@pytest.mark.parametrize(
    ("before", "after", "row", "expected"),
    [
        ("x\n", "y\n", silent("f"), (Content.TEXT, FileStatus.MODIFIED, NO_DIFF)),
        (None, "y\n", silent("f", "added"), (Content.TEXT, FileStatus.ADDED, NO_DIFF)),
        ("x\n", None, silent("f", "removed"), (Content.TEXT, FileStatus.REMOVED, NO_DIFF)),
        ("x\n", "x\n", silent("f"), (Content.TEXT, FileStatus.CHANGED, "")),
        (None, "", silent("f", "added"), (Content.TEXT, FileStatus.ADDED, "")),
        ("", None, silent("f", "removed"), (Content.TEXT, FileStatus.REMOVED, "")),
        (b"\0", b"\1", silent("f"), (Content.BINARY, FileStatus.MODIFIED, "binary")),
        (None, b"\1", silent("f", "added"), (Content.BINARY, FileStatus.ADDED, "binary")),
        (b"\0", None, silent("f", "removed"), (Content.BINARY, FileStatus.REMOVED, "binary")),
        (None, None, silent("f", "added"), (Content.TEXT, FileStatus.ADDED, NO_DIFF)),
        (
            None,
            "x" * (TRUNCATED + 1),
            silent("f", "added"),
            (Content.TEXT, FileStatus.ADDED, NO_DIFF),
        ),
    ],
    ids=[
        *("edited", "added", "removed", "mode", "empty", "empty removed"),
        *("binary", "binary added", "binary removed", "nowhere", "cut off"),
    ],
)
async def test_what_has_no_diff_is_a_gap_unless_nothing_could_be_read(
    before: str | None,
    after: str | None,
    row: dict[str, Any],
    expected: tuple[Content, FileStatus, str],
) -> None:
    """An attribute (`*.py -diff`) takes the diff away; then nobody may say that it was read."""
    async with fake_github() as github:
        old = {} if before is None else {"f": before}
        new = {} if after is None else {"f": after}
        github.pull(1, old, new, rows=[row])
        async with reach(github) as forge:
            (file,) = (await forge.load()).subject.change.files
        assert (file.content, file.status, file.missing) == expected


@pytest.mark.parametrize(("size", "lacks"), [(TRUNCATED, ""), (TRUNCATED + 1, NO_TEXT)])
async def test_s36_a_text_that_is_cut_off_is_not_taken_for_one_that_nobody_could_have(
    size: int, lacks: str
) -> None:
    """GraphQL gives the first 512 kB; analysers that need the whole file have not read it."""
    old = "x = 1\n" + "#" * (size - 6)
    async with fake_github() as github:
        github.pull(1, {"a.py": old, "gone.py": old}, {"a.py": old.replace("1", "2")})
        async with reach(github) as forge:
            files = (await forge.load()).subject.change.by_path
    assert (files["a.py"].text is None, files["a.py"].lacks) == (bool(lacks), lacks)
    assert files["a.py"].hunks
    assert files["gone.py"].lacks == ""


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 9\n"
TURNED = [
    ("let a = 1;\n", b"let a = 1; //\0\nexec(x)\n", "it was text before and is binary now"),
    ("", b"\0", ""),
    (b"\0", b"\1", ""),
    (POINTER, b"\1", ""),
    ("let a = 1;\n", POINTER, "it was text before and is a Git LFS pointer now"),
    (b"\0", POINTER, ""),
    (POINTER, POINTER.replace("aa", "bb"), ""),
]
"""Of a file that is changed: before, after, and how its gap begins; "" for none."""


@pytest.mark.parametrize(("before", "after", "gap"), TURNED)
@pytest.mark.parametrize("moved", [False, True], ids=["in place", "moved"])
async def test_s41_text_that_turns_into_what_nobody_reads_is_a_gap(
    before: str | bytes, after: str | bytes, gap: str, *, moved: bool
) -> None:
    """One zero byte would take a program from every reviewer. A picture stays a picture, and takes no
    text away where there was none: its bytes are as new as those of a new file.
    """
    old = "old.js" if moved else "run.js"
    async with fake_github() as github:
        renames = {"run.js": old} if moved else {}
        github.pull(1, {old: before}, {"run.js": after}, renames=renames)
        async with reach(github) as forge:
            (file,) = (await forge.load()).subject.change.files
        assert sorted(asked(github)) == ["GET 1", "GET 1/files", "POST /graphql"]
    assert file.hunks == ()
    assert file.missing.startswith(gap or ("binary" if file.content is Content.BINARY else ""))
    assert (file.content is Content.TEXT) is bool(gap)
    assert (hidden([file], ()) == (file,)) is (before == "")


async def test_text_whose_diff_an_attribute_hides_is_a_gap_when_it_turns_into_a_pointer() -> None:
    async with fake_github() as github:
        github.pull(1, {"f": "exec(x)\n"}, {"f": POINTER}, rows=[silent("f")])
        async with reach(github) as forge:
            (file,) = (await forge.load()).subject.change.files
    assert "a Git LFS pointer now" in file.missing


async def test_where_nobody_knows_what_it_was_a_binary_file_is_no_gap() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"f": b"\0"}, rows=[silent("f")])
        async with reach(github) as forge:
            (file,) = (await forge.load()).subject.change.files
    assert (file.content, file.missing) == (Content.BINARY, "binary")


@pytest.mark.parametrize(
    ("old", "new", "gap"), [("x\n", "x\n", False), ("x\n", "y\n", True), (None, "y\n", False)]
)
async def test_a_move_hides_no_edit(old: str | None, new: str, *, gap: bool) -> None:
    """A pure move has no diff; one with another content has one, or hides it."""
    async with fake_github() as github:
        row = silent("b.py", "renamed", previous_filename="a.py")
        github.pull(1, {"a.py": old} if old else {}, {"b.py": new}, rows=[row])
        async with reach(github) as forge:
            (file,) = (await forge.load()).subject.change.files
        assert bool(file.missing) is gap
        assert (file.status, file.old_path) == (FileStatus.RENAMED, "a.py")


async def test_s39_links_and_submodules_are_told_by_their_modes() -> None:
    commit = "c0ffee" + "0" * 34
    module = f"@@ -0,0 +1 @@\n+Subproject commit {commit}"
    async with fake_github() as github:
        link = Entry("../../../etc/passwd", "120000")
        after: dict[str, str | bytes | Entry] = {"deep/link": link, "one.txt": "one\n"}
        github.pull(1, {"gone": Entry("one.txt", "120000")}, after)
        row = {"filename": "mod", "status": "added", "changes": 1, "patch": module, "sha": commit}
        github.pulls[1].rows = [*github._files(github.pulls[1]), row]
        async with reach(github) as forge:
            files = (await forge.load()).subject.change.by_path
        assert {p: f.content for p, f in files.items()} == {
            "deep/link": Content.SYMLINK,
            "gone": Content.SYMLINK,
            "mod": Content.SUBMODULE,
            "one.txt": Content.TEXT,
        }
        assert [f.path for f in files.values() if f.hunks] == ["one.txt"]


async def test_s39_a_file_that_becomes_a_link_and_a_link_that_leads_elsewhere_are_hidden() -> None:
    """GitHub may say `modified` of both; with a gate neither passes as read."""
    before: dict[str, str | bytes | Entry] = {"run.sh": "echo\n", "ln": Entry("a", "120000")}
    after: dict[str, str | bytes | Entry] = {
        "run.sh": Entry("../evil", "120000"),
        "ln": Entry("b", "120000"),
    }
    async with fake_github() as github:
        github.pull(1, before, after)
        async with reach(github) as forge:
            files = (await forge.load()).subject.change.files
    assert {f.status for f in files} == {FileStatus.MODIFIED}
    assert hidden(files, ()) == files


async def test_s70_a_push_between_the_requests_is_noticed() -> None:
    """The list of files may be of another head than the texts; comments would be on wrong lines."""
    async with fake_github() as github:
        github.pull(1, {"a.py": "a\n"}, {"a.py": "b\n"})
        github.pulls[1].rows = [dict(row) for row in github._files(github.pulls[1])]
        github.push(1, "beef", {"a.py": "c\n"})
        async with reach(github) as forge:
            with pytest.raises(HostProblem, match="moved while it was read") as raised:
                await forge.load()
        assert raised.value.retryable


@pytest.mark.parametrize(
    ("number", "token", "kind"),
    [(2, TOKEN, MissingProblem), (1, "ghp_wrong", AccessProblem)],
    ids=["no such pull request", "wrong token"],
)
async def test_what_cannot_be_read(number: int, token: str, kind: type[HostProblem]) -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        async with reach(github, number, token=token) as forge:
            with pytest.raises(kind):
                await forge.load()


async def test_s72_a_deleted_head_repository_is_read_through_the_base() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        async with reach(github) as forge:
            await forge.load()
        assert all("/repos/acme/shop/" in p or p == "/graphql" for _, p in github.calls)


# --- earlier heads


async def test_the_change_at_an_earlier_head() -> None:
    async with fake_github() as github:
        pull = github.pull(1, {"a.py": "a\n"}, {"a.py": "b\n"})
        first = pull.head
        github.push(1, "beef", {"a.py": "c\n"})
        async with reach(github) as forge:
            before = await forge.change_at(pull.base, first)
        assert before is not None
        assert before.by_path["a.py"].rows[Side.RIGHT, 1].text == "b"


async def test_a_lost_head_and_one_with_too_many_files_are_not_known() -> None:
    async with fake_github() as github:
        pull = github.pull(1, {}, {f"{n}.py": "x\n" for n in range(301)})
        large = pull.head
        async with reach(github) as forge:
            assert await forge.change_at(pull.base, large) is None
            github.push(1, "beef", {"a.py": "c\n"}, force=True)
            assert await forge.change_at(pull.base, large) is None
            github.faults = [Fault("GET", "/compare/", 502, times=9)]
            with pytest.raises(HostProblem):
                await forge.change_at(pull.base, pull.head)


# --- reviews


async def test_a_review_comes_back_as_it_was_posted() -> None:
    async with fake_github() as github:
        pull = github.pull(1, {"a.py": TEXT}, {"a.py": TEXT.replace("line 5\n", "new 5\nnew 6\n")})
        async with reach(github) as forge:
            remarks = [comment("a.py", 5, 6), comment("a.py", 5, side=Side.LEFT)]
            posted = await forge.post_review("The body", remarks, pull.head)
            (found,) = await forge.reviews()
        assert (found.id, found.ours, found.author) == (posted.id, True, OUR_LOGIN)
        assert (found.body, found.commit, found.url) == ("The body", pull.head, posted.url)
        assert [(c.path, c.start, c.line, c.original) for c in found.comments] == [
            ("a.py", 5, 6, 6),
            ("a.py", 5, 5, 5),
        ]
        sent = next(b for b in github.bodies if b.get("event"))
        assert sent["event"] == "COMMENT"
        assert sent["commit_id"] == pull.head
        assert sent["comments"][0] == {
            **{"path": "a.py", "body": "About line 5.", "side": "RIGHT", "line": 6},
            **{"start_line": 5, "start_side": "RIGHT"},
        }
        left = {"path": "a.py", "body": "About line 5.", "side": "LEFT", "line": 5}
        assert sent["comments"][1] == left


async def test_s41_a_range_of_removed_lines_stands_on_the_left() -> None:
    async with fake_github() as github:
        pull = github.pull(1, {"a.py": TEXT}, {"a.py": TEXT.replace("line 5\nline 6\n", "")})
        async with reach(github) as forge:
            await forge.post_review("B", [comment("a.py", 5, 6, Side.LEFT)], pull.head)
        (sent,) = next(b for b in github.bodies if b.get("event"))["comments"]
        assert (sent["side"], sent["start_side"]) == ("LEFT", "LEFT")
        assert (sent["start_line"], sent["line"]) == (5, 6)


async def test_all_reviews_are_found_among_many() -> None:
    """Each answer that a person gives in a thread is a review; ours may be the oldest of all."""
    async with fake_github() as github:
        pull = github.pull(1, {}, {"a.py": "a\n"})
        github.tokens["ghp_ann"] = "ann"
        async with reach(github) as forge, reach(github, token="ghp_ann") as ann:
            await forge.post_review("Ours", (), pull.head)
            for n in range(120):
                await ann.post_review(f"Answer {n}", (), pull.head)
            found = await forge.reviews()
            assert (await forge.load()).reviews == found
        assert [r.body for r in found] == ["Ours", *(f"Answer {n}" for n in range(120))]
        assert [r.ours for r in found] == [True] + [False] * 120


async def test_a_comment_tells_where_it_stands_today() -> None:
    async with fake_github() as github:
        pull = github.pull(1, {}, {"a.py": TEXT})
        async with reach(github) as forge:
            await forge.post_review("B", [comment("a.py", 5), comment("a.py", 9)], pull.head)
            github.push(1, "beef", {"a.py": "more\n" + TEXT.replace("line 9\n", "")})
            (review,) = await forge.reviews()
        assert [(c.line, c.original) for c in review.comments] == [(6, 5), (0, 9)]


async def test_drafts_of_people_are_not_reviews() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        github.pulls[1].reviews.append(
            {"id": 1, "state": "PENDING", "body": "x", "user": {"login": "ann"}}
        )
        async with reach(github) as forge:
            assert await forge.reviews() == ()


# --- writing


async def test_places_are_tried_with_drafts_that_nobody_sees() -> None:
    async with fake_github() as github:
        pull = github.pull(1, {"a.py": TEXT}, {"a.py": "new\n" + TEXT})
        async with reach(github) as forge:
            assert await forge.accepts([comment("a.py", 1)], pull.head)
            assert not await forge.accepts([comment("a.py", 1), comment("a.py", 29)], pull.head)
            assert not await forge.accepts([comment("b.py", 1)], pull.head)
        assert pull.reviews == []
        assert github.bodies_of(1) == []


@pytest.mark.parametrize("fault", ["lost", "late"])
async def test_a_draft_whose_answer_was_lost_is_deleted_all_the_same(fault: str) -> None:
    async with fake_github() as github:
        pull = github.pull(1, {}, {"a.py": "new\n"})
        github.faults = [Fault("POST", "/reviews$", fault)]
        async with reach(github) as forge:
            with pytest.raises(HostProblem) as raised:
                await forge.accepts([comment("a.py", 1)], pull.head)
            assert raised.value.retryable
            assert pull.reviews == []
            await forge.post_review("Body", (), pull.head)


@pytest.mark.parametrize("fault", ["lost", "late", 502])
async def test_deleting_a_draft_is_tried_until_it_is_gone(fault: str | int) -> None:
    async with fake_github() as github:
        pull = github.pull(1, {}, {"a.py": "new\n"})
        github.faults = [Fault("DELETE", "/reviews/", fault)]
        async with reach(github) as forge:
            assert await forge.accepts([comment("a.py", 1)], pull.head)
        assert pull.reviews == []


@pytest.mark.parametrize("what", ["post", "try"])
async def test_s65_a_draft_that_was_left_behind_is_in_nobody_s_way(what: str) -> None:
    """Its deletion failed, or the job was ended just there: the next review heals it."""
    async with fake_github() as github:
        pull = github.pull(1, {}, {"a.py": "new\n"})
        github.faults = [Fault("DELETE", "/reviews/", 502, times=5)]
        async with reach(github) as forge:
            with pytest.raises(HostProblem):
                await forge.accepts([comment("a.py", 1)], pull.head)
            github.faults.clear()
            assert [r["state"] for r in pull.reviews] == ["PENDING"]
            if what == "try":
                assert await forge.accepts([comment("a.py", 1)], pull.head)
                assert pull.reviews == []
            else:
                await forge.post_review("Body", (), pull.head)
                assert github.bodies_of(1) == ["Body"]


ODD = ("safe to review", "area/api", "100%2F?#&", "gr\u00fcn \u2713", "../../../1", "a.", "{x}")


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("fault", [None, "lost", "late", 502])
async def test_s29_a_label_is_taken_off_and_no_other(name: str, fault: str | int | None) -> None:
    """One that is not there any more is as good."""
    async with fake_github() as github:
        pull = github.pull(1, {}, {"a.py": "new\n"}, labels=["docs", name])
        github.faults = [Fault("DELETE", "/labels/", fault)] if fault else []
        async with reach(github) as forge:
            assert (await forge.load()).labels == ("docs", name)
            for _ in range(2):
                await forge.unlabel(name)
                assert pull.labels == ["docs"]


@pytest.mark.parametrize("name", [".", "..", "..."])
async def test_s29_a_label_of_dots_stays(name: str) -> None:
    """`/labels/.` is the address of all labels."""
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "new\n"}, labels=[name])
        async with reach(github) as forge:
            await forge.unlabel(name)
        assert github.calls == []


async def test_s29_a_label_that_may_not_be_taken_off_is_told() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "new\n"}, labels=["docs"])
        github.may_write = False
        async with reach(github) as forge:
            with pytest.raises(AccessProblem, match="may not take a label off"):
                await forge.unlabel("docs")


async def test_a_person_s_own_draft_is_left_alone() -> None:
    async with fake_github() as github:
        pull = github.pull(1, {}, {"a.py": "new\n"})
        async with reach(github) as forge:
            data = {"commit_id": pull.head, "body": "My thoughts", "comments": []}
            await forge.api.post("/repos/acme/shop/pulls/1/reviews", data=data)
            with pytest.raises(HostProblem, match=r"a draft of its own at acme/shop#1; .*Submit"):
                await forge.accepts([comment("a.py", 1)], pull.head)
            with pytest.raises(HostProblem, match="a draft of its own"):
                await forge.post_review("Body", (), pull.head)
            await forge._drop_drafts()
        assert [r["body"] for r in pull.reviews] == ["My thoughts"]
        assert DRAFT not in [r["body"] for r in pull.reviews]


async def test_one_bad_line_is_known_as_such() -> None:
    async with fake_github() as github:
        pull = github.pull(1, {"a.py": TEXT}, {"a.py": "new\n" + TEXT})
        async with reach(github) as forge:
            with pytest.raises(BadLineProblem):
                await forge.post_review("Body", [comment("a.py", 29)], pull.head)
            with pytest.raises(HostProblem) as raised:
                await forge.post_review("x" * 70_000, [comment("a.py", 1)], pull.head)
            assert not isinstance(raised.value, BadLineProblem)


async def test_edits_and_folding_away() -> None:
    async with fake_github() as github:
        pull = github.pull(1, {}, {"a.py": "new\n"})
        async with reach(github) as forge:
            review = await forge.post_review("Body", [comment("a.py", 1)], pull.head)
            (node,) = (await forge.reviews())[0].comments
            await forge.edit_review(review.id, "Other body")
            await forge.edit_comment(node.id, "Other comment")
            await forge.hide(node.node, "RESOLVED")
            (after,) = await forge.reviews()
        assert (after.body, after.comments[0].body) == ("Other body", "Other comment")
        assert after.comments[0].hidden


async def each_write(forge: Reached, commit: str) -> list[BaseException]:
    """Try every kind of write."""
    tries = (
        forge.post_review("Body", (), commit),
        forge.accepts([comment("a.py", 1)], commit),
        forge.edit_review(1, "x"),
        forge.edit_comment(1, "x"),
        forge.hide("PRR_1", "OUTDATED"),
    )
    found = await asyncio.gather(*tries, return_exceptions=True)
    return [e for e in found if isinstance(e, BaseException)]


async def test_a_token_that_may_only_read_is_told_for_every_write() -> None:
    async with fake_github() as github:
        pull = github.pull(1, {}, {"a.py": "new\n"})
        github.may_write = False
        async with reach(github) as forge:
            failures = await each_write(forge, pull.head)
        assert len(failures) == 5
        assert all(isinstance(e, HostProblem) for e in failures)
        assert sum(isinstance(e, AccessProblem) for e in failures) == 4
        assert not any(isinstance(e, LostProblem) for e in failures)


# --- the token


def program(folder: Path, text: str) -> None:
    """A `gh` that prints something and ends well, or does not."""
    folder.mkdir()
    (folder / "gh").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "gh").chmod(0o755)


async def test_the_token_of_the_environment_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "echo gho_other")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert await find_token(Settings(github_token="ghp_mine")) == "ghp_mine"


@pytest.mark.parametrize(
    ("api", "host"),
    [("https://api.github.com", "github.com"), ("https://ghe.acme/api/v3", "ghe.acme")],
)
async def test_else_gh_gives_the_one_for_this_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: str, host: str
) -> None:
    program(tmp_path / "bin", 'echo "gho_for_$*"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert await find_token(Settings(github_api=api)) == f"gho_for_auth token --hostname {host}"


@pytest.mark.parametrize("text", ["exit 1", "true", None], ids=["not logged in", "empty", "no gh"])
async def test_without_any_token_a_person_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    if text is not None:
        program(tmp_path / "bin", text)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(AccessProblem, match=r"no token for GitHub\. Set GITHUB_TOKEN, or run `gh"):
        await find_token(Settings())


async def test_the_token_stands_in_no_body_and_no_address() -> None:
    async with fake_github() as github:
        pull = github.pull(1, {}, {"a.py": "new\n"})
        async with reach(github) as forge:
            await forge.load()
            await forge.post_review("Body", [comment("a.py", 1)], pull.head)
        assert TOKEN not in dumped(github)
        assert TOKEN not in json.dumps(github.calls)
