"""`python -m bot`: the command, where it is not installed, as in the Action."""

from __future__ import annotations

from bot.cli import main

if __name__ == "__main__":
    main()
