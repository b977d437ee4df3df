"""A review job as one line of the operator's list: gaps before price."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from bot.jobs.protocol import JobRow, JobState, Place, Trigger
from bot.outputs.digest import Digest
from bot.outputs.words import capital
from reviewers.core.allowance import amount
from reviewers.core.verdict import Outcome

CUT = "…"
_CAME_TO_NOTHING = (JobState.SKIPPED, JobState.CANCELLED)
_REVIEW = re.compile(r"#pullrequestreview-([0-9]{1,20})$")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as people and machines read it."""

    shown: str
    iso: str


@dataclass(frozen=True, slots=True)
class JobLine:
    """One row of the list; `link` is the job's address below `reviews/`."""

    link: str
    when: Moment
    label: str
    pull: str
    head: str
    state: str
    kind: str
    said: str
    unread: str
    cost: str
    seconds: str
    may_retry: bool


def job_line(
    row: JobRow,
    now: float,
    web: str,
    digests: Mapping[str, Digest],
    beside: Sequence[JobRow] = (),
) -> JobLine:
    """The line of a job, as it is at `now`; `beside` are the jobs of its pull request, and others."""
    has_run = row.started > 0
    end = row.ended or now
    known = digests.get(row.id)
    finished = row.state is JobState.DONE
    return JobLine(
        link=quote(row.id, safe=""),
        when=moment(row.ended or row.started or row.created, now),
        label=str(row.place),
        pull=pull_url(web, row.place),
        head=row.head[:7],
        state=outcome(row),
        kind=_kind(row),
        said=row.note or (_said(row, known) if finished else ""),
        unread=str(row.unread) if finished else "–",
        cost=price(row) if has_run else "–",
        seconds=f"{max(end - row.started, 0):,.0f}" if has_run else "–",
        may_retry=may_retry(row, known) and not is_overtaken(row, beside),
    )


def outcome(row: JobRow) -> str:
    """The word in the list: how the review came out, else where the job stands."""
    if row.state is JobState.DONE:
        return row.outcome or row.state.value
    return "given up" if row.state is JobState.DEAD else row.state.value


def _said(row: JobRow, digest: Digest | None) -> str:
    """The title, without the outcome that stands before it already."""
    title = in_full(row.title, digest.title if digest else "")
    return title.removeprefix(f"{capital(row.outcome)}: ")


def is_cut(title: str) -> bool:
    """Whether a title was shortened for GitHub's list of checks."""
    return CUT in title


def in_full(title: str, whole: str) -> str:
    """`whole` where `title` is that, shortened; else `title`: it tells of something later."""
    head, _, rest = title.partition(CUT)
    return whole if is_cut(title) and whole.startswith(head) and whole.endswith(rest) else title


def _kind(row: JobRow) -> str:
    """The word's class in the style: of the outcomes, or `dead`; "" for what is under way."""
    if row.state is JobState.DONE:
        return row.outcome if row.outcome in {o.value for o in Outcome} else ""
    return row.state.value if row.state is JobState.DEAD else ""


def may_retry(row: JobRow, digest: Digest | None = None) -> bool:
    """Whether doing it again may come out better. What is only too large stays too large."""
    if row.state is JobState.DEAD:
        return True
    if row.state is not JobState.DONE or row.outcome not in ("incomplete", "failed"):
        return False
    return digest is None or digest.helps


def is_overtaken(row: JobRow, beside: Sequence[JobRow]) -> bool:
    """Whether a newer job took the place of this one, or a newer commit is known: done again, it would
    review another commit than it names. A newer job of the same commit that came to nothing took
    nobody's place; and a second look takes that of none but a second look.
    """
    is_second_look = row.trigger is Trigger.DISPUTE
    return any(
        o.created > row.created
        and o.place.key == row.place.key
        and (o.trigger is Trigger.DISPUTE) is is_second_look
        and (o.state not in _CAME_TO_NOTHING or o.head not in ("", row.head))
        for o in beside
    )


def price(row: JobRow) -> str:
    """USD, as `amount` has it."""
    return "unknown" if row.cost is None else amount(row.cost)


def moment(at: float, now: float) -> Moment:
    """`13:57` of today, else `11-20 13:57`, in UTC; in full for machines."""
    if at <= 0:
        return Moment("–", "")
    then, today = (datetime.fromtimestamp(t, UTC) for t in (at, now))
    shown = f"{then:%H:%M}" if then.date() == today.date() else f"{then:%m-%d %H:%M}"
    return Moment(shown, f"{then:%Y-%m-%dT%H:%M:%SZ}")


def ago(seconds: float) -> str:
    """`8 s`, `40 min`, `5 h`, `6 d`."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length or (unit == "d" and seconds >= length):
            return f"{seconds // length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def pull_url(web: str, place: Place) -> str:
    """The pull request on the configured host; "" for a name that no repository has."""
    if not _REPOSITORY.fullmatch(place.repository):
        return ""
    return f"{web}/{place.repository}/pull/{int(place.number)}"


def review_url(web: str, place: Place, posted: str) -> str:
    """The posted review: our own address of it, of which only the number is taken from `posted`."""
    pull, found = pull_url(web, place), _REVIEW.search(posted)
    return f"{pull}#pullrequestreview-{found[1]}" if pull and found else ""


def blob_url(web: str, place: Place, head: str, path: str, line: int | None) -> str:
    """A line of a file at the head that was reviewed; "" where the address would be a guess."""
    # What was escaped or cut is not the name, and a name cannot lead out of the repository.
    is_name = not {"", ".", ".."} & set(path.split("/")) and not {"‹", "…"} & set(path)
    is_commit = re.fullmatch(r"[0-9a-f]{40}", head)
    if not (is_name and is_commit and _REPOSITORY.fullmatch(place.repository)):
        return ""
    anchor = f"#L{int(line)}" if line else ""
    return f"{web}/{place.repository}/blob/{head}/{quote(path)}{anchor}"
