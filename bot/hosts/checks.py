"""Check runs on the head of a pull request: one for a review, whatever crashes in between.

Only an App may write them, and only where the account has granted it; where it has not, nothing is
written and the review goes on (case S20).
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import Any

import gidgethub

from bot.errors import AccessProblem, HostProblem, MissingProblem
from bot.hosts.app import AppAPI
from bot.hosts.http import told, written
from bot.outputs.checkrun import BUTTON, NAME, CheckRun, skipped

BUTTON_ID = "review-again"
"""What comes back as `requested_action.identifier` when somebody presses the button."""
ACTION = {"label": BUTTON, "description": "Review this commit once more", "identifier": BUTTON_ID}
"""GitHub takes at most 20, 40 and 20 characters."""
TITLE_CHARS = 255
TEXT_CHARS = 65_535
CUT = "\n\n(The rest is too long for a check run.)"

log = logging.getLogger(__name__)


def external_id(run: str, head: str, config: str = "") -> str:
    """What a check run of ours is known by; `config` need not be known yet when it starts."""
    return f"{run}:{head}:{config}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A check run as it stands on a commit: its number, what it is known by, the run whose it is. Its
    conclusion is "" while it is in progress.
    """

    number: int
    external: str
    run: str
    check: CheckRun


class Checks:
    """The check runs of one repository. Failures, but for a missing permission, are HostProblems.

    `app` is the App's number: what another App writes, an author's own workflow say, is none of ours,
    though it have our name and copy what ours are known by.
    """

    def __init__(self, api: AppAPI, app: int) -> None:
        self._api = api
        self._app = app
        self._path = f"/repos/{api.place.repository}"
        self._denied = False

    async def start(
        self, head: str, title: str, external: str, details_url: str = ""
    ) -> int | None:
        """The check run of this review, made if there is none yet; None where we may not write any.

        `external` is as `external_id` makes it: after a crash it finds what stood there before.
        """
        there = await self.find(head, external)
        return there or await self.create(head, title, external, details_url)

    async def find(self, head: str, external: str) -> int | None:
        """The check run that this review has on the commit; None where it has none."""
        if not await self._may():
            return None
        try:
            rows = await self.shown(head)
        except HostProblem as e:
            self._deny(e)
            return None
        review = _review(external)
        return min((r.number for r in rows if _review(r.external) == review), default=None)

    async def shown(self, head: str) -> tuple[Shown, ...]:
        """All of ours on a commit, the newest first; none where we may not write any."""
        if not await self._may():
            return ()
        ours = f"check_name={NAME}&filter=all&per_page=100&app_id={self._app}"
        url = f"{self._path}/commits/{head}/check-runs?{ours}"
        try:
            async with contextlib.aclosing(self._api.getrows(url, "check_runs")) as pages:
                rows = [row async for row in pages]
        except gidgethub.HTTPException as e:
            raise told(e, "read the check runs") from None
        return tuple(sorted(map(_shown, rows), key=lambda r: r.number, reverse=True))

    async def is_open(self, number: int, head: str) -> bool:
        """Whether a pull request of the repository is open, and at this commit."""
        try:
            pull = await self._api.getobject(f"{self._path}/pulls/{number}", "head")
        except gidgethub.HTTPException as e:
            problem = told(e, f"read #{number}")
            if not isinstance(problem, MissingProblem):
                raise problem from None
            return False
        return pull.get("state") == "open" and pull["head"].get("sha") == head

    async def create(
        self, head: str, title: str, external: str, details_url: str = ""
    ) -> int | None:
        """A new check run in progress, for a review that cannot have one yet.

        When it is not known whether GitHub made it, it is looked for.
        """
        data = {"status": "in_progress", "output": _output(title, title)}
        return await self._create(head, external, details_url, data)

    async def say(self, check: int | None, title: str) -> None:
        """Another title while it runs; left out when few requests are left."""
        if check is not None and not self._api.is_low:
            await self._write(f"/{check}", {"output": _output(title, title)})

    async def finish(
        self,
        check: int | None,
        run: CheckRun,
        external: str,
        details_url: str = "",
        *,
        button: bool = True,
    ) -> None:
        """End it, with the button that asks for another review. Twice is as good as once."""
        if check is not None:
            await self._write(f"/{check}", _ended(run, external, details_url, button=button))

    async def skip(self, head: str, why: str, external: str, details_url: str = "") -> None:
        """Say in the list of checks that nothing is reviewed; `why` as in `draft pull request`."""
        await self.complete(head, skipped(why), external, details_url)

    async def complete(
        self, head: str, run: CheckRun, external: str, details_url: str = ""
    ) -> None:
        """A check run that is over, made if there is none yet."""
        there = await self.find(head, external)
        if there is not None:
            await self.finish(there, run, external, details_url)
            return
        data = _ended(run, external, details_url, button=True)
        await self._create(head, external, details_url, data)

    async def _create(
        self, head: str, external: str, details_url: str, data: dict[str, Any]
    ) -> int | None:
        known = {"name": NAME, "head_sha": head, "external_id": external}
        try:
            answer = await self._write("", known | _link(details_url) | data)
        except HostProblem as e:
            if e.retryable and (there := await self.find(head, external)):
                return there
            raise
        return int(answer["id"]) if answer else None

    async def _write(self, tail: str, data: dict[str, Any]) -> dict[str, Any] | None:
        """Make a check run, or change one; None where we may not."""
        if not await self._may():
            return None
        url = f"{self._path}/check-runs{tail}"
        try:
            send = self._api.patch if tail else self._api.post
            return written(await send(url, data=data))
        except gidgethub.HTTPException as e:
            self._deny(told(e, "write the check run"))
            return None

    async def _may(self) -> bool:
        return not self._denied and await self._api.may_check()

    def _deny(self, problem: HostProblem) -> None:
        """From now on nothing is written, if that is what GitHub says; else the problem is raised."""
        if not isinstance(problem, AccessProblem | MissingProblem):
            raise problem
        self._denied = True
        log.warning("No check run on %s: %s", self._api.place, problem.what)


def _shown(row: dict[str, Any]) -> Shown:
    external, output = str(row["external_id"] or ""), row.get("output") or {}
    texts = (str(output.get(part) or "") for part in ("title", "summary", "text"))
    check = CheckRun(str(row.get("conclusion") or ""), *texts)
    return Shown(int(row["id"]), external, external.partition(":")[0], check)


def _review(external: str | None) -> str:
    """The part of an external id that does not change while a review runs: `run:head`."""
    return ":".join((external or "").split(":")[:2])


def _output(title: str, summary: str, text: str = "") -> dict[str, str]:
    output = {"title": title[:TITLE_CHARS], "summary": _fitted(summary or title)}
    return output | ({"text": _fitted(text)} if text else {})


def _fitted(text: str) -> str:
    return text if len(text) <= TEXT_CHARS else text[: TEXT_CHARS - len(CUT)] + CUT


def _ended(run: CheckRun, external: str, details_url: str, *, button: bool) -> dict[str, Any]:
    return {
        "status": "completed",
        "conclusion": run.conclusion,
        "external_id": external,
        "output": _output(run.title, run.summary, run.text),
        "actions": [ACTION] if button else [],
        **_link(details_url),
    }


def _link(url: str) -> dict[str, str]:
    return {"details_url": url} if url else {}
