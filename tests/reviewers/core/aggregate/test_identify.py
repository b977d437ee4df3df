"""A finding keeps its id: through rewording, another rule, moved code, a renamed file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reviewers.core.aggregate.identify import identify, is_late
from reviewers.core.change import Change, FileStatus
from reviewers.core.finding import Finding, Location, Severity, Side, Standing
from reviewers.core.history import Dismissal, History, Known, State
from reviewers.core.quotes import share_code
from tests.builders import ORDERS, change, file_diff, finding, orders_change, static_source

OLD = "0123456789ab"
LINE = '    rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)'
LIKE: dict[str, Any] = {
    "title": "The query string becomes SQL",
    "body": "`order_by` goes into the statement.",
}
CRASH: dict[str, Any] = {
    "title": "A missing order ends in status 500",
    "body": "The row is indexed unchecked.",
}


def known(state: State = State.OPEN, **more: Any) -> Known:
    dismissal = Dismissal("mlee", "2026-11-20", "why") if state is State.DISMISSED else None
    fixed_in = "9d02f7e" + "0" * 33 if state is State.FIXED else ""
    return Known(finding(**{"quote": LINE, "id": OLD, **more}), state, dismissal, fixed_in)


def found(**more: Any) -> Finding:
    """What is found in the second review; another fingerprint unless told."""
    return finding(**{"quote": LINE, "id": "ffffffffffff", **more})


def history(*before: Known, previous: Change | None = None) -> History:
    return History(head="4be91c0", known=before, previous=previous or orders_change())


def only(new: Finding, before: Known, of: Change | None = None) -> Finding:
    (result,) = identify([new], history(before), of or orders_change()).findings
    return result


@pytest.mark.parametrize(
    "new",
    [
        found(id=OLD, quote="changed(x)", **CRASH),
        found(),
        found(**LIKE),
        found(rule="security/other", **LIKE),
        found(**CRASH),
        found(rule="security/ssrf", title="SQL by order_by", body="A client may sort by anything"),
        found(quote=LINE.strip().removeprefix("rows = ")),
        found(quote=f'    order_by = request.args["order_by"]\n{LINE}', rule="security/other"),
        found(quote="rows = run(order_by)", rule="security/other"),
    ],
    ids=[
        *("same fingerprint", "same", "other words", "other rule and words"),
        *("same rule on the same code", "same code, a little alike"),
        *("part of the line is quoted", "more is quoted", "line changed, same words"),
    ],
)
def test_what_is_known_keeps_its_id(new: Finding) -> None:
    result = only(new, known())
    assert (result.standing, result.id) == (Standing.OPEN, OLD)


def test_code_that_moved_within_its_file_is_known() -> None:
    moved = change({"api/orders.py": (None, "import os\n\n\n" + ORDERS)})
    result = only(found(line=9, **CRASH), known(), moved)
    assert (result.standing, result.id) == (Standing.OPEN, OLD)


@pytest.mark.parametrize(
    "new",
    [
        found(rule="security/ssrf", **CRASH),
        found(quote="rows = run(order_by)", **CRASH),
        found(path="api/other.py", **CRASH),
        found(path="api/other.py", quote="rows = run(order_by)", **LIKE),
    ],
    ids=["another fault on the line", "other code and words", "other file", "like words elsewhere"],
)
def test_what_is_not_known_is_new(new: Finding) -> None:
    result = only(new, known())
    assert result.id == new.id
    assert identify([new], history(known()), orders_change()).matched == {}


@pytest.mark.parametrize(("away", "is_known"), [(1, True), (60, False)])
def test_like_words_are_told_of_another_place_while_the_code_stands(
    away: int, is_known: bool
) -> None:
    """Else a like fault that is added elsewhere would take the place of the first, and that be lost."""
    text = ORDERS + "\n" + "x = 1\n" * 80
    of = Change((file_diff("api/orders.py", None, text),))
    line = next(n for n, row in enumerate(text.split("\n"), 1) if row == LINE)
    here = Location("api/orders.py", line + away, line + away)
    new = replace(found(quote="x = 1", **LIKE), location=here)
    assert (only(new, known(), of).id == OLD) is is_known


def test_another_rest_of_a_rule_is_no_equal_rule_in_moved_code() -> None:
    moved = replace(
        file_diff("shop/orders.py", None, ORDERS),
        old_path="api/orders.py",
        status=FileStatus.RENAMED,
    )
    new = found(path="shop/orders.py", rule="security/other", **CRASH)
    assert only(new, known(rule="security/other"), Change((moved,))).id != OLD


def test_two_files_that_are_not_in_the_change_are_two() -> None:
    assert only(found(path="b.py", quote="x", **LIKE), known(path="c.py")).id != OLD


def test_a_renamed_file_is_the_same_file() -> None:
    moved = replace(
        file_diff("shop/orders.py", None, ORDERS),
        old_path="api/orders.py",
        status=FileStatus.RENAMED,
    )
    assert only(found(path="shop/orders.py", **LIKE), known(), Change((moved,))).id == OLD


def test_code_that_moved_to_another_file_is_known_by_the_code_and_the_words() -> None:
    of = change({"shop/orders.py": (None, ORDERS)})
    assert only(found(path="shop/orders.py"), known(), of).id == OLD


BASE = ORDERS.replace(LINE, "    rows = []") + "more()\n" * 9
IN_BASE = BASE.replace("    rows = []", LINE)
COPY = "shop/orders.py"
ANYWHERE = f"def other(db, order_by):\n    if db:\n        log(db)\n{LINE}\n    return rows\n"


def renamed(path: str, text: str = IN_BASE) -> Change:
    """A file of the base branch under another name, and changed."""
    (file,) = change({"api/orders.py": (BASE, text)}).files
    return Change((replace(file, path=path, old_path="api/orders.py", status=FileStatus.RENAMED),))


@pytest.mark.parametrize("state", [State.OPEN, State.LATE, State.DISMISSED, State.FIXED])
@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        (renamed("b.py"), renamed("c.py"), found(path="c.py", **CRASH)),
        (renamed("b.py"), renamed("c.py"), found(path="c.py", quote="more()", **LIKE)),
        (renamed("b.py"), renamed("api/orders.py"), found(**CRASH)),
        (
            change({"b.py": (None, ORDERS)}),
            change({"c.py": (None, f"# all\n{ORDERS}")}),
            found(path="c.py", **CRASH),
        ),
    ],
    ids=[
        "once more",
        "once more, the line changed",
        "named as in the base",
        "one that is new here",
    ],
)
def test_a_file_that_this_push_renames_is_the_same_file(
    before: Change, now: Change, new: Finding, state: State
) -> None:
    """A model that reads it again puts it otherwise: that is no second finding, nor undoes a dismissal."""
    told = known(state, path="b.py")
    (result,) = identify([new], history(told, previous=before), now).findings
    assert result.id == OLD


@pytest.mark.parametrize(
    ("state", "now", "is_known"),
    [
        (State.OPEN, {COPY: ANYWHERE}, True),
        (State.LATE, {COPY: ANYWHERE}, True),
        (State.DISMISSED, {COPY: ANYWHERE}, False),
        (State.FIXED, {COPY: ANYWHERE}, False),
        (State.OPEN, {COPY: ANYWHERE, "api/orders.py": BASE}, True),
        (State.OPEN, {COPY: ANYWHERE, "api/orders.py": ORDERS}, False),
    ],
)
def test_told_in_other_words_only_what_is_open_is_known_by_its_code_alone(
    state: State, now: dict[str, str], is_known: bool
) -> None:
    """Where the line has moved into other code, a person has not seen it there."""
    of = change({path: (None, text) for path, text in now.items()})
    assert (only(found(path=COPY, **CRASH), known(state), of).id == OLD) is is_known
    assert only(found(path=COPY, rule="security/ssrf", **CRASH), known(state), of).id != OLD


@pytest.mark.parametrize("words", [{}, CRASH], ids=["the same words", "other words"])
@pytest.mark.parametrize("state", [State.OPEN, State.FIXED])
def test_equal_code_in_another_file_is_another_finding_while_the_first_stands(
    state: State, words: dict[str, str]
) -> None:
    """Also where that is mended by something round it, as an import: nothing has come back."""
    of = change({"api/orders.py": (None, ORDERS), COPY: (None, ORDERS)})
    new = only(found(path=COPY, **words), known(state), of)
    assert (new.id, new.standing) == ("ffffffffffff", Standing.NEW)


def test_a_file_that_is_not_shown_may_have_its_code_still() -> None:
    here, there = change({"api/orders.py": (None, ORDERS), COPY: (None, ORDERS)}).files
    of = Change((replace(here, hunks=(), text=None, missing="it is too large"), there))
    assert only(found(path=COPY), known(), of).id == "ffffffffffff"


def test_where_the_old_code_could_not_be_had_words_alone_must_do() -> None:
    assert only(found(quote="rows = run(order_by)"), known(quote="")).id == OLD
    assert only(found(**CRASH), known(quote="", title="Something else", body="")).id != OLD


def test_where_only_the_old_title_is_known_titles_are_compared() -> None:
    """An inline comment of ours may be all that is left of an old finding."""
    long = "Whoever calls this entry chooses columns, orders, limits, joins, filters, names, dates."
    new = found(quote="rows = run(order_by)", title="Request data becomes shell text", body=long)
    assert only(new, known(body="")).id == OLD
    assert only(new, known(body="The statement is built by hand.")).id != OLD


@pytest.mark.parametrize(
    ("surest", "other"),
    [
        ({"quote": LINE, **LIKE}, {"quote": "rows = run(order_by)"}),
        ({"quote": "rows = run(order_by)"}, {"path": "api/other.py", "quote": LINE}),
    ],
    ids=["the code before the words", "the file before the code"],
)
def test_of_several_known_ones_it_is_the_surest(
    surest: dict[str, Any], other: dict[str, Any]
) -> None:
    one, two = known(id="111111111111", **surest), known(id="222222222222", **other)
    for both in ((one, two), (two, one)):
        (result,) = identify([found()], history(*both), orders_change()).findings
        assert result.id == "111111111111"


def test_each_known_one_is_matched_once_and_the_surest_pair_first() -> None:
    twin = found(id="eeeeeeeeeeee", quote="rows = run(order_by)")
    result = identify([twin, found()], history(known()), orders_change())
    assert [f.id for f in result.findings] == ["eeeeeeeeeeee", OLD]
    assert list(result.matched) == [OLD]


def test_the_rest_of_a_rule_on_the_same_line_is_another_fault_in_other_words() -> None:
    """Else a lesser remark would take the place of a grave finding, and open the gate."""
    rest: dict[str, Any] = {"rule": "correctness/other", "id": OLD}
    before = known(severity=Severity.HIGH, **rest, **CRASH)
    remark = {"title": "The sum carries no currency", "body": "Cents or euros, nobody knows."}
    result = only(found(**rest, **remark), before)
    assert (result.standing, result.id) == (Standing.LATE, "0123456789ac")
    again = only(found(**rest, title="No check of the row", body="It may be missing."), before)
    assert (again.standing, again.id) == (Standing.OPEN, OLD)


def test_of_two_on_one_line_it_is_the_one_in_like_words() -> None:
    """In whatever order they come: the second one of a fingerprint has the id behind it."""
    first, second = known(**CRASH), known(id="0123456789ac", **LIKE)
    (result,) = identify([found(id=OLD, **LIKE)], history(first, second), orders_change()).findings
    assert result.id == second.finding.id
    news = [found(id=OLD, **LIKE), found(id=OLD, **CRASH)]
    swapped = identify(news, history(first, second), orders_change()).findings
    assert [f.id for f in swapped] == [second.finding.id, OLD]


def test_an_id_that_another_one_has_taken_is_given_once() -> None:
    """A finding in other words may stand where a known one stood that has moved on."""
    moved = found(id="eeeeeeeeeeee", rule="correctness/other", **CRASH)
    here = found(id=OLD, rule="correctness/other", title="Slow", body="Asks the disk.")
    before = known(rule="correctness/other", **CRASH)
    news = identify([here, moved], history(before), orders_change()).findings
    assert [f.id for f in news] == ["0123456789ac", OLD]


def test_two_findings_with_one_fingerprint_get_two_ids() -> None:
    """Same rule on the same line, said by one voice about two faults."""
    result = identify([found(), found(**CRASH)], History(), orders_change())
    first, second = (f.id for f in result.findings)
    assert first == "ffffffffffff"
    assert second != first
    assert len(second) == 12
    again = identify([found(), found(**CRASH), found(**LIKE)], History(), orders_change())
    third = again.findings[2].id
    assert [f.id for f in again.findings] == [first, second, third]
    assert third not in (first, second)


# --- Where it stands in time


@pytest.mark.parametrize(
    ("state", "standing", "note"),
    [
        (State.OPEN, Standing.OPEN, ""),
        (State.LATE, Standing.LATE, ""),
        (State.FIXED, Standing.BACK, "Marked as fixed in `9d02f7e`; it is there again."),
        (
            State.DISMISSED,
            Standing.BACK,
            "Dismissed on 2026-11-20; the line has changed since.",
        ),
    ],
)
def test_what_it_was_before_is_what_it_comes_as(
    state: State, standing: Standing, note: str
) -> None:
    result = only(found(), known(state))
    assert (result.standing, result.note) == (standing, note)
    matched = identify([found()], history(known(state)), orders_change()).matched
    assert matched[OLD].state is state


@pytest.mark.parametrize(
    ("then", "now", "note"),
    [
        (
            Severity.MEDIUM,
            Severity.CRITICAL,
            "Dismissed on 2026-11-20 as medium; it is reported as critical now.",
        ),
        (Severity.HIGH, Severity.MEDIUM, "Dismissed on 2026-11-20; the line has changed since."),
    ],
)
def test_what_comes_back_graver_than_it_was_dismissed_says_so(
    then: Severity, now: Severity, note: str
) -> None:
    result = only(found(severity=now), known(State.DISMISSED, severity=then))
    assert (result.standing, result.note) == (Standing.BACK, note)


@pytest.mark.parametrize("state", [State.FIXED, State.DISMISSED])
def test_what_an_analyser_says_stays_beside_where_it_stands(state: State) -> None:
    note = only(found(note="ruff S608: SQL is made of text."), known(state)).note
    assert note.startswith("ruff S608: SQL is made of text. ") and note.endswith(
        ("since.", "again.")
    )


def test_in_a_first_review_everything_is_new() -> None:
    (result,) = identify([found()], History(), orders_change()).findings
    assert result.standing is Standing.NEW


PUSHED = ORDERS.replace("    return rows", "    rows = rows or []\n    return rows")


@pytest.mark.parametrize(
    ("quote", "standing"),
    [
        (LINE, Standing.LATE),
        (LINE.strip(), Standing.LATE),
        ("db.execute(", Standing.LATE),
        (f'    order_by = request.args["order_by"]\n{LINE}', Standing.LATE),
        ("    rows = rows or []", Standing.NEW),
        (f"{LINE}\n    rows = rows or []", Standing.NEW),
    ],
    ids=["old line", "white space", "part of it", "two old lines", "new line", "old and new line"],
)
def test_what_this_push_did_not_write_comes_late(quote: str, standing: Standing) -> None:
    of = change({"api/orders.py": (None, PUSHED)})
    (result,) = identify([found(quote=quote)], history(), of).findings
    assert result.standing is standing


def test_a_line_with_a_secret_in_it_comes_late_too() -> None:
    """What models quote is masked; the old line is compared the same way."""
    token = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8"
    of = change({"x.py": (None, f'key = "{token}"\n')})
    new = found(path="x.py", quote='key = "ghp_…"', line=1)
    (result,) = identify([new], history(previous=of), of).findings
    assert result.standing is Standing.LATE


def test_a_line_that_was_removed_before_comes_late_on_its_own_side_only() -> None:
    old = "check(user)\nrun(user)\n"
    of = change({"x.py": (old, "run(user)\n")})
    removed = found(path="x.py", quote="check(user)", location=Location("x.py", 1, 1, Side.LEFT))
    added = found(path="x.py", quote="check(user)", location=Location("x.py", 1, 1, Side.RIGHT))
    for new, standing in ((removed, Standing.LATE), (added, Standing.NEW)):
        (result,) = identify([new], history(previous=of), of).findings
        assert result.standing is standing


def test_in_a_file_that_this_push_renames_old_lines_come_late_too() -> None:
    moved = replace(
        file_diff("shop/orders.py", None, ORDERS),
        old_path="api/orders.py",
        status=FileStatus.RENAMED,
    )
    (result,) = identify([found(path="shop/orders.py")], history(), Change((moved,))).findings
    assert result.standing is Standing.LATE


def test_without_the_earlier_change_nothing_is_called_late() -> None:
    before = History(head="4be91c0")
    (result,) = identify([found()], before, orders_change()).findings
    assert result.standing is Standing.NEW


@pytest.mark.parametrize(
    ("standing", "severity", "late"),
    [
        (Standing.LATE, Severity.MEDIUM, True),
        (Standing.LATE, Severity.LOW, True),
        (Standing.LATE, Severity.HIGH, False),
        (Standing.LATE, Severity.CRITICAL, False),
        (Standing.NEW, Severity.LOW, False),
    ],
)
def test_a_late_one_that_is_grave_stays_among_the_others(
    standing: Standing, severity: Severity, late: bool
) -> None:
    assert is_late(finding(standing=standing, severity=severity)) is late


# --- How grave it is

RUFF = {"sources": (static_source(),), "severity": Severity.MEDIUM}


@pytest.mark.parametrize("state", [State.OPEN, State.LATE, State.FIXED])
@pytest.mark.parametrize(
    ("new", "grave"),
    [
        (found(**RUFF), Severity.HIGH),
        (found(quote=LINE.strip(), **RUFF), Severity.HIGH),
        (found(**{**RUFF, "severity": Severity.CRITICAL}), Severity.CRITICAL),
        (found(severity=Severity.MEDIUM), Severity.MEDIUM),
        (found(quote="rows = run(order_by)", **RUFF), Severity.MEDIUM),
    ],
    ids=["an analyser alone", "of part of it", "graver", "a model, too", "its code has changed"],
)
def test_where_models_are_silent_it_stays_as_grave_as_one_has_told(
    state: State, new: Finding, grave: Severity
) -> None:
    """What an analyser says of the same code is less, and takes nothing back."""
    text = ORDERS if share_code(new.quote, LINE) else ORDERS.replace(LINE.strip(), new.quote)
    now = change({"api/orders.py": (None, text)})
    assert only(new, known(state), now).severity is grave


def test_a_dismissal_is_compared_with_what_is_reported_now() -> None:
    assert only(found(**RUFF), known(State.DISMISSED)).severity is Severity.MEDIUM
