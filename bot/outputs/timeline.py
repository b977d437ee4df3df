"""Where the time of a review went, as a picture: who waited, answered, was lost and tried again.

One row for the analysers, one for each call, one for the moments at which the findings were put
together. Drawn on the server as SVG without a script; every colour is said a second time by shape.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import escape

from bot.outputs.page import thousands
from bot.outputs.shapes import CallShape, Document
from bot.outputs.words import seconds
from reviewers.core.allowance import amount
from reviewers.core.call import Reading, Task
from reviewers.core.policy import STATIC

ROWS = 60
"""So many calls are drawn; the table beside the picture names all."""
NAME_CHARS = 22
TICKS = 6
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)


class Kind(enum.StrEnum):
    """What a stretch of a row shows. The value is its class in the picture."""

    WAITED = "waited"
    ANALYSED = "analysed"
    ANSWERED = "answered"
    VERIFIED = "verified"
    LOST = "lost"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in seconds since the first call began; SETTLED is a moment."""

    kind: Kind
    start: float
    end: float
    said: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture. Tokens of all its attempts; `cost` in USD, None: price unknown."""

    name: str
    spans: tuple[Span, ...]
    tokens: tuple[int, int, int] | None = None
    cost: float | None = 0.0
    ended: str = ""

    @property
    def words(self) -> str:
        """What the spans show, in words."""
        return "; ".join(_words(span) for span in self.spans)

    @property
    def figures(self) -> str:
        """`61k / 60k / 1.4k`: tokens in, of them cached, and out; "" where no model was asked."""
        return " / ".join(thousands(n) for n in self.tokens) if self.tokens else ""

    @property
    def price(self) -> str:
        """USD, as `amount` has it."""
        return "unknown" if self.cost is None else amount(self.cost)


def _words(span: Span) -> str:
    at = f"{span.start:.1f} s"
    length = seconds(max(span.end - span.start, 0.0))
    match span.kind:
        case Kind.WAITED:
            return f"waited {length} for the shared cache"
        case Kind.ANALYSED:
            return f"analysed for {length}"
        case Kind.ANSWERED | Kind.VERIFIED:
            return f"answered from {at} for {length}"
        case Kind.LOST:
            return f"lost after {length} ({span.said})"
        case Kind.SETTLED:
            return f"findings put together at {at}"


@dataclass(frozen=True)
class Timeline:
    """The rows, and the length of the review in seconds."""

    rows: tuple[Row, ...]
    seconds: float


def timeline(doc: Document) -> Timeline:
    """The picture's content."""
    static = [c for c in doc.calls if c.engine == STATIC]
    models = [c for c in doc.calls if c.engine != STATIC]
    rows = [_analysers(static)] if static else []
    rows += [_call(c) for c in models]
    if doc.calls:
        rows.append(Row("aggregate", tuple(_settled(doc.calls)), cost=0.0))
    ends = [span.end for row in rows for span in row.spans]
    return Timeline(tuple(rows), max([doc.seconds, *ends]))


def _analysers(calls: Sequence[CallShape]) -> Row:
    """All analysers together: they take moments and cost nothing."""
    end = max(c.start + c.seconds for c in calls)
    failed = [c.reading for c in calls if Reading(c.reading).is_gap]
    start = min(c.start for c in calls)
    return Row("analysers", (Span(Kind.ANALYSED, start, end),), ended=failed[0] if failed else "")


def _call(call: CallShape) -> Row:
    usage = call.usage
    reading = Reading(call.reading)
    return Row(
        call.name,
        tuple(_spans(call, reading)),
        (usage.uncached + usage.written + usage.read, usage.read, usage.out),
        call.cost_usd,
        call.reading if reading.is_gap else "",
    )


def _spans(call: CallShape, reading: Reading) -> Iterator[Span]:
    """Waited, then each attempt; the last one answered unless the call came to nothing."""
    begun = call.start + call.waited
    end = call.start + call.seconds
    if call.waited > 0:
        yield Span(Kind.WAITED, call.start, begun)
    for attempt in call.attempts[:-1]:
        start = call.start + attempt.start
        yield Span(Kind.LOST, start, start + attempt.seconds, attempt.result)
    start = call.start + call.attempts[-1].start if call.attempts else begun
    if reading is Reading.BUDGET or end <= start:
        return
    if reading is Reading.READ:
        yield Span(Kind.VERIFIED if call.task == Task.VERIFY else Kind.ANSWERED, start, end)
    else:
        yield Span(Kind.LOST, start, end, call.reading)


def _settled(calls: Iterable[CallShape]) -> Iterator[Span]:
    """The end of each round: then what is there is put together, within milliseconds."""
    ends: dict[int, float] = {}
    for call in calls:
        ends[call.round] = max(ends.get(call.round, 0.0), call.start + call.seconds)
    for _, end in sorted(ends.items()):
        yield Span(Kind.SETTLED, end, end)


# --- drawing


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand: in percent of the width, and in pixels of the height.

    The width has no unit of its own, so that texts keep their size on every screen. `letter` is about
    the width of one, where the picture is as narrow as it gets.
    """

    name: str
    left: float
    right: float
    row: int
    text: int
    bar: int
    figures: float
    letter: float

    def has_room(self, x: float) -> bool:
        """Whether a word finds room behind this place."""
        return x < self.left + 0.7 * (self.right - self.left)


WIDE = Layout("wide", left=19.0, right=71.0, row=28, text=18, bar=8, figures=89.0, letter=0.9)
NARROW = Layout("narrow", left=0.0, right=100.0, row=46, text=16, bar=24, figures=82.0, letter=2.4)
"""On a phone name and figures stand above their bar."""
BAR = 12
HEAD = 26


def timeline_svg(of: Timeline, layout: Layout) -> str:
    """The picture as SVG; colours come from the page's style. Texts are escaped here."""
    rows = of.rows[:ROWS]
    height = HEAD + layout.row * len(rows) + 6
    out = [
        f'<svg class="timeline {layout.name}" width="100%" height="{height}" '
        'role="presentation" aria-hidden="true" focusable="false">',
        *_axis(of.seconds, layout, height),
    ]
    for number, row in enumerate(rows):
        out += _row(row, HEAD + number * layout.row, of.seconds, layout)
    return "\n".join((*out, "</svg>"))


