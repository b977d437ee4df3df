"""What our own texts say, read back: the reverse of the lists, folds and comments that we write.

Titles, reasons and fixes are texts of models, made inert when they were written. They are taken
apart by the same grammar, so that nothing in them can pass for our own words: outside of code spans
a star, a backtick and a backslash are always escaped.
"""

from __future__ import annotations

import html
import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.outputs.folds import MIXED
from bot.outputs.inert import inert
from bot.outputs.titles import REMOVED
from bot.outputs.words import small
from reviewers.core.finding import Ballot, Severity, Side
from reviewers.core.history import Dismissal, State
from reviewers.core.secrets import Redaction


def _span(name: str, inside: str = r"[^\n]*?") -> str:
    """A pattern of a code span. It ends where it first can, and nowhere else: who may edit our texts must
    not have us try every other end.
    """
    return rf"(?>(?P<{name}>`+)(?!`){inside}(?<!`)(?P={name})(?!`))"


def _inert(name: str) -> str:
    """A pattern of inert text; code spans are passed over whole."""
    span = _span(f"{name}_fence")
    return rf"(?P<{name}>(?:\\.|[^`*\\\n]|{span})*?)"


_SEVERITY = "(?P<severity>Critical|High|Medium|Low|Info)"
_HEAD = rf"\*\*{_SEVERITY}(?:, [a-z ]+)?: {_inert('title')}\.\*\*"
_URL = r"(?>[^\s()]+?/blob/[0-9a-f]{40}/)(?P<path>[^\s()#]+)#L(?P<line>\d{1,9})(?!\d)"
_LINK = rf"\[{_span('label')}\]\({_URL}\)"
_CODE = _span("fence", r" ?(?P<shown>[^\n]*?) ?")
_PLACE = rf"(?:{_LINK}|{_CODE})"
_WHY = rf"\s*+{_inert('why')}(?: ?\*\*Fix:\*\* {_inert('fix')})?$"
_LISTED = re.compile(rf"(?m)^(?P<number>[1-9]\d{{0,5}})\. {_HEAD} {_PLACE}(?P<rest>[^\n]*)$")
_LATE = re.compile(rf"(?m)^- {_HEAD} {_PLACE}(?:, (?P<proof>[^\n]*?))?\.(?: |$)(?P<rest>[^\n]*)$")
_WORDS = "critical|high|medium|low|info|findings"
_REST = r": [^\n]*</summary>\n\n((?>[^\n]*(?:\n(?!</?details>)[^\n]*)*))\n</details>"
"""A fold from behind what its summary says first; it holds no other fold."""
_LATE_FOLD = re.compile(rf"(?m)^<details><summary>\d+ late{_REST}")
_MORE_FOLD = re.compile(rf"(?m)^<details><summary>(\d{{1,6}}) more ({_WORDS}){_REST}")
_QUIET_FOLD = re.compile(rf"(?m)^<details><summary>(\d{{1,6}}) ({_WORDS}) below [a-z]+{_REST}")
_TITLED = re.compile(rf"- {_CODE}: (?P<titles>[^\n]+)\.$")
_OWN = rf"{_SEVERITY}: {_inert('title')}"
_SHARED = _inert("title")
_BARE_TITLE = {True: re.compile(_OWN), False: re.compile(_SHARED)}
_LINKED_TITLE = {
    mixed: re.compile(rf"\[\d+\]\({_URL}\) {title}(?:; (?=\[)|$)")
    for mixed, title in ((True, _OWN), (False, _SHARED))
}
"""A fold of one severity names it once, in its summary; one of several (True) with each title."""
_UNPLACED = re.compile(r"(?:, [^\n]*?)?, not on a changed line\. ?(?P<text>[^\n]*)$")
_REASON = re.compile(_WHY)
_NOTE = re.compile(
    r" (?:Marked as fixed in `[0-9a-f]+`; it is there again"
    r"|Dismissed on [^;\n]{1,40}; (?:the line has changed since|it is reported as [a-z]+ now))\.$"
)
_COMMENT = re.compile(rf"{_HEAD} ")
_PLANNED = r"(?: \((?P<planned>\d{1,3}) planned\))?"
_VOTES = re.compile(
    r"(?:(?P<reviewer>[A-Za-z][\w-]*) )?(?P<seen>\d{1,3}) of (?P<of>\d{1,3})"
    rf"(?: (?P<after>[a-z][\w-]*))? votes?{_PLANNED}"
)
_MORE_VOTES = re.compile(
    rf", (?P<reviewer>[a-z][\w-]*) (?P<seen>\d{{1,3}}) of (?P<of>\d{{1,3}}){_PLANNED}"
)
_FIXED = re.compile(
    rf"\*\*Fixed in `(?P<head>[0-9a-f]{{7}})`\.\*\* {_SEVERITY}: (?P<title>[^\n]+)\."
)
_DISMISSED = re.compile(
    rf"\*\*Dismissed by `(?P<by>[^`\n]+)` on (?P<on>\d{{4}}-\d\d-\d\d):\*\* "
    rf'"(?>(?P<reason>[^\n]*?)" {_SEVERITY}: )(?P<title>[^\n]+)\. Holds until [^\n]*'
)
_REPLACES = re.compile(r" ?The suggestion replaces lines? \d+(?: to \d+)?\.$")
_INSIDE = r"(?P<code>[^\n]*?)"
_PIECE = re.compile(rf"\\(?P<mark>[\\`*_\[\]~|])|{_span('fence', _INSIDE)}|`+")
"""What is to be taken apart; backticks without a partner are one piece, and looked at once."""


