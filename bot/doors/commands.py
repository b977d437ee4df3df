"""What a comment asks of Triptych. Pure, and shared by every door that reads comments.

Only a plain line that begins with `/triptych` counts: what stands in a quote, in code, in an HTML
comment or below a mail's signature was not said by the person who wrote (case S30). A command takes a
finding and a reason, nothing else: no setting can be given in a comment. Whether the person may ask
is for the door to find out. Nothing of the comment's text stands in a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.jobs.protocol import Verb
from bot.outputs.replies import HELP

MOST_REASON = 500
"""Characters of a reason; it is shown on the pull request."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command in order.

    `finding` is an id or the first 6 or more digits of one, "" where the comment must stand in the
    finding's thread; `reason` is of a dismissal, one line, at most `MOST_REASON` characters.
    """

    verb: Verb
    finding: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that begins like a command and is none: what is wrong, and what to `do`."""

    what: str
    do: str


_DO = "Write one of: " + ", ".join(f"`{usage}`" for usage, _ in HELP) + "."

_NO_MORE = "`explain` takes the id of a finding and nothing else."
_NO_ID = "What follows `explain` is no id of a finding: an id is 6 to 16 of the digits 0-9 and a-f."

_NO_REASON = (
    "A dismissal needs the id of a finding and a reason; in the thread of the finding itself "
    "a reason is enough."
)

_COMMAND = re.compile(r"/triptych(?:[ \t]+(.*))?", re.ASCII | re.IGNORECASE)
_FINDING = re.compile(r"`?([0-9a-f]{6,16})`?", re.ASCII | re.IGNORECASE)
_FENCE = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}+(?!.*`)|~{3,})")
_QUOTE = re.compile(r" {0,3}>[ \t]*(.*)")
_SIGNATURE = re.compile(r"--[ \t]*")
_HIDES = re.compile(r"<!--|<(pre|code|blockquote|script|style|textarea)\b", re.IGNORECASE)
"""What takes lines away from the plain text, where it does not stand in code itself."""


def parse_command(body: str) -> Command | Refusal | None:
    """The command in a comment; None where there is none, a Refusal where it is not in order."""
    if "/triptych" not in body.lower():  # Most comments: nobody need take their Markdown apart.
        return None
    lines = (line for line in _plain(body) if not line.startswith((" ", "\t")))
    asked = [match for line in lines if (match := _COMMAND.fullmatch(line.rstrip()))]
    if len(asked) > 1:
        return Refusal("A comment can hold one command, this one holds more.", _DO)
    return _parsed((asked[0][1] or "").strip()) if asked else None


def _parsed(text: str) -> Command | Refusal:
    name, rest = _first_word(text)
    try:
        verb = Verb(name.lower())
    except ValueError:
        return Refusal("That is no command.", _DO)
    match verb:
        case Verb.EXPLAIN:
            finding = _FINDING.fullmatch(rest)
            if rest and not finding:
                return Refusal(_NO_ID if len(rest.split()) == 1 else _NO_MORE, _DO)
            return Command(verb, finding[1].lower() if finding else "")
        case Verb.DISMISS:
            return _dismissal(rest)
        case Verb.REVIEW | Verb.STOP | Verb.HELP:
            if rest:
                return Refusal(f"`{verb.value}` takes nothing else; settings are no commands.", _DO)
            return Command(verb)
        case Verb.ANSWER:
            return Refusal("That is no command.", _DO)


def _dismissal(rest: str) -> Command | Refusal:
    first, more = _first_word(rest)
    finding = _FINDING.fullmatch(first)
    reason = more if finding else rest
    if not rest:
        return Refusal(_NO_REASON, _DO)
    if not reason:
        return Refusal("A dismissal needs a reason.", _DO)
    if reason.startswith("--"):
        return Refusal("`dismiss` takes a finding and a reason; settings are no commands.", _DO)
    if len(reason) > MOST_REASON:
        return Refusal(
            f"The reason is longer than {MOST_REASON} characters.", "Say it in a sentence."
        )
    return Command(Verb.DISMISS, finding[1].lower() if finding else "", reason)


def _first_word(text: str) -> tuple[str, str]:
    first, *rest = text.split(maxsplit=1) or [""]
    return first, "".join(rest)


def _plain(body: str) -> Iterator[str]:
    """The lines that a reader takes as said here, by GitHub's Markdown."""
    paragraph: list[str] = []
    for line in _outside_blocks(body):
        if line.strip():
            paragraph.append(line)
        else:
            yield from _outside_spans(paragraph)
            paragraph = []
    yield from _outside_spans(paragraph)


def _outside_blocks(body: str) -> Iterator[str]:
    """Every line, "" for those of fences, quotes and hidden HTML; none after a signature."""
    fence = closes = ""
    quoted = False
    for line in re.split(r"\r\n|\r|\n", body):
        if fence:
            end = line.strip()
            fence = "" if end.startswith(fence) and not end.strip(fence[0]) else fence
            yield ""
        elif closes:
            closes = _still_hidden(line, closes)
            yield ""
        elif _SIGNATURE.fullmatch(line):
            return
        elif quote := _QUOTE.match(line):
            # A line below a quoted one belongs to the quote, until there is a gap.
            quoted = bool(quote[1])
            yield ""
        elif opening := _FENCE.match(line):
            fence, quoted = opening[1], False
            yield ""
        elif quoted and line.strip():
            yield ""
        else:
            quoted = False
            closes = _hidden_after(line)
            yield line


def _still_hidden(line: str, closes: str) -> str:
    """What must still come after this line, of which the beginning is hidden until `closes`."""
    end = _end(line, closes, 0)
    return closes if end is None else _hidden_after(line[end:])


def _hidden_after(line: str) -> str:
    """What ends the HTML that a line opens and does not close; "" where it opens none."""
    runs, pairs = _ticks(line)
    at = i = 0
    for found in _HIDES.finditer(line):
        while i < len(runs) and runs[i][0] < found.start():
            if i in pairs and runs[i][0] >= at:
                i = pairs[i]
                at = runs[i][1]
            i += 1
        if found.start() >= at:
            closes = f"</{found[1].lower()}" if found[1] else "-->"
            end = _end(line, closes, found.end())
            if end is None:
                return closes
            at = end
    return ""


def _end(line: str, closes: str, start: int) -> int | None:
    found = re.compile(re.escape(closes), re.IGNORECASE).search(line, start)
    return found.end() if found else None


def _outside_spans(paragraph: list[str]) -> Iterator[str]:
    """The lines of a paragraph that do not begin within a code span."""
    text = "\n".join(paragraph)
    runs, pairs = _ticks(text)
    spans, i = [], 0
    while i < len(runs):
        if i in pairs:
            spans.append((runs[i][0], runs[pairs[i]][1]))
            i = pairs[i]
        i += 1
    at, first = 0, 0
    for line in paragraph:
        while first < len(spans) and spans[first][1] <= at:
            first += 1
        if first == len(spans) or spans[first][0] >= at:
            yield line
        at += len(line) + 1


def _ticks(text: str) -> tuple[list[tuple[int, int]], dict[int, int]]:
    """The runs of backticks, and of each the next of its own length: there a code span would end.

    In one pass, so that no comment takes long.
    """
    runs = [(m.start(), m.end()) for m in re.finditer("`+", text)]
    pairs: dict[int, int] = {}
    latest: dict[int, int] = {}
    for i in range(len(runs) - 1, -1, -1):
        length = runs[i][1] - runs[i][0]
        if length in latest:
            pairs[i] = latest[length]
        latest[length] = i
    return runs, pairs
