"""What is said of a value that an option cannot have: in our words, not in a library's."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

MONEY = "USD"
"""What an option that takes an amount is shown with."""
_LIBRARY = "Value error, "


class Commands(TyperGroup):
    """All commands; what is wrong with an option of any of them passes through here."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command, BadParameter says in its message what the option takes."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as e:
            e.message = _told(e)
            raise


def _told(error: typer.BadParameter) -> str:
    """`'abc' is no amount. Give USD, 0 or more.`; of what is no number the message that is there."""
    failed = getattr(error.__cause__, "errors", None)
    given = next((row.get("input") for row in failed()), None) if failed else None
    least, most = (getattr(error.param, name, None) for name in ("min", "max"))
    if given is None or least is None:
        return error.message.removeprefix(_LIBRARY)
    if getattr(error.param, "metavar", None) == MONEY:
        return f"{given!r} is no amount. Give {MONEY}, {least} or more."
    allowed = f"{least} or more" if most is None else f"{least} to {most}"
    return f"{given!r} does not do. Give a whole number, {allowed}."