MOST_CHARS = 8_000
"""So much of a text is taken apart; none of ours is as long, whatever had to be escaped in it."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a line or a comment of ours says of a finding, as plain text.

    `line` is 0 where it is on no changed line. `path` is "" where only `shown` is known: the place
    as people see it, which may be cut or masked. Of the `votes` no text tells which ones saw it, and a
    list not always whose they are.
    """

    severity: Severity
    title: str
    why: str = ""
    fix: str = ""
    path: str = ""
    shown: str = ""
    line: int = 0
    side: Side = Side.RIGHT
    state: State = State.OPEN
    dismissal: Dismissal | None = None
    fixed_in: str = ""
    votes: tuple[Ballot, ...] = ()


def listed(body: str) -> list[tuple[int, Said]]:
    """The lines of a body's list of findings, with their numbers."""
    return [(int(m["number"]), _line(m, State.OPEN)) for m in _LISTED.finditer(body)]


def late(body: str) -> list[tuple[int, Said]]:
    """The lines of a body's fold of late findings, numbered from 1."""
    fold = _LATE_FOLD.search(body)
    found = _LATE.finditer(fold[1]) if fold else ()
    return [(number, _line(m, State.LATE)) for number, m in enumerate(found, 1)]


def folded(body: str) -> list[Said]:
    """The titles of a body's fold of further findings, in their order; [] where it is not as written."""
    return _fold_of_titles(_MORE_FOLD.search(body))


def quiet(body: str) -> list[Said]:
    """The same of its fold of findings below the least severity."""
    return _fold_of_titles(_QUIET_FOLD.search(body))


def _fold_of_titles(fold: re.Match[str] | None) -> list[Said]:
    """Their order alone tells which is which, so all of them can be read, or none."""
    if fold is None:
        return []
    number, word, content = fold.groups()
    found = [said for line in content.split("\n") for said in _titles(line, word)]
    return found if len(found) == int(number) else []


def _titles(line: str, word: str) -> Iterator[Said]:
    """What a line of such a fold names, up to where it cannot be read."""
    titled = _TITLED.match(line)
    if titled is None:
        return
    rest, is_mixed = titled["titles"], word == MIXED
    shared = {} if is_mixed else {"severity": word}
    if not rest.startswith("["):
        if bare := _BARE_TITLE[is_mixed].fullmatch(rest):
            yield _said(bare, shown=titled["shown"], **shared)
        return
    at = 0
    while found := _LINKED_TITLE[is_mixed].match(rest, at):
        path = urllib.parse.unquote(found["path"])
        yield _said(found, path=path, line=int(found["line"]), **shared)
        at = found.end()


