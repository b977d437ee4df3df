"""A pull request on GitHub (or GHES): read by REST pages and one GraphQL query, written by REST."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gidgethub

from bot.config import PATH as CONFIG_PATH
from bot.errors import AccessProblem, BadLineProblem
from bot.hosts import queries
from bot.hosts.guidelines import candidates, nearest, shortened
from bot.hosts.http import GitHubAPI, told
from bot.hosts.protocol import PostedComment, PostedReview, Pull
from bot.outputs.inline import InlineComment
from bot.settings import PUBLIC_API, Settings
from bot.subject import PullRequest, Subject
from reviewers.core.change import Change, Content, FileDiff, FileStatus, Guideline, Hunk
from reviewers.core.diff import (
    SUBMODULE_MODE,
    SYMLINK_MODE,
    DiffError,
    content_of,
    is_lfs_pointer,
    parse_hunks,
)
from reviewers.core.finding import Side

PAGE = 100
MOST_FILES = 3000
"""GitHub lists no more files of a pull request than this."""


MOST_COMPARED = 300
"""GitHub's comparison of two commits lists at most this many files."""


async def find_token(settings: Settings) -> str:
    """The token from the environment, else the one that the `gh` program holds for this host."""
    if settings.github_token:
        return settings.github_token
    if program := shutil.which("gh"):
        host = settings.web_url.partition("://")[2]
        process = await asyncio.create_subprocess_exec(
            *(program, "auth", "token", "--hostname", host),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        out, _ = await process.communicate()
        if process.returncode == 0 and out.strip():
            return out.decode().strip()
    raise AccessProblem(
        "There is no token for GitHub.", "Set GITHUB_TOKEN, or run `gh auth login`."
    )


class GitHub:
    """One pull request. All reads that can be are made at once."""

    def __init__(self, api: GitHubAPI, pull: PullRequest, settings: Settings) -> None:
        self._api = api
        self._pull = pull
        self._web = settings.web_url if settings.github_api != PUBLIC_API else "https://github.com"

    @property
    def _path(self) -> str:
        return f"/repos/{self._pull.repository}/pulls/{self._pull.number}"

    async def load(self) -> Pull:
        """The pull request in three steps: itself and its first files, then all texts at once."""
        try:
            facts, first = await asyncio.gather(
                self._api.getobject(self._path),
                self._api.getlist(f"{self._path}/files?per_page={PAGE}"),
            )
            rows = await self._rest_of(first, int(facts["changed_files"]))
        except gidgethub.HTTPException as e:
            raise told(e, f"read {self._pull}") from e
        files = [_file(row) for row in rows]
        base, head = facts["base"]["sha"], facts["head"]["sha"]
        found = await self._contents(files, base, head, reviews=True)
        missing = int(facts["changed_files"]) - len(files)
        undelivered = (f"{missing} more files",) if missing > 0 else ()
        config = found.texts.get(f"{base}:{CONFIG_PATH}")
        change = Change(
            files=tuple(found.files),
            title=facts["title"] or "",
            description=facts["body"] or "",
            head=head,
            base=base,
            guidelines=found.guidelines,
            undelivered=undelivered,
        )
        subject = Subject(
            str(self._pull),
            change,
            pull=self._pull,
            base_ref=facts["base"]["ref"],
            config=config.encode() if config is not None else None,
            web=self._web,
        )
        return Pull(subject, found.reviews, facts["state"], bool(facts.get("draft")))

    async def head(self) -> str:
        """The head commit as it is now."""
        try:
            return str((await self._api.getobject(self._path))["head"]["sha"])
        except gidgethub.HTTPException as e:
            raise told(e, f"read {self._pull}") from e

    async def change_at(self, base: str, head: str) -> Change | None:
        """The change at an earlier head, by comparing it with the base of today.

        None where GitHub no longer has the commit, or where there are more files than it compares.
        """
        url = f"/repos/{self._pull.repository}/compare/{base}...{head}?per_page=1"
        try:
            rows = (await self._api.getobject(url)).get("files") or []
        except gidgethub.HTTPException as e:
            if int(e.status_code) in (404, 422):
                return None
            raise told(e, "compare with the commit reviewed before") from e
        if len(rows) >= MOST_COMPARED:
            return None
        return Change(tuple(_file(row) for row in rows), head=head, base=base)

    async def reviews(self) -> tuple[PostedReview, ...]:
        """The reviews as they are now."""
        variables = {**self._names(), "number": self._pull.number}
        data = await self._ask(queries.reviews_query(), variables)
        return _reviews(data["repository"])

    async def post_review(
        self, body: str, comments: Sequence[InlineComment], commit: str
    ) -> PostedReview:
        """One request for body and comments, so one notification. The event is always COMMENT."""
        data = {
            "commit_id": commit,
            "body": body,
            "event": "COMMENT",
            "comments": [_comment(c) for c in comments],
        }
        try:
            answer = await self._api.post(f"{self._path}/reviews", data=data)
        except gidgethub.HTTPException as e:
            raise told(e, "post the review") from e
        return PostedReview(
            int(answer["id"]),
            answer.get("node_id", ""),
            _login(answer.get("user")),
            ours=True,
            commit=commit,
            body=body,
            url=answer.get("html_url", ""),
        )

    async def accepts(self, comments: Sequence[InlineComment], commit: str) -> bool:
        """A pending review is seen by nobody; it tells whether the places are good."""
        url = f"{self._path}/reviews"
        data = {"commit_id": commit, "comments": [_comment(c) for c in comments]}
        try:
            draft = await self._api.post(url, data=data)
            await self._api.delete(f"{url}/{int(draft['id'])}")
        except gidgethub.HTTPException as e:
            problem = told(e, "try the comments")
            if isinstance(problem, BadLineProblem):
                return False
            raise problem from e
        return True

    async def edit_review(self, review: int, body: str) -> None:
        """Replace a review's body."""
        try:
            await self._api.put(f"{self._path}/reviews/{review}", data={"body": body})
        except gidgethub.HTTPException as e:
            raise told(e, "edit the review") from e

    async def edit_comment(self, comment: int, body: str) -> None:
        """Replace an inline comment."""
        url = f"/repos/{self._pull.repository}/pulls/comments/{comment}"
        try:
            await self._api.patch(url, data={"body": body})
        except gidgethub.HTTPException as e:
            raise told(e, "edit a comment") from e

    async def hide(self, node: str, why: str) -> None:
        """Minimise a comment or review."""
        await self._ask(queries.HIDE, {"id": node, "why": why})

    # --- reading

    async def _rest_of(self, first: list[Any], total: int) -> list[Any]:
        """The further pages of files, at once; a file that slips over a page's edge counts once."""
        last = -(-min(total, MOST_FILES) // PAGE)
        pages = await asyncio.gather(
            *(
                self._api.getlist(f"{self._path}/files?per_page={PAGE}&page={n}")
                for n in range(2, last + 1)
            )
        )
        rows = [row for page in (first, *pages) for row in page]
        return list({row["filename"]: row for row in rows}.values())

    async def _contents(
        self, files: Sequence[FileDiff], base: str, head: str, *, reviews: bool
    ) -> _Found:
        """Texts at the head, modes where they matter, configuration and guidelines of the base."""
        texts = [f"{head}:{f.path}" for f in files if _wants_text(f)]
        paths = [f.path for f in files]
        steering = [f"{base}:{path}" for path in (CONFIG_PATH, *candidates(paths))]
        folders = sorted({f"{head}:{_folder(f.path)}" for f in files if _could_be_link(f)})
        per = queries.FILES_PER_QUERY
        batches = [texts[i : i + per] for i in range(0, len(texts), per)] or [[]]
        batches[0] = [*batches[0], *steering]
        answers = await asyncio.gather(
            *(
                self._objects(batch, folders if n == 0 else (), reviews=reviews and n == 0)
                for n, batch in enumerate(batches)
            )
        )
        found: dict[str, str] = {}
        modes: dict[str, str] = {}
        for batch, answer in zip(batches, answers, strict=True):
            for i, name in enumerate(batch):
                text = queries.blob_text(answer.get(f"b{i}"))
                if text is not None:
                    found[name] = text
        for i, folder in enumerate(folders):
            entries = (answers[0].get(f"t{i}") or {}).get("entries") or ()
            prefix = folder.partition(":")[2]
            modes |= {f"{prefix}{'/' if prefix else ''}{e['name']}": _mode(e) for e in entries}
        known = [_told_by_text(f, found.get(f"{head}:{f.path}"), modes.get(f.path)) for f in files]
        present = [
            name.partition(":")[2] for name in steering[1:] if _is_guideline(found.get(name))
        ]
        guidelines = tuple(
            Guideline(path, shortened(found[f"{base}:{path}"])) for path in nearest(paths, present)
        )
        return _Found(known, found, guidelines, _reviews(answers[0]) if reviews else ())

    async def _objects(
        self, blobs: Sequence[str], trees: Sequence[str], *, reviews: bool
    ) -> dict[str, Any]:
        query, variables = queries.contents_query(blobs, trees, reviews=reviews)
        number = {"number": self._pull.number} if reviews else {}
        data = await self._ask(query, {**self._names(), **number, **variables})
        repository: dict[str, Any] = data["repository"]
        return repository

    def _names(self) -> dict[str, Any]:
        return {"owner": self._pull.owner, "repo": self._pull.name}

    async def _ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return await self._api.ask(query, variables)
        except gidgethub.HTTPException as e:
            raise told(e, f"read {self._pull}") from e


class _Found:
    """What the one query brought."""

    def __init__(
        self,
        files: Sequence[FileDiff],
        texts: Mapping[str, str],
        guidelines: tuple[Guideline, ...],
        reviews: tuple[PostedReview, ...],
    ) -> None:
        self.files = files
        self.texts = texts
        self.guidelines = guidelines
        self.reviews = reviews


def _file(row: Mapping[str, Any]) -> FileDiff:
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
        missing = "its diff is too large for GitHub"
    status = FileStatus(row["status"]) if row["status"] != "unchanged" else FileStatus.MODIFIED
    content = content_of("", hunks)
    return FileDiff(
        path=row["filename"],
        status=status,
        hunks=hunks if content is Content.TEXT else (),
        old_path=row.get("previous_filename"),
        content=content,
        missing=missing,
    )


def _wants_text(file: FileDiff) -> bool:
    return file.content is Content.TEXT and file.status is not FileStatus.REMOVED


def _could_be_link(file: FileDiff) -> bool:
    """A symbolic link looks like a file of one line; only its mode tells."""
    added = [x for hunk in file.hunks for x in hunk.lines if x.new is not None]
    return file.status in (FileStatus.ADDED, FileStatus.MODIFIED, FileStatus.CHANGED) and (
        len(added) == 1 and added[0].new == 1
    )


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _mode(entry: Mapping[str, Any]) -> str:
    return f"{int(entry['mode']):06o}"


def _told_by_text(file: FileDiff, text: str | None, mode: str | None) -> FileDiff:
    """What the file's text and mode reveal: binary, link, pointer."""
    if mode in (SYMLINK_MODE, SUBMODULE_MODE):
        content = Content.SYMLINK if mode == SYMLINK_MODE else Content.SUBMODULE
        return replace(file, content=content, hunks=(), new_mode=mode)
    if text is not None and is_lfs_pointer(text):
        return replace(file, content=Content.LFS, hunks=())
    if text is None and not file.hunks and not file.missing and _wants_text(file):
        unread = file.status is not FileStatus.RENAMED
        return replace(file, content=Content.BINARY, missing="binary") if unread else file
    return replace(file, text=text) if _wants_text(file) else file


def _is_guideline(text: str | None) -> bool:
    """Not a link to another file, whose text is only that file's name."""
    return bool(text) and not (text and "\n" not in text and text.strip().endswith(".md"))


def _login(user: Mapping[str, Any] | None) -> str:
    """A login; REST shows an App as `name[bot]`, GraphQL without."""
    return str((user or {}).get("login", "")).removesuffix("[bot]")


def _reviews(repository: Mapping[str, Any]) -> tuple[PostedReview, ...]:
    """Reviews of the answer, oldest first; who has deleted the account has no name."""
    nodes = repository["pullRequest"]["reviews"]["nodes"] or ()
    found = [
        PostedReview(
            int(n["databaseId"]),
            n["id"],
            _login(n.get("author")),
            bool(n["viewerDidAuthor"]),
            (n.get("commit") or {}).get("oid", ""),
            n["body"] or "",
            n["url"],
            tuple(_posted_comment(c) for c in (n["comments"] or {}).get("nodes") or ()),
        )
        for n in nodes
    ]
    return tuple(sorted(found, key=lambda r: r.id))


def _posted_comment(node: Mapping[str, Any]) -> PostedComment:
    line = node.get("line") or node.get("originalLine") or 0
    left = "(removed here)" in (node["body"] or "")
    return PostedComment(
        int(node["databaseId"]),
        node["id"],
        node["path"],
        int(line),
        Side.LEFT if left else Side.RIGHT,
        node["body"] or "",
        bool(node["isMinimized"]),
    )


def _comment(comment: InlineComment) -> dict[str, Any]:
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
