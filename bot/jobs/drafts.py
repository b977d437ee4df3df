"""A pull request is made a draft: its review is stopped, unless the base branch has drafts reviewed.

A door does not know that, so GitHub is asked, by a run of the engine's like those of orders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from pydantic import TypeAdapter, ValidationError

from bot.config import Unusable
from bot.errors import Problem
from bot.jobs.means import JOB_PAUSES, Access
from bot.jobs.protocol import DRAFTED, CancelWish
from bot.jobs.transactions import AWAY
from bot.narrowing import held

_WISH = TypeAdapter(CancelWish)

log = structlog.get_logger("triptych.jobs")


class Drafts:
    """`stop` ends what lives of a pull request, `others` carries out what is no wish of this kind.
    `pauses` are the seconds between tries while the database is away.
    """

    def __init__(
        self,
        access: Access,
        stop: Callable[[CancelWish], Awaitable[object]],
        others: Callable[[str], Awaitable[str]],
        pauses: Sequence[float] = JOB_PAUSES,
    ) -> None:
        self._access = access
        self._stop = stop
        self._others = others
        self._pauses = pauses

    async def run(self, text: str) -> str:
        """The work of the engine's run: `text` is a CancelWish as JSON. Returns how it ended."""
        wish = read_drafting(text)
        if wish is None:
            return await self._others(text)
        if await self._are_reviewed(wish):
            log.info("draft.goes_on", place=str(wish.place))
            return "drafts are reviewed"
        for pause in (*self._pauses, None):
            try:
                await self._stop(wish)
                break
            except AWAY as e:
                log.warning("draft.unheard", place=str(wish.place), why=type(e).__name__)
                if pause is None:
                    raise
                await asyncio.sleep(pause)
        return "stopped"

    async def _are_reviewed(self, wish: CancelWish) -> bool:
        """Where GitHub does not tell they are not: nothing is paid for that may not be wanted."""
        try:
            async with self._access.pull(wish.place) as reach:
                return reviews_drafts(await reach.config())
        except Problem as e:
            log.warning("draft.unknown", place=str(wish.place), why=e.what)
            return False


def reviews_drafts(config: bytes | Unusable | None) -> bool:
    """Whether this configuration of the base branch has drafts reviewed."""
    return held(config).config.triggers.drafts


def read_drafting(text: str) -> CancelWish | None:
    """The wish in a row of the database; None where it is none of a draft."""
    try:
        wish = _WISH.validate_json(text)
    except ValidationError:
        return None
    return wish if wish.why == DRAFTED else None