def comment(body: str) -> Said | None:
    """What an inline comment of ours says now; None where it is not in our words."""
    if match := _DISMISSED.match(body):
        told = Dismissal(match["by"], match["on"], plain(match["reason"]))
        return _said(match, state=State.DISMISSED, dismissal=told)
    if match := _FIXED.match(body):
        return _said(match, state=State.FIXED, fixed_in=match["head"])
    if match := _COMMENT.match(body):
        parts = body.split("\n\n")[1:]
        fix = next((p for p in parts if p.startswith("**Fix:** ")), "").removeprefix("**Fix:** ")
        said = bool(parts) and not parts[0].startswith(("**", "<", "```"))
        why = _NOTE.sub("", f" {parts[0]}") if said else ""
        votes = _votes(body[match.end() :])
        return _said(match, why=plain(why), fix=plain(_REPLACES.sub("", fix)), votes=votes)
    return None


def side(body: str) -> Side:
    """The side of the line that an inline comment of ours is about."""
    match = _COMMENT.match(body.partition("\n")[0])
    return _said(match).side if match else Side.RIGHT


def _line(match: re.Match[str], state: State) -> Said:
    """A line of a list: its place, and its texts where it has no thread."""
    texts = match["rest"]
    proof = texts.removeprefix(", ") if state is State.OPEN else match["proof"] or ""
    if state is State.OPEN:
        unplaced = _UNPLACED.match(texts)
        texts = unplaced["text"] if unplaced else ""
    reason = _REASON.match(_NOTE.sub("", texts))
    return _said(
        match,
        why=plain(reason["why"]) if reason else "",
        fix=plain(reason["fix"] or "") if reason else "",
        path=urllib.parse.unquote(match["path"] or ""),
        shown=match["shown"] or "",
        line=int(match["line"] or 0),
        state=state,
        votes=_votes(proof),
    )


def _votes(proof: str) -> tuple[Ballot, ...]:
    """How the votes fell by the words of a list or a comment (see words.py); () where they tell none."""
    found: list[re.Match[str]] = []
    ballot = _VOTES.match(proof)
    while ballot:
        found.append(ballot)
        ballot = _MORE_VOTES.match(proof, ballot.end())
    return tuple(_ballot(b) for b in found)


def _ballot(said: re.Match[str]) -> Ballot:
    after = said.groupdict().get("after")
    of = int(said["of"])
    seen = tuple(range(1, min(int(said["seen"]), of) + 1))
    return Ballot(small(said["reviewer"] or after or ""), seen, of, int(said["planned"] or of))


def _said(match: re.Match[str], severity: str = "", **more: Any) -> Said:
    title = match["title"]
    return Said(
        severity=Severity.parse(severity or match["severity"]),
        title=plain(title.removesuffix(REMOVED)),
        side=Side.LEFT if title.endswith(REMOVED) else Side.RIGHT,
        **more,
    )


def plain(text: str) -> str:
    """Inert text as it was before: written again, it looks the same.

    A code span that we made is taken off, so that a text does not grow with each review; one that
    the author made stays. A backtick without a partner could find one now, so it becomes a quote.
    """
    text = text[:MOST_CHARS]
    for keep in (False, True):
        before = _undone(text, keep=keep)
        if inert(before, Redaction()) == text:
            return before
    return _undone(text.replace("\\`", "'"), keep=True)


def _undone(text: str, *, keep: bool) -> str:
    out: list[str] = []
    at = 0
    for piece in _PIECE.finditer(text):
        out.append(html.unescape(text[at : piece.start()]))
        if piece["fence"] is None:
            out.append(piece["mark"] or piece[0])
        else:
            inside = piece["code"]
            padded = inside.startswith(" `") or inside.endswith("` ")
            bare = inside[1:-1] if padded else inside
            ours = not keep and inert(bare, Redaction()) == piece[0]
            out.append(bare if ours else piece[0])
        at = piece.end()
    return "".join([*out, html.unescape(text[at:])]).strip()
