"""Wanted against posted: create, edit, mark, or leave alone. One notification at the most.

`reconcile` decides and is pure; `publish` acts. Nothing is posted twice: the marker of this run is
looked for before anything is tried again, and of two doors that post at the same moment the later
one steps back (design, section 7).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from bot.errors import BadLineProblem, HostProblem, LimitProblem
from bot.hosts.protocol import Forge, PostedReview
from bot.outputs import reread
from bot.outputs.body import delta_body, review_body
from bot.outputs.checkrun import STANDS
from bot.outputs.inline import (
    InlineComment,
    dismissed_comment,
    fixed_comment,
    inline_comments,
)
from bot.outputs.markdown import Pen
from bot.outputs.marker import Marker, read_finding_marker, write_marker
from bot.outputs.seal import Seal
from bot.posted import DUPLICATE, Ours, Standing, standing
from bot.report import Report
from reviewers.core import finding
from reviewers.core.call import Reading
from reviewers.core.history import Known, State
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import Outcome

TRIES = 3
POST_PAUSES = (2.0, 8.0)
"""Seconds before a review that was not taken is tried again, and before anyone looks for it: what
GitHub has taken while it answered an error shows a moment later."""
MOST_CHARS = 65_000
"""A body with the comments that found no place; GitHub takes 65,536 characters."""


@dataclass(frozen=True, slots=True)
class Create:
    """Post a review: one request, one notification."""

    body: str
    comments: tuple[InlineComment, ...] = ()


@dataclass(frozen=True, slots=True)
class EditReview:
    """Replace a body of ours; nobody is notified."""

    review: int
    body: str


@dataclass(frozen=True, slots=True)
class EditComment:
    """Replace an inline comment of ours and fold it away."""

    comment: int
    node: str
    body: str
    path: str = ""


@dataclass(frozen=True)
class Publication:
    """What is to be done on the pull request, in this order."""

    edits: tuple[EditReview, ...] = ()
    create: Create | None = None
    comments: tuple[EditComment, ...] = ()


@dataclass(frozen=True)
class Published:
    """What was done: the address of the review ("" when nothing is posted), how many comments came
    with it, and what went wrong. `left` says why what stands there was left alone (see `adds_nothing`).
    """

    url: str = ""
    created: bool = False
    edited: bool = False
    inline: int = 0
    notes: tuple[str, ...] = field(default=())
    left: str = ""


def reconcile(
    report: Report,
    stands: Standing,
    *,
    quiet_when_clean: bool,
    redact: Redaction = Redaction(),
) -> Publication:
    """What to do so that the pull request says what the report says.

    `quiet_when_clean`: a first review without a finding worth a notification is told elsewhere (a
    check run), so nothing is posted for it.
    """
    main, verdict = stands.main, report.verdict
    if main is None:
        if quiet_when_clean and not _is_worth_a_review(report):
            return Publication()
        comments = tuple(inline_comments(report, redact))
        return Publication(create=Create(review_body(report, redact), comments))
    new = _to_be_told(report, stands)
    comments = tuple(c for c in inline_comments(report, redact) if c.finding.id in new)
    create = None
    if new:
        body = delta_body(_news(report, new), main.review.url, redact)
        create = Create(body, comments)
    # What another trusted account has posted is believed, and is not ours to edit.
    edit = EditReview(main.review.id, review_body(report, redact)) if main.review.ours else None
    return Publication(
        edits=(edit,) if edit else (),
        create=create,
        comments=tuple(_closed((*verdict.all_fixed, *verdict.dismissed), stands, redact)),
    )


def adds_nothing(report: Report) -> str:
    """Why a review tells nothing that was not told before of this very commit, under this configuration:
    no money was left to ask any model, and what it knows is known. "" where it may tell something.

    What stands there then holds the better receipt.
    """
    verdict, history = report.verdict, report.verdict.history
    open_before = {k.finding.id for k in history.known if k.state in (State.OPEN, State.LATE)}
    news = verdict.fixed or any(f.id not in open_before for f in verdict.findings)
    is_same = (history.head, history.config) == (verdict.change.head, report.config)
    if news or not is_same or any(k.reading is not Reading.BUDGET for k in verdict.model_looks):
        return ""
    return str(verdict.reached or "")


def _to_be_told(report: Report, stands: Standing) -> set[str]:
    """Findings that nobody was told of: the new ones, and those that have come back.

    A new one that a review of ours names was told of already: by a run that was interrupted before
    it edited the body, or by one whose history is not read (a relayed review has none). Most have a
    comment; of what is past `inline_limit` or on no line only the marker tells.
    """
    listed = report.verdict.shown.listed
    told = {identity for identity, _, _ in stands.comments()}
    told |= {identity for ours in stands.ours if ours.sealed for identity in ours.marker.open}
    back = {f.id for f in listed if f.standing is finding.Standing.BACK}
    return back | {f.id for f in listed if f.standing is finding.Standing.NEW and f.id not in told}


def _news(report: Report, new: Collection[str]) -> Report:
    """The report in which nothing but `new` is new: the short review counts no other as such."""
    findings = tuple(
        replace(f, standing=finding.Standing.OPEN)
        if f.standing is finding.Standing.NEW and f.id not in new
        else f
        for f in report.verdict.findings
    )
    return replace(report, verdict=replace(report.verdict, findings=findings))


def _is_worth_a_review(report: Report) -> bool:
    """A finding at or above `min_severity`, or something that nobody read."""
    verdict = report.verdict
    return bool(verdict.shown.listed) or verdict.outcome is Outcome.INCOMPLETE


def _closed(known: Iterable[Known], stands: Standing, redact: Redaction) -> list[EditComment]:
    """Comments on what is fixed or dismissed: they say so and fold away. Where one was folded away by a
    person, or could not be edited in an earlier run, it does not say so yet.
    """
    texts: dict[str, tuple[State, str]] = {}
    for k in known:
        if k.state is State.FIXED:
            texts[k.finding.id] = k.state, fixed_comment(k, k.fixed_in, redact)
        elif k.state is State.DISMISSED and k.dismissal:
            texts[k.finding.id] = k.state, dismissed_comment(k, redact)
    edits = []
    for identity, _, comment in stands.comments(own=True):
        state, text = texts.get(identity, (State.OPEN, ""))
        said = reread.comment(comment.body)
        says_so = said is not None and said.state is state
        # What a person has unfolded is left alone, unless it is dismissed and so may come back.
        if text and not (says_so and (comment.hidden or state is State.FIXED)):
            edits.append(EditComment(comment.id, comment.node, text, comment.path))
    return edits


async def mark_closed(
    forge: Forge,
    known: Iterable[Known],
    stands: Standing,
    redact: Redaction = Redaction(),
    seal: Seal | None = None,
) -> None:
    """Edit the comments on what is closed that do not say so yet, where a run was interrupted."""
    plan = Publication(comments=tuple(_closed(known, stands, redact)))
    await _mark(forge, (_sealed(plan, seal) if seal else plan).comments)


async def _mark(forge: Forge, comments: Iterable[EditComment]) -> list[str]:
    """What went wrong."""
    notes = []
    for comment in comments:
        try:
            await forge.edit_comment(comment.comment, comment.body)
            await forge.hide(comment.node, "RESOLVED")
        except HostProblem as e:
            notes.append(f"A closed finding could not be marked: {e.what}")
    return notes


def _sealed(plan: Publication, seal: Seal) -> Publication:
    create = plan.create
    if create:
        told = (
            replace(c, body=seal.sealed_comment(c.location.path, c.body)) for c in create.comments
        )
        create = Create(seal.sealed(create.body), tuple(told))
    edits = tuple(replace(e, body=seal.sealed(e.body)) for e in plan.edits)
    comments = tuple(replace(c, body=seal.sealed_comment(c.path, c.body)) for c in plan.comments)
    return Publication(edits, create, comments)


async def publish(
    forge: Forge,
    report: Report,
    stands: Standing,
    accounts: Sequence[str],
    *,
    quiet_when_clean: bool,
    redact: Redaction = Redaction(),
    posted: PostedReview | None = None,
    seal: Seal | None = None,
) -> Published:
    """Do it. The review comes first; what only tidies up may fail without harm to it.

    `posted` is what this very run has posted before it was interrupted; it is not in `stands`.
    """
    url = stands.main.review.url if stands.main else ""
    if not posted and (why := adds_nothing(report)):
        return Published(url, notes=(f"Nothing was read: {why}. {STANDS}",), left=why)
    plan = reconcile(report, stands, quiet_when_clean=quiet_when_clean, redact=redact)
    if seal is not None:
        plan = _sealed(plan, seal)
    notes: list[str] = []
    inline = len(posted.comments) if posted else 0
    if plan.create and not posted:
        posted, inline = await _create(forge, report, plan.create, accounts, redact, seal)
    url = url or (posted.url if posted else "")
    for edit in plan.edits:
        await forge.edit_review(edit.review, edit.body)
    notes += await _mark(forge, plan.comments)
    if posted:
        try:
            if first := await _settle_race(forge, report, posted, stands, accounts, seal):
                notes.append("Another run posted at the same moment; its review stays.")
                url = first
        except HostProblem as e:
            notes.append(f"It is not known whether this was reviewed twice: {e.what}")
    return Published(url, plan.create is not None, bool(plan.edits), inline, tuple(notes))


async def _create(
    forge: Forge,
    report: Report,
    create: Create,
    accounts: Sequence[str],
    redact: Redaction,
    seal: Seal | None,
) -> tuple[PostedReview, int]:
    """Post, at most once: after a lost answer the marker tells whether it was taken. The review, and
    how many comments came with it.
    """
    commit = report.verdict.change.head
    for attempt in range(1, TRIES + 1):
        try:
            made = await forge.post_review(create.body, create.comments, commit)
            return made, len(create.comments)
        except BadLineProblem:
            if attempt == TRIES or not create.comments:
                raise
            create = await _with_good_lines(forge, report, create, redact)
            create = replace(create, body=seal.sealed(create.body)) if seal else create
        except LimitProblem:
            # It was waited for as long as a request may; and refused, so there is nothing to find.
            raise
        except HostProblem as e:
            if not e.retryable:
                raise
            await forge.pause(POST_PAUSES[min(attempt, len(POST_PAUSES)) - 1])
            if found := standing(await forge.reviews(), accounts, seal).by_run(report.run):
                return found.review, len(found.review.comments)
            if attempt == TRIES:
                raise
    raise AssertionError("every last try returns or raises")


async def _with_good_lines(
    forge: Forge, report: Report, create: Create, redact: Redaction
) -> Create:
    """The same review, the comments that the site refuses moved into its body (case S65).

    The site does not say which one it refuses, so halves are tried as drafts that nobody sees.
    """
    bad = await _refused(forge, create.comments, report.verdict.change.head)
    good = tuple(c for c in create.comments if c not in bad)
    pen = Pen(report, redact)
    text, _, marker = create.body.rpartition("\n\n")
    in_full, short = (
        "\n".join(f"- {pen.title_line(c.finding)}{_rest(pen, c) if full else ''}" for c in bad)
        for full in (True, False)
    )
    room = MOST_CHARS - len(create.body)
    moved = in_full if len(in_full) <= room else short if len(short) <= room else ""
    told = f"GitHub took no comment on these lines:\n{moved}" if moved else ""
    return Create("\n\n".join(part for part in (text, told, marker) if part), good)


def _rest(pen: Pen, comment: InlineComment) -> str:
    return f". {pen.why(comment.finding)}{pen.bold_fix(comment.finding, blank=True)}"


async def _refused(
    forge: Forge, comments: Sequence[InlineComment], commit: str
) -> tuple[InlineComment, ...]:
    """Which of some comments the site does not take, known that it does not take them together."""
    if len(comments) == 1:
        return tuple(comments)
    half = len(comments) // 2
    bad = await _refused_if_tried(forge, comments[:half], commit)
    if not bad:
        return await _refused(forge, comments[half:], commit)
    return (*bad, *await _refused_if_tried(forge, comments[half:], commit))


async def _refused_if_tried(
    forge: Forge, comments: Sequence[InlineComment], commit: str
) -> tuple[InlineComment, ...]:
    """The same, not known yet. Where trying fails, all count as refused: the body will tell them."""
    try:
        if await forge.accepts(comments, commit):
            return ()
    except HostProblem:
        return tuple(comments)
    return await _refused(forge, comments, commit)


async def _settle_race(
    forge: Forge,
    report: Report,
    posted: PostedReview,
    before: Standing,
    accounts: Sequence[str],
    seal: Seal | None,
) -> str:
    """Two doors at once: the lowest id stays, the later review becomes one line.

    GitHub has no compare-and-swap, so each looks again after it has posted. Returns the address of
    the one that stays when it is not ours.
    """
    known = {o.review.id for o in before.ours}
    now = standing(await forge.reviews(), accounts, seal).ours
    same = (report.verdict.change.head, report.config)
    rivals = [
        o
        for o in now
        if o.review.id not in known and o.may_stand and (o.marker.head, o.marker.config) == same
    ]
    first = min(rivals, key=lambda o: o.review.id, default=None)
    if first is None or first.review.id >= posted.id:
        return ""
    await forge.edit_review(posted.id, _stepped_back(first, report))
    told = set(first.marker.open)
    mine = next((o.review.comments for o in rivals if o.review.id == posted.id), ())
    for comment in mine:
        found = read_finding_marker(comment.body)
        if found and found[0] in told:
            await forge.hide(comment.node, "DUPLICATE")
    return first.review.url


def _stepped_back(first: Ours, report: Report) -> str:
    """What is left of a review that came second."""
    marker = Marker(report.run, report.verdict.change.head, report.config, DUPLICATE)
    link = f"[the review]({first.review.url})"
    return f"Reviewed twice at the same moment: see {link}.\n\n{write_marker(marker)}"
