"""The runner that a job runs on: its files and its log, as the environment names them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.errors import UsageProblem
from bot.outputs.checkrun import SUMMARY_BYTES
from bot.outputs.workflow import Annotation, output, plain
from reviewers.core.secrets import Redaction
from reviewers.core.visible import one_line

MOST_EVENT_BYTES = 32 * 2**20
"""GitHub's webhook payloads end at 25 MB."""
FOLDER = "triptych"
"""Below RUNNER_TEMP: where the review lies as JSON, for a job that uploads it."""


@dataclass
class Runner:
    """Reads the event, writes outputs, summary, log. Everything that is written is redacted."""

    event: str
    repository: str
    workspace: Path
    temp: Path
    event_file: Path
    output_file: Path | None
    summary_file: Path | None
    redact: Redaction
    _room: int = field(default=SUMMARY_BYTES)

    @classmethod
    def of(cls, env: Mapping[str, str], redact: Redaction) -> Runner:
        """The runner that an environment describes; UsageProblem where it describes none."""

        def needed(name: str) -> str:
            if value := env.get(name):
                return value
            raise UsageProblem(
                f"{name} is not set: this is no job of GitHub Actions.",
                "Use `triptych review` by hand.",
            )

        output_file, summary = env.get("GITHUB_OUTPUT"), env.get("GITHUB_STEP_SUMMARY")
        return cls(
            needed("GITHUB_EVENT_NAME"),
            needed("GITHUB_REPOSITORY"),
            Path(needed("GITHUB_WORKSPACE")),
            Path(needed("RUNNER_TEMP")),
            Path(needed("GITHUB_EVENT_PATH")),
            Path(output_file) if output_file else None,
            Path(summary) if summary else None,
            redact,
        )

    def payload(self) -> dict[str, Any]:
        """The event; UsageProblem where it cannot be read."""
        try:
            with self.event_file.open("rb") as file:
                data = file.read(MOST_EVENT_BYTES + 1)
            found = json.loads(data) if len(data) <= MOST_EVENT_BYTES else None
        except (OSError, ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise UsageProblem(
                "GITHUB_EVENT_PATH holds no event that can be read.",
                "Run the Action as a step of a workflow.",
            )
        return found

    def say(self, text: str) -> None:
        """One line of the log, in which nothing is a command."""
        self._print(plain(one_line(self.redact(text))))

    def annotate(self, note: Annotation) -> None:
        """Show a note on the run's page: the only lines that the runner is meant to obey."""
        self._print(str(note))

    def output(self, name: str, value: str) -> None:
        """Give an output to the workflow's later steps."""
        _append(self.output_file, output(name, one_line(self.redact(value))))

    def summarise(self, markdown: str) -> None:
        """Add to the job's summary; what does not fit any more is left out and said."""
        text = f"{markdown.rstrip()}\n\n"
        size = len(text.encode("utf-8", "replace"))
        if size > self._room:
            self.say("The job's summary is full; the rest is left out.")
            return
        self._room -= size
        _append(self.summary_file, text)

    def keep(self, name: str, text: str) -> None:
        """Leave a file for a later step, in a folder that only this job writes to."""
        folder = self.temp / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")

    def _print(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _append(file: Path | None, text: str) -> None:
    if file is None:
        return
    try:
        with file.open("a", encoding="utf-8", errors="replace") as there:
            there.write(text)
    except OSError as e:
        raise UsageProblem(
            f"{file.name} cannot be written: {e.strerror}.", "Look at the runner's disk."
        ) from None
