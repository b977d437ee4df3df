"""Do many independent jobs side by side and account for every one of them.

Sectioning (other jobs on the same material) and voting (the same job again) are both a fan-out.
It knows nothing of review: any call, any result. No failure cancels a neighbour, none is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

CallT = TypeVar("CallT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Done(Generic[CallT, ResultT]):
    """A call that came back with a value, after so many seconds."""

    call: CallT
    value: ResultT
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed(Generic[CallT]):
    """A call that raised, or was out of time (then `error` is a TimeoutError)."""

    call: CallT
    error: Exception
    seconds: float


async def fan_out(
    calls: Sequence[CallT],
    run: Callable[[CallT], Awaitable[ResultT]],
    *,
    limit: int,
    deadline: float,
) -> tuple[Done[CallT, ResultT] | Failed[CallT], ...]:
    """Run every call, at most `limit` at a time, each for at most `deadline` seconds.

    The answers stand in the order of the calls. Only cancelling the fan-out itself stops it; then
    every running call is cancelled too.
    """
    slots = asyncio.Semaphore(limit)

    async def one(call: CallT) -> Done[CallT, ResultT] | Failed[CallT]:
        async with slots:
            start = monotonic()
            try:
                async with asyncio.timeout(deadline):
                    value = await run(call)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task and task.cancelling():
                    raise
                # Nobody cancelled it but itself (a library's own task, say): a failure, too.
                return Failed(call, RuntimeError("it cancelled itself"), monotonic() - start)
            except Exception as error:  # The pattern's boundary: a failure here is a result.
                return Failed(call, error, monotonic() - start)
            return Done(call, value, monotonic() - start)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(call)) for call in calls]
    return tuple(task.result() for task in tasks)