def _axis(length: float, layout: Layout, height: int) -> Iterator[str]:
    """Vertical lines at round seconds; over them how many, over the columns what they are."""
    for at in ticks(length):
        x = _x(at, length, layout)
        anchor = "start" if at == 0 else "end" if _x(at, length, layout) > 97 else "middle"
        yield f'<line class="grid" x1="{x:g}%" x2="{x:g}%" y1="{HEAD - 4}" y2="{height}"/>'
        yield f'<text class="tick" x="{x:g}%" y="14" text-anchor="{anchor}">{at:g} s</text>'
    if layout is WIDE:
        yield _text("tick", layout.figures, 14, "in / cached / out", "end")
        yield _text("tick", 100.0, 14, "USD", "end")


def ticks(length: float) -> list[float]:
    """Round seconds from 0 on, about six; the last is not behind the end."""
    step = next((s for s in _STEPS if length / s <= TICKS), _STEPS[-1])
    return [round(i * step, 1) for i in range(int(length / step + 1e-9) + 1)][: TICKS * 4]


def _row(row: Row, top: int, length: float, layout: Layout) -> Iterator[str]:
    y = top + layout.text
    yield _text("name", 0.0, y, _cut(row.name), "start")
    if row.figures:
        yield _text("figure", layout.figures, y, row.figures, "end")
    if row.tokens or row.name == "analysers":
        yield _text("figure", 100.0, y, row.price, "end")
    bar = top + layout.bar
    for span in row.spans:
        yield from _span(span, bar, length, layout)
    for span in row.spans:
        if span.kind is Kind.LOST:
            yield _cross(span, bar, length, layout)
    if row.ended:
        yield _ended(row, bar, length, layout)


def _ended(row: Row, bar: int, length: float, layout: Layout) -> str:
    """How the call ended: behind its last bar; where there is no room, in it if that is hollow and
    long enough, else before it.
    """
    nothing = Span(Kind.WAITED, 0.0, 0.0)
    last = max(row.spans, key=lambda span: span.end, default=nothing)
    x, width = _stretch(last, length, layout)
    is_lost = last.kind is Kind.LOST
    is_cross = is_lost and _is_short(width, layout)
    shift = 15 if is_cross else 6
    kind, anchor = "ended", "end"
    if layout.has_room(x + width):
        x, anchor = _x(last.end, length, layout), "start"
    elif is_lost and width > layout.letter * (len(row.ended) + 3):
        kind, x, shift = "ended inside", x + width, -16
    else:
        x, shift = x + width * is_cross, -shift
    at = f'x="{x:.4g}%" dx="{shift}" y="{bar + 10}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {at}>{escape(row.ended)}</text>'


def _stretch(span: Span, length: float, layout: Layout) -> tuple[float, float]:
    """Where a span begins, and how wide it is: never so little that nobody sees it."""
    x = _x(span.start, length, layout)
    return x, max(_x(span.end, length, layout) - x, 0.4)


def _is_short(width: float, layout: Layout) -> bool:
    """Whether a bar has no room for a cross."""
    return width < 2 * layout.letter


def _cross(span: Span, y: int, length: float, layout: Layout) -> str:
    """In the bar of what was lost, at its end; a short one is nothing but its cross."""
    x, width = _stretch(span, length, layout)
    kind, end, shift, anchor = "cross", x + width, -2, "end"
    if _is_short(width, layout):
        kind, shift = "cross alone", 0
        if layout.has_room(end):
            end, anchor = x, "start"
    at = f'x="{end:.4g}%" dx="{shift}" y="{y + 11}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {at}>×</text>'


def _span(span: Span, y: int, length: float, layout: Layout) -> Iterator[str]:
    """A thin line for waiting, a bar for an answer, a hollow one for what was lost."""
    x, width = _stretch(span, length, layout)
    kind = span.kind.value
    match span.kind:
        case Kind.SETTLED:
            yield f'<circle class="{kind}" cx="{x:g}%" cy="{y + BAR // 2}" r="5"/>'
        case Kind.WAITED:
            yield _rect(kind, x, y + BAR // 2 - 1, width, 3)
        case Kind.LOST if _is_short(width, layout):
            return
        case _:
            yield _rect(kind, x, y, width, BAR)


def _rect(kind: str, x: float, y: int, width: float, height: int) -> str:
    at = f'x="{x:g}%" y="{y}" width="{width:.4g}%" height="{height}"'
    return f'<rect class="{kind}" {at} rx="2"/>'


def _x(at: float, length: float, layout: Layout) -> float:
    """A moment as a percentage of the width."""
    share = min(max(at / length, 0.0), 1.0) if length > 0 else 0.0
    return round(layout.left + share * (layout.right - layout.left), 2)


def _text(kind: str, x: float, y: int, text: str, anchor: str) -> str:
    at = f'x="{x:g}%" y="{y}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {at}>{escape(text)}</text>'


def _cut(name: str) -> str:
    return name if len(name) <= NAME_CHARS else f"{name[: NAME_CHARS - 1]}…"
