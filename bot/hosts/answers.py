"""What GitHub's answers say, as our values: files, texts, reviews, comments. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.config import Unusable
from bot.errors import Gone, GoneProblem
from bot.hosts.protocol import PostedComment, PostedReview
from bot.jobs.protocol import Place
from bot.outputs import reread
from bot.outputs.inline import InlineComment
from reviewers.core.change import Content, FileDiff, FileStatus, Hunk
from reviewers.core.diff import (
    SUBMODULE_MODE,
    SYMLINK_MODE,
    DiffError,
    content_of,
    is_lfs_pointer,
    parse_hunks,
    was_text,
)

NO_TEXT = "GitHub does not give its whole text"
"""Of a file that is larger than what GraphQL gives of a text, or that it takes for binary."""
TOO_LARGE = "its diff is too large for GitHub"
NO_DIFF = "GitHub shows no diff of it"
"""Of a file that did change: an attribute of the repository calls it binary, for example."""


@dataclass(frozen=True, slots=True)
class Blob:
    """An object at a path of a commit; `text` is None where it is binary, cut off or no file.

    `is_binary` is None where GitHub cannot tell.
    """

    oid: str
    text: str | None
    is_binary: bool | None
    size: int

    @property
    def is_text(self) -> bool:
        """Whether it is text for certain: some, and no Git LFS pointer, which stands for something else."""
        is_pointer = bool(self.text) and is_lfs_pointer(self.text or "")
        return self.is_binary is False and self.size > 0 and not is_pointer


def blob(answer: Mapping[str, Any] | None) -> Blob | None:
    """The object that a query names; None where there is none."""
    if not answer:
        return None
    whole = not (answer.get("isBinary") or answer.get("isTruncated"))
    text = answer.get("text") if whole else None
    return Blob(
        str(answer.get("oid", "")),
        text if isinstance(text, str) else None,
        answer.get("isBinary"),
        int(answer.get("byteSize") or 0),
    )


def configuration(found: Blob | None) -> bytes | Unusable | None:
    """The configuration in the object at its path (see Subject). A folder, a link to one, a file in
    UTF-16 or of half a megabyte has no text, and is there all the same (case S33).
    """
    if found is None:
        return None
    return Unusable.FILE if found.text is None else found.text.encode()


def modes(folder: str, answer: Mapping[str, Any] | None) -> dict[str, str]:
    """The modes of what stands in the folder `COMMIT:PATH`, by `COMMIT:PATH` again."""
    entries = (answer or {}).get("entries") or ()
    prefix = folder if folder.endswith(":") else f"{folder}/"
    return {f"{prefix}{e['name']}": f"{int(e['mode']):06o}" for e in entries}


# --- files


def file_of(row: Mapping[str, Any]) -> FileDiff:
    """One row of the list of files; a patch that cannot be read counts as not delivered."""
    hunks: tuple[Hunk, ...] = ()
    missing = ""
    patch = row.get("patch")
    if patch:
        try:
            hunks = parse_hunks(patch)
        except DiffError as e:
            missing = f"GitHub's diff of it cannot be read ({e.problem})"
    elif row.get("changes"):
        missing = TOO_LARGE
    status = FileStatus(row["status"]) if row["status"] != "unchanged" else FileStatus.MODIFIED
    content = content_of("", hunks)
    file = FileDiff(
        path=row["filename"],
        status=status,
        hunks=hunks if content is Content.TEXT else (),
        old_path=row.get("previous_filename"),
        content=content,
        missing=missing,
        is_large=missing == TOO_LARGE,
    )
    return file.turned() if content is Content.LFS and was_text(hunks) else file


@dataclass(frozen=True, slots=True)
class Names:
    """Under which names, `COMMIT:PATH`, a file's text, its old object and its folder are asked for.

    `mode` is the file's name in its folder. "" where there is nothing to ask.
    """

    text: str = ""
    before: str = ""
    folder: str = ""
    mode: str = ""


def names_of(file: FileDiff, base: str, head: str) -> Names:
    """What must be known of a file beside its row."""
    if file.content is not Content.TEXT:
        return Names()
    removed = file.status is FileStatus.REMOVED
    here = base if removed else head
    silent = not file.hunks and not file.missing and file.status is not FileStatus.ADDED
    return Names(
        text="" if removed else f"{head}:{file.path}",
        before=f"{base}:{file.old_path or file.path}" if silent else "",
        folder=f"{here}:{file.path.rpartition('/')[0]}" if _could_be_link(file) else "",
        mode=f"{here}:{file.path}",
    )


def _could_be_link(file: FileDiff) -> bool:
    """A symbolic link looks like a file of one line; only its mode tells."""
    if file.status in (FileStatus.RENAMED, FileStatus.COPIED) or len(file.hunks) != 1:
        return False
    lines = file.hunks[0].lines
    side = [x.old if file.status is FileStatus.REMOVED else x.new for x in lines]
    return [n for n in side if n is not None] == [1]


def completed(
    file: FileDiff, after: Blob | None, before: Blob | None, mode: str | None
) -> FileDiff:
    """The file with what its objects reveal: its text, or that it is binary, a link, a pointer.

    What has changed and has no diff is a gap, unless it is and was binary: nobody could read it.
    """
    if mode in (SYMLINK_MODE, SUBMODULE_MODE):
        content = Content.SYMLINK if mode == SYMLINK_MODE else Content.SUBMODULE
        return replace(file, content=content, hunks=())
    text = after.text if after else None
    if file.missing:
        return replace(file, text=text)
    if text is not None and is_lfs_pointer(text):
        pointer = replace(file, content=Content.LFS, hunks=())
        return _in_place_of(before, pointer)
    if file.content is not Content.TEXT:
        return file
    if file.hunks:
        is_lacking = text is None and file.status is not FileStatus.REMOVED
        return replace(file, text=text, lacks=NO_TEXT if is_lacking else "")
    return _without_hunks(replace(file, text=text), after, before)


def _without_hunks(file: FileDiff, after: Blob | None, before: Blob | None) -> FileDiff:
    """Why GitHub shows no lines: nothing in it changed, it is binary, or we do not get to know."""
    now = before if file.status is FileStatus.REMOVED else after
    moved = file.status in (FileStatus.RENAMED, FileStatus.COPIED)
    if after and (after.oid == before.oid if before else moved):
        changed = file.status is FileStatus.MODIFIED
        return replace(file, status=FileStatus.CHANGED) if changed else file
    if now and now.is_binary:
        binary = replace(file, content=Content.BINARY, missing="binary")
        return _in_place_of(before, binary)
    empty = now is not None and now.size == 0 and (before is None or before.size == 0)
    return file if empty else replace(file, missing=NO_DIFF)


def _in_place_of(before: Blob | None, file: FileDiff) -> FileDiff:
    """A file that is no text now: a gap where it was some before."""
    if before and before.is_text:
        return file.turned()
    return replace(file, was_empty=before is not None and before.size == 0)


# --- the repository


def check_same(pull: Mapping[str, Any], place: Place) -> Place:
    """The place under the name that its repository has now.

    `pull` is a pull request as REST gives it. GoneProblem when the name has come to another
    repository: names can be taken again, numbers cannot (case S22).
    """
    repository = pull["base"].get("repo") or {}
    if repository.get("id") != place.repository_id:
        raise GoneProblem(Gone.REPLACED, str(place))
    return replace(place, repository=str(repository["full_name"]))


# --- reviews


def login(user: Mapping[str, Any] | None) -> str:
    """A login; REST shows an App as `name[bot]`, GraphQL without."""
    return str((user or {}).get("login", "")).removesuffix("[bot]")


def _author(actor: Mapping[str, Any] | None) -> str:
    """A login of GraphQL, of a bot with `[bot]`: a person may have an App's name."""
    is_bot = (actor or {}).get("__typename") == "Bot"
    return login(actor) + "[bot]" * is_bot


