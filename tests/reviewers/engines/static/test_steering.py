"""Who changes how changes are reviewed is seen doing it."""

from __future__ import annotations

import pytest

from bot.config import PATH
from reviewers.core.finding import Severity
from reviewers.engines.static.steering import STEERS, Steering
from tests.builders import change
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


async def test_what_is_only_removed_or_asked_by_others_is_not_told() -> None:
    gone = change({PATH: (OLD + "gate = 'high'\n", OLD)})
    assert (await static_look(gone, analysers=[Steering()])).claims == ()
    new = change({PATH: (None, OLD)})
    assert (await static_look(new, "style", analysers=[Steering()])).claims == ()
