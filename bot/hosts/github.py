"""A pull request on GitHub (or GHES): read by REST pages and one GraphQL query, written by REST."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import gidgethub

from bot.config import PATH as CONFIG_PATH
from bot.errors import (
    AccessProblem,
    BadLineProblem,
    HostProblem,
    LostProblem,
    MissingProblem,
)
from bot.hosts import answers
from bot.hosts.contents import Contents
from bot.hosts.graph import Graph
from bot.hosts.http import GitHubAPI, told, written
from bot.hosts.protocol import PostedReview, Pull, Stand
from bot.jobs.protocol import Place
from bot.outputs.inline import InlineComment
from bot.settings import PUBLIC_API, Settings
from bot.subject import PullRequest, Subject
from reviewers.core.change import Change

PAGE = 100
MOST_FILES = 3000
"""GitHub lists no more files of a pull request than this."""
MOST_COMPARED = 300
"""GitHub's comparison of two commits lists at most this many files."""
DRAFT = "A trial of triptych's, deleted at once."
"""The body of a draft, by which it is known again when its answer was lost."""
ONE_DRAFT = "one pending review"
"""From GitHub's words where an account has a draft already: it takes no other review of it then."""


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
    """One pull request. All reads that can be are made at once.

    With a `place`, what stands under its name in another repository is not touched. `config_path`
    names the configuration in the base commit.
    """

    def __init__(
        self,
        api: GitHubAPI,
        pull: PullRequest,
        settings: Settings,
        place: Place | None = None,
        *,
        config_path: str = CONFIG_PATH,
    ) -> None:
        self._api = api
        self._pull = pull
        self._graph = Graph(api, pull)
        self._contents = Contents(self._graph, pull, config_path)
        self._place = place
        self._web = settings.web_url if settings.github_api != PUBLIC_API else "https://github.com"

    @property
    def _path(self) -> str:
        return f"/repos/{self._pull.repository}/pulls/{self._pull.number}"

    async def load(self) -> Pull:
        """The pull request in three steps: itself and its first files, then all texts at once."""
        try:
            facts, first = await asyncio.gather(
                self._api.getobject(self._path, "changed_files"),
                self._api.getlist(f"{self._path}/files?per_page={PAGE}"),
            )
            rows = await self._rest_of(first, int(facts["changed_files"]))
        except gidgethub.HTTPException as e:
            raise told(e, f"read {self._pull}") from e
        if self._place:
            answers.check_same(facts, self._place)
        base, head = facts["base"]["sha"], facts["head"]["sha"]
        found = await self._contents.read(rows, base, head)
        missing = int(facts["changed_files"]) - len(rows)
        more = f"{missing} more file{'s' if missing > 1 else ''}"
        change = Change(
            files=found.files,
            title=facts["title"] or "",
            description=facts["body"] or "",
            head=head,
            base=base,
            guidelines=found.steering.guidelines,
            undelivered=(more,) if missing > 0 else (),
        )
        subject = Subject(
            str(self._pull),
            change,
            pull=self._pull,
            base_ref=facts["base"]["ref"],
            config=found.steering.config,
            config_path=self._contents.config_path,
            web=self._web,
            notes=found.steering.notes,
        )
        return Pull(
            subject,
            answers.reviews_of(await self._graph.reviews(found.page)),
            facts["state"],
            draft=bool(facts.get("draft")),
            author=answers.login(facts.get("user")),
            association=facts.get("author_association") or "",
            labels=tuple(label["name"] for label in facts.get("labels") or ()),
            repository_id=int((facts["base"].get("repo") or {}).get("id") or 0),
        )

    async def stand(self) -> Stand:
        """How it is now."""
        try:
            facts = await self._api.getobject(self._path, "head")
        except gidgethub.HTTPException as e:
            raise told(e, f"read {self._pull}") from e
        if self._place:
            answers.check_same(facts, self._place)
        return Stand(str(facts["head"]["sha"]), str(facts["state"]))

    async def change_at(self, base: str, head: str) -> Change | None:
        """The change at an earlier head, by comparing it with the base of today.

        None where GitHub no longer has the commit, or where there are more files than it compares.
        """
        url = f"/repos/{self._pull.repository}/compare/{base}...{head}?per_page=1"
        try:
            rows = (await self._api.getobject(url, "files"))["files"] or []
        except gidgethub.HTTPException as e:
            if int(e.status_code) in (404, 422):
                return None
            raise told(e, "compare with the commit reviewed before") from e
        if len(rows) >= MOST_COMPARED:
            return None
        once = {row["filename"]: row for row in rows}
        return Change(tuple(map(answers.file_of, once.values())), head=head, base=base)

    async def reviews(self) -> tuple[PostedReview, ...]:
        """The reviews as they are now."""
        return answers.reviews_of(await self._graph.reviews())

    async def post_review(
        self, body: str, comments: Sequence[InlineComment], commit: str
    ) -> PostedReview:
        """One request for body and comments, so one notification. The event is always COMMENT."""
        data = {
            "commit_id": commit,
            "body": body,
            "event": "COMMENT",
            "comments": [answers.comment_data(c) for c in comments],
        }
        try:
            answer = written(await self._propose(data))
        except gidgethub.HTTPException as e:
            raise told(e, "post the review", tries=1) from e
        return PostedReview(
            int(answer["id"]),
            answer.get("node_id", ""),
            answers.login(answer.get("user")),
            ours=True,
            commit=commit,
            body=body,
            url=answer.get("html_url", ""),
        )

    async def accepts(self, comments: Sequence[InlineComment], commit: str) -> bool:
        """A pending review is seen by nobody; it tells whether the places are good."""
        data = {
            "commit_id": commit,
            "body": DRAFT,
            "comments": [answers.comment_data(c) for c in comments],
        }
        try:
            draft = await self._propose(data)
        except gidgethub.HTTPException as e:
            problem = told(e, "try the comments", tries=1)
            if isinstance(problem, BadLineProblem):
                return False
            if problem.retryable:
                await self._drop_drafts()
            raise problem from e
        except LostProblem:
            await self._drop_drafts()
            raise
        await self._drop(int(draft["id"]))
        return True

    async def _propose(self, data: Mapping[str, Any]) -> Any:
        """GitHub's answer to a new review; a draft of ours that was left behind is not in its way."""
        url = f"{self._path}/reviews"
        try:
            return await self._api.post(url, data=data)
        except gidgethub.HTTPException as e:
            if ONE_DRAFT not in str(e):
                raise
            if not await self._drop_drafts():
                raise HostProblem(
                    f"The account that posts has a draft of its own at {self._pull}; GitHub takes no "
                    "other review beside it (422).",
                    "Submit that draft or delete it, then run this again.",
                    status=422,
                ) from e
        return await self._api.post(url, data=data)

    async def _drop_drafts(self) -> int:
        """How many drafts of ours were there, whose numbers are not known; a person's own stays."""
        ours = [node for node in await self._graph.drafts() if node["body"] == DRAFT]
        for node in ours:
            await self._drop(int(node["databaseId"]))
        return len(ours)

    async def _drop(self, draft: int) -> None:
        await self._delete(f"{self._path}/reviews/{draft}", "delete a draft")

    async def _delete(self, url: str, what: str) -> None:
        """What is not there any more is as good as deleted."""
        try:
            await self._api.delete(url)
        except gidgethub.HTTPException as e:
            problem = told(e, what)
            if not isinstance(problem, MissingProblem):
                raise problem from e

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await self._api.sleep(seconds)

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

    async def unlabel(self, label: str) -> None:
        """Take a label off. Of a name of dots an address would make all labels: it stays."""
        if label.strip("."):
            number, name = self._pull.number, quote(label, safe="")
            url = f"/repos/{self._pull.repository}/issues/{number}/labels/{name}"
            await self._delete(url, "take a label off")

    async def hide(self, node: str, why: str) -> None:
        """Minimise a comment or review."""
        await self._graph.hide(node, why)

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