def reviews_of(nodes: Sequence[Mapping[str, Any]]) -> tuple[PostedReview, ...]:
    """Reviews of an answer, oldest first; who has deleted the account has no name."""
    found = [
        PostedReview(
            int(n["databaseId"]),
            n["id"],
            _author(n.get("author")),
            bool(n["viewerDidAuthor"]),
            (n.get("commit") or {}).get("oid", ""),
            n["body"] or "",
            n["url"],
            tuple(_comment_of(c) for c in (n["comments"] or {}).get("nodes") or ()),
        )
        for n in nodes
    ]
    return tuple(sorted(found, key=lambda r: r.id))


def _comment_of(node: Mapping[str, Any]) -> PostedComment:
    body = node["body"] or ""
    return PostedComment(
        int(node["databaseId"]),
        node["id"],
        node["path"],
        int(node.get("startLine") or node.get("line") or 0),
        int(node.get("line") or 0),
        int(node.get("originalLine") or 0),
        reread.side(body),
        body,
        bool(node["isMinimized"]),
    )


def comment_data(comment: InlineComment) -> dict[str, Any]:
    """An inline comment as the request has it."""
    place = comment.location
    data: dict[str, Any] = {
        "path": place.path,
        "body": comment.body,
        "line": place.end_line,
        "side": place.side.value,
    }
    if place.end_line > place.line:
        data |= {"start_line": place.line, "start_side": place.side.value}
    return data
