"""What stands behind the rows of a change's files: texts, modes, and what steers the review.

All of it in as few GraphQL queries as there are groups of files, asked at once; the newest reviews come
with the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.config import PATH as CONFIG_PATH
from bot.config import Unusable
from bot.errors import ConfigProblem, MovedProblem
from bot.hosts import answers, queries
from bot.hosts.graph import Graph
from bot.hosts.guidelines import candidates, is_guideline, nearest, shortened
from bot.subject import PullRequest
from reviewers.core.change import FileDiff, FileStatus, Guideline


@dataclass(frozen=True, slots=True)
class _Objects:
    """What one query brought, by `COMMIT:PATH`; `page` are the newest reviews."""

    blobs: dict[str, answers.Blob]
    modes: dict[str, str]
    page: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Steering:
    """What the base branch says about how to review."""

    config: bytes | Unusable | None
    guidelines: tuple[Guideline, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """All that stands behind the rows; `page` are the newest reviews, which came with it."""

    files: tuple[FileDiff, ...]
    steering: Steering
    page: Mapping[str, Any]


class Contents:
    """Reads them. `config_path` names the configuration in the base commit."""

    def __init__(self, graph: Graph, pull: PullRequest, config_path: str) -> None:
        self._graph = graph
        self._pull = pull
        self.config_path = config_path

    async def read(self, rows: Sequence[Mapping[str, Any]], base: str, head: str) -> Found:
        """Texts at the head, modes where they matter, configuration and guidelines of the base."""
        files = [answers.file_of(row) for row in rows]
        names = [answers.names_of(f, base, head) for f in files]
        steering = [f"{base}:{path}" for path in self._steering_paths(files)]
        per = queries.FILES_PER_QUERY
        groups = [names[i : i + per] for i in range(0, len(names), per)] or [[]]
        parts = await asyncio.gather(
            *(
                self._objects(group, steering if i == 0 else (), reviews=i == 0)
                for i, group in enumerate(groups)
            )
        )
        blobs = {name: blob for part in parts for name, blob in part.blobs.items()}
        modes = {name: mode for part in parts for name, mode in part.modes.items()}
        for row, asked in zip(rows, names, strict=True):
            there = blobs.get(asked.text)
            if there and there.oid != row.get("sha", there.oid):
                raise MovedProblem(
                    f"{self._pull} moved while it was read.", "Run it again.", retryable=True
                )
        whole = tuple(
            answers.completed(f, blobs.get(n.text), blobs.get(n.before), modes.get(n.mode))
            for f, n in zip(files, names, strict=True)
        )
        assert parts[0].page is not None, "the first query asks for the reviews"
        return Found(whole, self._steering(blobs, base, files), parts[0].page)

    def _steering_paths(self, files: Sequence[FileDiff]) -> list[str]:
        return [self.config_path, *candidates(f.path for f in files)]

    def _steering(
        self, blobs: Mapping[str, answers.Blob], base: str, files: Sequence[FileDiff]
    ) -> Steering:
        present = {p: blobs.get(f"{base}:{p}") for p in self._steering_paths(files)}
        texts = {p: blob.text for p, blob in present.items() if blob and blob.text is not None}
        config = answers.configuration(present[self.config_path])
        if not isinstance(config, bytes) and self.config_path != CONFIG_PATH:
            raise ConfigProblem(
                f"There is no {self.config_path} at the base commit {base[:7]}.",
                "Name a file that the base branch holds.",
            )
        notes = []
        moved = (f.old_path for f in files if f.status is FileStatus.RENAMED)
        if self.config_path in (*(f.path for f in files), *moved):
            notes.append(f"{self.config_path} is changed here. That of the base branch was used.")
        good = [path for path, text in texts.items() if is_guideline(text)]
        near = nearest((f.path for f in files), good)
        return Steering(
            config,
            tuple(Guideline(p, shortened(texts[p])) for p in near if p != self.config_path),
            tuple(notes),
        )

    async def _objects(
        self, group: Sequence[answers.Names], steering: Sequence[str], *, reviews: bool
    ) -> _Objects:
        """One query: the objects that some files need, each once, and what steers the review."""
        wanted = [name for n in group for name in (n.text, n.before)] + list(steering)
        blobs = [name for name in dict.fromkeys(wanted) if name]
        folders = [name for name in dict.fromkeys(n.folder for n in group) if name]
        query, variables = queries.contents_query(blobs, folders, reviews=reviews)
        more = {"number": self._pull.number, "before": None} if reviews else {}
        repository = (await self._graph.ask(query, **more, **variables))["repository"]
        there = ((name, answers.blob(repository.get(f"b{i}"))) for i, name in enumerate(blobs))
        modes: dict[str, str] = {}
        for i, folder in enumerate(folders):
            modes |= answers.modes(folder, repository.get(f"t{i}"))
        page = repository["pullRequest"]["reviews"] if reviews else None
        return _Objects({name: blob for name, blob in there if blob}, modes, page)
