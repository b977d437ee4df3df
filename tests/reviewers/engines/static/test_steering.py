"""Who changes how changes are reviewed is seen doing it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.config import PATH
from reviewers.core.aggregate.anchor import anchor
from reviewers.core.change import Change, FileDiff, FileStatus
from reviewers.core.finding import Severity, Side
from reviewers.core.policy import STATIC
from reviewers.engines.static.steering import STEERS, Steering
from reviewers.registry import ANALYSERS
from tests.builders import change, file_diff, planned, policy
from tests.reviewers.engines.static.looking import static_look

OLD = 'min_severity = "medium"\n'


def test_it_is_the_file_that_steers() -> None:
    assert STEERS == PATH


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (None, 'exclude = ["**"]\n', 1),
        (OLD, OLD + "\nreviewers.security.enabled = false\n", 3),
        (OLD, OLD.replace("medium", "critical"), 1),
        (OLD, OLD + 'models.review = ["claude-haiku-5-5"]\n', 2),
    ],
    ids=["ignore all", "disable", "lower severity", "other model"],
)
async def test_s31_a_change_of_the_configuration_is_a_finding(
    old: str | None, new: str, line: int
) -> None:
    look = await static_look(change({PATH: (old, new)}), analysers=[Steering()])
    (claim,) = look.claims
    assert (claim.path, claim.line, claim.rule) == (PATH, line, "security/changed-review")
    assert claim.severity is Severity.MEDIUM, "it notifies"


@pytest.mark.parametrize(
    "path", ["triptych.toml", f"docs/{PATH}", f"{PATH}.example", "AGENTS.md", ".github/x.toml"]
)
async def test_other_files_steer_nothing(path: str) -> None:
    look = await static_look(change({path: (None, "x = 1\n")}), analysers=[Steering()])
    assert look.claims == ()


def moved(old: str, new: str, before: str, after: str) -> FileDiff:
    """A file that is moved, and perhaps edited on the way."""
    file = file_diff(new, before, after)
    return replace(file, status=FileStatus.RENAMED, old_path=old)


GATED = OLD + 'gate = "high"\n'
GONE = "Later changes are reviewed without a configuration"
OTHER = "Later changes are reviewed by other rules"


@pytest.mark.parametrize(
    ("file", "title", "side", "line"),
    [
        (file_diff(PATH, GATED, OLD), OTHER, Side.LEFT, 2),
        (file_diff(PATH, GATED, None), GONE, Side.LEFT, 1),
        (moved(PATH, "old.toml", GATED, GATED), GONE, None, 1),
        (moved(PATH, "old.toml", GATED, OLD + "x = 1\n"), GONE, Side.RIGHT, 2),
        (moved(PATH, "yarn.lock", GATED, OLD), GONE, Side.LEFT, 2),
        (moved("new.toml", PATH, "\n" + OLD, "\n" + OLD), OTHER, None, 2),
    ],
    ids=["a line", "the file", "moved away", "and edited", "to a lock file", "moved there"],
)
async def test_s31_taking_the_configuration_away_is_a_finding(
    file: FileDiff, title: str, side: Side | None, line: int
) -> None:
    """The gate of all later changes falls by what is removed, not by what is added."""
    of = Change((file,))
    (found,) = anchor((await static_look(of, analysers=ANALYSERS)).claims, of).findings
    assert (found.title, found.severity, found.line) == (title, Severity.MEDIUM, line)
    assert (found.location.side if found.location else None) is side


async def test_s31_a_pure_move_of_the_configuration_is_looked_at_though_nothing_else_is() -> None:
    of = Change((moved(PATH, "old.toml", GATED, GATED),))
    calls = planned(of, policy(engines=(STATIC,))).calls
    assert [call.name for call in calls] == ["security static"]


async def test_what_is_copied_or_asked_by_others_is_not_told() -> None:
    copied = replace(moved(PATH, "copy.toml", OLD, OLD), status=FileStatus.COPIED)
    assert (await static_look(Change((copied,)), analysers=[Steering()])).claims == ()
    new = change({PATH: (None, OLD)})
    assert (await static_look(new, "style", analysers=[Steering()])).claims == ()
