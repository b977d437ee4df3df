"""Is the review done, and what did it come to? The whole chain on made-up answers, no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewers.core.call import AnalyserRun, Call, Cleared, Look, Opinion, Partial, Reading, Task
from reviewers.core.change import Change, FileDiff, FileStatus, HunkRef
from reviewers.core.finding import (
    Ballot,
    Claim,
    Dissent,
    Dropped,
    Finding,
    Location,
    Reason,
    Ruling,
    Severity,
    Standing,
)
from reviewers.core.history import Dismissal, History, Known, State
from reviewers.core.plan import hunk_key, plan
from reviewers.core.policy import CLAUDE, STATIC, Policy
from reviewers.core.settle import MoreCalls, settle
from reviewers.core.verdict import Outcome, Verdict
from tests.builders import (
    NONE_LINE,
    ORDERS,
    SQL_LINE,
    change,
    claim,
    finding,
    look,
    orders_change,
    planned,
    policy,
    source,
    static_source,
    weigh,
)

Answer = Callable[[Call], Look]
SQL = 'rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)'
GUARD = "order = find_order(order_id)"


def sql(call: Call, **more: Any) -> Claim:
    """What a call says of the SQL line."""
    severity = more.get("severity", Severity.HIGH)
    seen = source(call.reviewer, call.vote, severity=severity)
    if call.engine == STATIC:
        seen = static_source(reviewer=call.reviewer)
    rule = f"{call.reviewer}/other" if call.reviewer != "security" else "security/sql-injection"
    return claim(source=seen, **{"rule": rule, **more})


def crash(call: Call, **more: Any) -> Claim:
    """What a call says of the missing order."""
    words = {"title": "A missing order ends in status 500", "body": "It is indexed unchecked."}
    values = {"line": NONE_LINE, "quote": 'return order["total"]', **words, **more}
    return sql(call, **{"rule": "correctness/missing-value", **values})


def silent(call: Call) -> Look:
    """Reads everything, finds nothing."""
    return look(call)


def saying(*names: str, what: Callable[[Call], Claim] = sql) -> Answer:
    """Only these calls, by name, report the fault."""
    return lambda call: look(call, what(call)) if call.name in names else look(call)


def review(
    answer: Answer,
    *,
    of: Change | None = None,
    under: Policy | None = None,
    history: History = History(),
    already: frozenset[str] = frozenset(),
) -> tuple[Verdict, list[tuple[Call, ...]]]:
    """The verdict, and the calls of each round, as the pipeline does it."""
    of, under = of or orders_change(), under or policy()
    made = plan(of, under, weigh, already)
    rounds = [made.calls]
    looks = [answer(call) for call in made.calls]
    while isinstance(settled := settle(of, made, looks, under, history), MoreCalls):
        assert len(rounds) < 3, "at most three rounds"
        rounds.append(settled.calls)
        looks += [answer(call) for call in settled.calls]
    return settled, rounds


def verdict(answer: Answer, **more: Any) -> Verdict:
    return review(answer, **more)[0]


# --- The four outcomes


def all_of(reading: Reading, engine: str = "") -> Answer:
    return lambda call: look(call, reading=reading) if engine in ("", call.engine) else look(call)


def some(reading: Reading, *names: str) -> Answer:
    return lambda call: look(call, reading=reading if call.name in names else Reading.READ)


def with_sql(answer: Answer) -> Answer:
    """The same, and every call that read it reports the SQL."""

    def both(call: Call) -> Look:
        found = answer(call)
        is_read = found.reading is Reading.READ and call.reviewer == "security"
        return look(call, sql(call), reading=found.reading) if is_read else found

    return both


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (silent, Outcome.CLEAN),
        (with_sql(silent), Outcome.FINDINGS),
        (some(Reading.REFUSED, "style 1"), Outcome.INCOMPLETE),
        (some(Reading.CUT_OFF, "security 2"), Outcome.INCOMPLETE),
        (some(Reading.TIMED_OUT, "correctness static"), Outcome.INCOMPLETE),
        (some(Reading.BUDGET, "correctness 3"), Outcome.INCOMPLETE),
        (with_sql(some(Reading.REFUSED, "style 1")), Outcome.INCOMPLETE),
        (all_of(Reading.FAILED), Outcome.FAILED),
        (all_of(Reading.REFUSED), Outcome.FAILED),
        (all_of(Reading.FAILED, CLAUDE), Outcome.INCOMPLETE),
        (all_of(Reading.FAILED, STATIC), Outcome.INCOMPLETE),
        (all_of(Reading.NOT_APPLICABLE, STATIC), Outcome.CLEAN),
    ],
    ids=[
        *("clean", "findings", "one refused", "one cut off", "an analyser out of time"),
        *("no money for one", "findings and a gap", "nothing ran", "all refused"),
        *("no model answered", "no analyser ran", "no rule for the language"),
    ],
)
def test_the_four_outcomes(answer: Answer, outcome: Outcome) -> None:
    assert verdict(answer).outcome is outcome


def test_an_analyser_s_finding_is_worth_more_than_silence_of_failed_models() -> None:
    """Nothing was read, and yet something is known: that is no failure."""

    def answer(call: Call) -> Look:
        told = [sql(call)] if call.name == "security static" else []
        return look(call, *told, reading=Reading.FAILED)

    assert verdict(answer).outcome is Outcome.INCOMPLETE


@pytest.mark.parametrize(("files", "outcome"), [(1, Outcome.INCOMPLETE), (0, Outcome.FAILED)])
def test_what_one_analyser_has_read_is_read_though_another_could_not(
    files: int, outcome: Outcome
) -> None:
    """A cell is a gap where one of its analysers is one."""
    ran = AnalyserRun("credentials", "1", 5, files, Reading.READ)

    def answer(call: Call) -> Look:
        found = look(call, reading=Reading.FAILED)
        return replace(found, analysers=(ran,)) if call.engine == STATIC else found

    assert verdict(answer).outcome is outcome


@pytest.mark.parametrize(
    ("of", "outcome"),
    [
        (Change((FileDiff("x.py", FileStatus.MODIFIED, missing="too large"),)), Outcome.FAILED),
        (Change((FileDiff("x.py", FileStatus.RENAMED, old_path="y.py"),)), Outcome.CLEAN),
        (change({"go.sum": ("a\n", "b\n")}), Outcome.CLEAN),
        (change({"x.py": ("a\n", "b\n")}, undelivered=("9 more files",)), Outcome.INCOMPLETE),
    ],
    ids=["its only patch is missing", "a pure rename", "only a lock file", "files not delivered"],
)
def test_s36_what_was_not_delivered_is_never_clean(of: Change, outcome: Outcome) -> None:
    assert verdict(silent, of=of).outcome is outcome


def test_what_an_earlier_review_read_needs_no_call_and_is_no_gap() -> None:
    whole = orders_change()
    already = frozenset(hunk_key(r.path, whole.hunk(r).digest()) for r in whole.refs())
    settled, rounds = review(silent, already=already)
    assert rounds == [()]
    assert settled.outcome is Outcome.CLEAN
    assert settled.coverage.carried == tuple(whole.refs())


# --- The chain


def test_what_several_saw_is_one_finding_with_its_votes() -> None:
    told = verdict(saying("security static", "security 1", "security 3", "correctness 2"))
    (found,) = told.findings
    assert found.reviewers == ("correctness", "security")
    assert found.votes == (Ballot("security", (1, 3), 3, 3), Ballot("correctness", (2,), 3, 3))
    assert [d.reason for d in told.dropped] == [Reason.MERGED] * 3


def test_the_minority_is_heard() -> None:
    def answer(call: Call) -> Look:
        if call.name == "security 2":
            return look(call, cleared=(Cleared("api/orders.py", SQL_LINE, SQL, "Only the admin."),))
        return saying("security 1")(call)

    (found,) = verdict(answer).findings
    assert found.dissent == (Dissent("security", 2, "Only the admin."),)


def test_what_is_outvoted_is_listed() -> None:
    told = verdict(saying("correctness 2", what=lambda c: crash(c, severity=Severity.MEDIUM)))
    assert told.findings == ()
    assert told.outcome is Outcome.CLEAN
    assert [(d.reason, d.detail) for d in told.dropped] == [(Reason.OUTVOTED, "correctness 1 of 3")]


def test_s45_a_model_that_was_told_to_be_silent_silences_nobody_else() -> None:
    told = verdict(saying("security static"))
    (found,) = told.findings
    assert found.analysers == (static_source(),)
    assert found.votes == ()


def test_s46_one_call_with_500_findings_is_capped_and_displaces_nobody() -> None:
    text = "".join(f"value_{n} = compute({n})\n" for n in range(500)) + SQL + "\n"
    of = change({"api/orders.py": (None, text)})

    def answer(call: Call) -> Look:
        if call.name == "style 1":
            loud = (
                sql(
                    call,
                    line=n + 1,
                    quote=f"value_{n} = compute({n})",
                    rule="style/dead-code",
                    severity=Severity.MEDIUM,
                    title=f"Insult {n}",
                )
                for n in range(500)
            )
            return look(call, *loud)
        if call.reviewer == "security" and call.vote:
            return look(call, sql(call, line=501, severity=Severity.LOW))
        return look(call)

    told = verdict(answer, of=of)
    assert sum(d.reason is Reason.OVER_LIMIT for d in told.dropped) == 470
    assert len(told.findings) == 31
    assert "security/sql-injection" in {f.rule for f in told.findings}
    assert told.outcome is Outcome.INCOMPLETE, "what it said beyond the limit is told nowhere"
    (gap,) = told.coverage.gaps
    assert (gap.reviewer, gap.reading) == ("style", Reading.CUT_OFF)


def test_s83_the_limit_of_a_call_is_for_models_and_not_for_analysers() -> None:
    text = "".join(f"value_{n} = compute({n})\n" for n in range(40))
    of = change({"x.py": (None, text)})

    def answer(call: Call) -> Look:
        if call.engine != STATIC or call.reviewer != "security":
            return look(call)
        said = (
            sql(call, path="x.py", line=n + 1, quote=f"value_{n} = compute({n})") for n in range(40)
        )
        return look(call, *said)

    told = verdict(answer, of=of)
    assert len(told.findings) == 40
    assert (told.dropped, told.outcome) == ((), Outcome.FINDINGS)


def test_findings_are_ranked() -> None:
    def answer(call: Call) -> Look:
        if call.reviewer == "security" and call.vote:
            return look(call, crash(call, severity=Severity.LOW), sql(call))
        return look(call)

    assert [f.severity for f in verdict(answer).findings] == [Severity.HIGH, Severity.LOW]


# --- What is left out for its name


def generated() -> Change:
    return change({"app/util.generated.py": (None, ORDERS), "README.md": ("a\n", "b\n")})


def test_what_analysers_see_in_a_file_that_is_left_out_counts() -> None:
    said = saying("security static", what=lambda c: sql(c, path="app/util.generated.py"))
    told = verdict(said, of=generated())
    (found,) = told.findings
    assert (found.path, found.is_proven, told.outcome) == (
        "app/util.generated.py",
        True,
        Outcome.FINDINGS,
    )
    assert told.coverage.analysed_only == {"app/util.generated.py"}


@pytest.mark.parametrize("reading", [Reading.READ, Reading.FAILED, Reading.TIMED_OUT])
def test_where_analysers_fail_on_it_it_is_left_out_and_no_gap(reading: Reading) -> None:
    """They read it because that costs nothing; nobody was to read it."""

    def answer(call: Call) -> Look:
        hunk = HunkRef("app/util.generated.py", 0)
        return look(call, partial=(Partial(hunk, reading),) if call.engine == STATIC else ())

    told = verdict(answer, of=generated())
    assert told.outcome is Outcome.CLEAN
    assert told.coverage.left_out == {"app/util.generated.py": "generated"}
    assert bool(told.coverage.analysed_only) is (reading is Reading.READ)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"reviewers": tuple(replace(r, floor=Severity.MEDIUM) for r in policy().reviewers)},
        {"ignore_rules": ("security/ssrf",)},
    ],
    ids=["severity", "floor", "ignored rule"],
)
@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_s43_s45_no_vote_takes_an_analyser_s_finding_away(
    more: dict[str, Any], rounds: int
) -> None:
    """Not by a milder word, and not by a rule or a floor of the configuration."""

    def gullible(call: Call) -> Look:
        if call.name == "security static":
            return look(call, sql(call))
        down = sql(call, rule="security/ssrf", severity=Severity.INFO, title="SQL text is fixed")
        return look(call, down) if call.reviewer == "security" else look(call)

    told = verdict(gullible, under=policy(rounds=rounds, **more))
    (found,) = told.findings
    assert (found.rule, found.severity) == ("security/sql-injection", Severity.HIGH)
    assert found.is_proven
    assert "Request data becomes SQL text" in f"{found.title} {found.note}"


@pytest.mark.parametrize("ignored", ["security/sql-injection", "security/*"])
def test_the_configuration_ignores_an_analyser_s_own_rule(ignored: str) -> None:
    """And what votes say of it, be it without a name."""
    told = verdict(
        saying("security static", "correctness 1"), under=policy(ignore_rules=(ignored,))
    )
    assert told.findings == ()
    assert {d.reason for d in told.dropped} == {Reason.MERGED, Reason.IGNORED_RULE}


# --- Earlier reviews


def known(state: State, **more: Any) -> Known:
    by = Dismissal("mlee", "2026-11-20", "why") if state is State.DISMISSED else None
    return Known(finding(**{"quote": SQL, "id": "0123456789ab", **more}), state, by)


def before(*ones: Known) -> History:
    return History(head="4be91c0", known=ones, previous=orders_change())


def test_a_dismissed_finding_does_not_come_back_through_its_twin() -> None:
    """One vote quotes it as it was, another otherwise: they are merged before they are judged."""

    def answer(call: Call) -> Look:
        if call.name == "security 1":
            return look(call, sql(call))
        if call.name == "security 2":
            quote = f'order_by = request.args["order_by"]\n    {SQL}'
            return look(call, sql(call, rule="security/other", quote=quote, line=5, end_line=6))
        return look(call)

    told = verdict(answer, history=before(known(State.DISMISSED)))
    assert told.findings == ()
    assert {d.reason for d in told.dropped} == {Reason.MERGED, Reason.DISMISSED}
    assert [k.finding.id for k in told.dismissed] == ["0123456789ab"]


def test_s43_s45_votes_do_not_hide_a_new_finding_of_an_analyser_behind_old_code() -> None:
    """They quote the line beside it, too: one that was dismissed, and that stood there before."""
    above = 'order_by = request.args["order_by"]'
    was = replace(known(State.DISMISSED, quote=above), dismissal=Dismissal("mlee", "", "fine"))
    old = change({"api/orders.py": (None, ORDERS.replace(f"    {SQL}\n", ""))})

    def wide(call: Call) -> Look:
        both = {"quote": f"{above}\n    {SQL}", "line": 5, "end_line": 6}
        return look(call, sql(call, **({} if call.engine == STATIC else both)))

    def near(call: Call) -> Look:
        return look(
            call, sql(call, **({} if call.engine == STATIC else {"quote": above, "line": 5}))
        )

    for answer in (wide, near):
        told = verdict(answer, history=History("4be91c0", old, (was,)))
        assert [(f.location, f.standing is Standing.LATE) for f in told.findings] == [
            (Location("api/orders.py", 6, 6), False)
        ]


def test_a_dismissed_finding_comes_back_when_its_line_changes() -> None:
    of = change({"api/orders.py": (None, ORDERS.replace("orders ORDER", "orders o ORDER"))})
    quote = SQL.replace("orders ORDER", "orders o ORDER")

    def answer(call: Call) -> Look:
        return look(call, sql(call, quote=quote)) if call.name == "security 1" else look(call)

    told = verdict(answer, of=of, history=before(known(State.DISMISSED)))
    (found,) = told.findings
    assert (found.id, found.standing) == ("0123456789ab", Standing.BACK)
    assert told.dismissed == ()


def test_a_dismissed_remark_does_not_hide_a_hole_in_the_same_line() -> None:
    """The line stands as it was; the line above it has changed, and now request data flows in."""
    safe = ORDERS.replace('request.args["order_by"]', "COLUMNS[0]")
    remark = known(
        State.DISMISSED,
        rule="security/other",
        severity=Severity.MEDIUM,
        title="SQL statement is built by string concatenation",
        body="The statement is put together from parts; a placeholder is safer.",
    )
    earlier = replace(before(remark), previous=change({"api/orders.py": (None, safe)}))

    def answer(call: Call) -> Look:
        hole = sql(call, severity=Severity.CRITICAL)
        return look(call, hole) if call.name == "security 1" else look(call)

    told = verdict(answer, history=earlier)
    (found,) = told.findings
    assert (found.id, found.standing, found.severity) == (
        "0123456789ab",
        Standing.BACK,
        Severity.CRITICAL,
    )
    assert found.note == "Dismissed on 2026-11-20 as medium; it is reported as critical now."
    assert (told.outcome, told.dismissed) == (Outcome.FINDINGS, ())


def test_an_open_finding_that_nobody_reports_stays_open() -> None:
    told = verdict(silent, history=before(known(State.OPEN)))
    (found,) = told.findings
    assert (found.standing, told.fixed, told.outcome) == (Standing.OPEN, (), Outcome.FINDINGS)


def test_an_open_finding_that_one_of_three_still_sees_is_not_outvoted() -> None:
    """Else it would vanish: neither open nor fixed nor dismissed."""
    ours = known(State.OPEN, severity=Severity.MEDIUM, rule="correctness/other")
    answer = saying("correctness 2", what=lambda c: sql(c, severity=Severity.MEDIUM))
    (found,) = verdict(answer, history=before(ours)).findings
    assert (found.id, found.standing) == ("0123456789ab", Standing.OPEN)
    assert found.votes == (Ballot("correctness", (2,), 3, 3),)


@pytest.mark.parametrize("severity", [Severity.LOW, Severity.CRITICAL])
def test_what_models_say_of_code_that_they_were_not_shown_changes_nothing_of_what_is_known(
    severity: Severity,
) -> None:
    """A text in another file may have told them to: what was proven holds a gate, and would be lost."""
    of = change({"api/orders.py": (None, ORDERS), "new.py": (None, "x = 1\n")})
    already = frozenset({hunk_key("api/orders.py", of.files[0].hunks[0].digest())})
    proven = known(State.OPEN, severity=Severity.HIGH, proven_before=True)
    earlier = History(head="4be91c0", known=(proven,), previous=orders_change())
    answer = saying(
        *("security 1", "security 2", "security 3"), what=lambda c: sql(c, severity=severity)
    )
    told = verdict(answer, of=of, already=already, history=earlier)
    (found,) = told.findings
    assert (found.id, found.severity, found.is_proven) == ("0123456789ab", Severity.HIGH, True)
    assert [d.reason for d in told.dropped][-1] is Reason.DUPLICATE
    again = verdict(answer, of=of, history=earlier)  # Who is shown it may change it.
    assert [f.severity for f in again.findings] == [severity]


@pytest.mark.parametrize(
    ("state", "standing"), [(State.LATE, Standing.LATE), (State.FIXED, Standing.BACK)]
)
def test_too_few_votes_take_back_no_more_than_silence_does(
    state: State, standing: Standing
) -> None:
    """What was told, and is seen by one of three, is judged as if nobody had reported it."""
    ours = known(state, severity=Severity.MEDIUM, rule="correctness/other")
    then = replace(before(ours), previous=change({"y.md": (None, "a\n")}))
    answer = saying("correctness 2", what=lambda c: sql(c, severity=Severity.MEDIUM))
    told = verdict(answer, history=then)
    (found,) = told.findings
    assert (found.id, found.standing) == ("0123456789ab", standing)
    assert [d.reason for d in told.dropped] == [Reason.OUTVOTED]
    gone = change({"api/orders.py": (None, ORDERS.replace(SQL, "rows = []"))})
    assert verdict(silent, history=then, of=gone).findings == ()


def test_what_is_gone_is_fixed() -> None:
    of = change({"api/orders.py": (None, ORDERS.replace(SQL, "rows = []"))})
    told = verdict(silent, of=of, history=before(known(State.OPEN)))
    assert (told.findings, [k.finding.id for k in told.fixed]) == ((), ["0123456789ab"])
    assert told.outcome is Outcome.CLEAN


# --- Round 3: verification


def verifying(ruling: Ruling, base: Answer, quote: str = GUARD) -> Answer:
    """The same answers, and a verifier that says this of every candidate."""

    def answer(call: Call) -> Look:
        if call.task is not Task.VERIFY:
            return base(call)
        opinions = (
            Opinion(f.id, ruling, "It is checked.", "api/orders.py", quote) for f in call.candidates
        )
        return look(call, opinions=tuple(opinions))

    return answer


SEEN = saying("security 1", "security 2")


@pytest.mark.parametrize(
    ("ruling", "quote", "kept"),
    [
        (Ruling.CONFIRMED, GUARD, True),
        (Ruling.UNCERTAIN, GUARD, True),
        (Ruling.REFUTED, GUARD, False),
        (Ruling.REFUTED, "if not order: raise", True),
    ],
    ids=["confirmed", "uncertain", "refuted", "refuted by code that is not there"],
)
def test_what_would_be_posted_is_verified_first(ruling: Ruling, quote: str, kept: bool) -> None:
    told, rounds = review(verifying(ruling, SEEN, quote), under=policy(rounds=2))
    (asked,) = rounds[1]
    assert (asked.reviewer, asked.task, asked.round) == ("verifier", Task.VERIFY, 3)
    assert [f.title for f in asked.candidates] == ["Request data becomes SQL text"]
    assert bool(told.findings) is kept
    assert (Reason.REFUTED in {d.reason for d in told.dropped}) is not kept


def test_a_verifier_that_fails_changes_nothing_and_is_no_gap() -> None:
    def answer(call: Call) -> Look:
        return look(call, reading=Reading.FAILED) if call.task is Task.VERIFY else SEEN(call)

    told = verdict(answer, under=policy(rounds=2))
    assert [f.verification for f in told.findings] == [None]
    assert told.outcome is Outcome.FINDINGS


@pytest.mark.parametrize(
    ("base", "under"),
    [
        (SEEN, policy(rounds=1)),
        (silent, policy(rounds=2)),
        (saying("security 1", what=lambda c: sql(c, severity=Severity.LOW)), policy(rounds=2)),
        (saying("security static"), policy(rounds=2, engines=(STATIC,))),
        (with_sql(all_of(Reading.REFUSED, CLAUDE)), policy(rounds=2)),
    ],
    ids=["one round", "nothing found", "below what is posted", "no model", "the model refuses"],
)
def test_where_there_is_nothing_to_verify_nobody_is_asked(base: Answer, under: Policy) -> None:
    assert len(review(base, under=under)[1]) == 1


def test_a_large_change_is_verified_prompt_by_prompt() -> None:
    parts = {f"{n}.py": (None, f"run_{n}(request)\n") for n in "abc"}

    def answer(call: Call) -> Look:
        if call.task is Task.VERIFY or call.reviewer != "security" or not call.vote:
            return look(call)
        if call.chunk == 2:
            return look(call, reading=Reading.REFUSED)
        name = "abc"[call.chunk]
        return look(call, sql(call, path=f"{name}.py", line=1, quote=f"run_{name}(request)"))

    _, rounds = review(answer, of=change(parts), under=policy(rounds=2, chunk_chars=20))
    assert [(c.chunk, [f.path for f in c.candidates]) for c in rounds[1]] == [
        (0, ["a.py"]),
        (1, ["b.py"]),
    ]


def test_the_verifier_may_say_what_fixed_an_open_finding() -> None:
    told = verdict(
        verifying(Ruling.REFUTED, silent),
        under=policy(rounds=2),
        history=before(known(State.OPEN)),
    )
    assert told.findings == ()
    assert [k.state for k in told.fixed] == [State.FIXED]


# --- Round 2: extra votes


def medium(call: Call) -> Claim:
    return crash(call, severity=Severity.MEDIUM)


ONE_VOTE = policy(rounds=3, votes={"security": 1, "style": 1, "correctness": 1})


@pytest.mark.parametrize(
    ("agrees", "kept", "votes"),
    [(True, True, Ballot("correctness", (1, 2), 2, 2)), (False, False, None)],
    ids=["the second vote sees it too", "the second vote does not"],
)
def test_an_open_decision_buys_one_more_vote(
    agrees: bool, kept: bool, votes: Ballot | None
) -> None:
    names = ["correctness 1", "correctness 2"] if agrees else ["correctness 1"]
    told, rounds = review(saying(*names, what=medium), under=ONE_VOTE)
    (extra,) = rounds[1]
    assert (extra.reviewer, extra.vote, extra.round, extra.task) == ("correctness", 2, 2, Task.LOOK)
    assert bool(told.findings) is kept
    assert [f.votes for f in told.findings] == ([(votes,)] if votes else [])


@pytest.mark.parametrize(
    ("base", "under"),
    [
        (silent, ONE_VOTE),
        (saying("security 1"), ONE_VOTE),
        (saying("correctness 1", what=lambda c: crash(c, severity=Severity.CRITICAL)), ONE_VOTE),
        (saying("correctness 1", "correctness static", what=medium), ONE_VOTE),
        (saying("correctness 1", "correctness 2", "correctness 3", what=medium), policy(rounds=3)),
        (saying("correctness 1", what=medium), policy(rounds=3)),
        (saying("correctness 1", what=medium), policy(rounds=2, votes={})),
    ],
    ids=[
        *("nothing found", "protected", "critical", "an analyser saw it, too", "all of three"),
        *("one of three", "two rounds only"),
    ],
)
def test_where_no_vote_could_turn_it_none_is_bought(base: Answer, under: Policy) -> None:
    _, rounds = review(base, under=under)
    assert [c for calls in rounds[1:] for c in calls if c.task is Task.LOOK] == []


def test_one_vote_more_for_each_reviewer_and_prompt_with_an_open_decision() -> None:
    """Two open findings in one prompt share one vote; an extra vote takes the next model."""
    under = policy(rounds=3, votes={}, models=("m", "n"))

    def answer(call: Call) -> Look:
        if call.vote == 1 and call.reviewer in ("correctness", "style") and call.task is Task.LOOK:
            first = crash(call, severity=Severity.MEDIUM, rule=f"{call.reviewer}/other")
            other = {"line": 4, "quote": "def list_orders(request):", "title": call.reviewer}
            second = crash(call, severity=Severity.MEDIUM, rule=f"{call.reviewer}/x", **other)
            return look(call, *([first] if call.reviewer == "style" else [first, second]))
        return look(call)

    _, rounds = review(answer, under=under)
    extra = [c for c in rounds[1] if c.task is Task.LOOK]
    assert [(c.reviewer, c.vote, c.model) for c in extra] == [("correctness", 2, "n")]


def test_three_rounds_and_no_more() -> None:
    answer = verifying(Ruling.CONFIRMED, saying("correctness 1", "correctness 2", what=medium))
    told, rounds = review(answer, under=ONE_VOTE)
    assert [{c.round for c in calls} for calls in rounds] == [{1}, {2}, {3}]
    (found,) = told.findings
    assert found.is_proven


def test_an_extra_vote_that_fails_leaves_the_decision_and_is_named() -> None:
    def answer(call: Call) -> Look:
        if call.round == 2:
            return look(call, reading=Reading.BUDGET)
        return saying("correctness 1", what=medium)(call)

    told = verdict(answer, under=ONE_VOTE)
    assert [f.votes for f in told.findings] == [(Ballot("correctness", (1,), 1, 2),)]
    assert told.outcome is Outcome.INCOMPLETE


# --- Nothing is lost


QUOTES = [SQL, 'return order["total"]', "def list_orders(request):", "invented()", "", "db"]
calls = planned(orders_change(), policy()).calls
claims = st.builds(
    lambda call, quote, line, severity, title, rule: sql(
        call, quote=quote, line=line, severity=severity, title=title, rule=rule
    ),
    st.sampled_from(calls),
    st.sampled_from(QUOTES),
    st.integers(1, 15),
    st.sampled_from(Severity),
    st.sampled_from(["Request data becomes SQL text", "It crashes", "x"]),
    st.sampled_from(["security/ssrf", "style/other", "correctness/missing-value"]),
)
histories = st.lists(st.sampled_from(State), max_size=2).map(
    lambda states: before(
        *(known(s, id=f"{n:012x}", quote=QUOTES[n]) for n, s in enumerate(states))
    )
)


@given(st.lists(claims, max_size=15), histories, st.sampled_from([1, 2, 3]))
def test_every_claim_ends_in_a_finding_or_in_the_list_of_what_was_dropped(
    said: Sequence[Claim], history: History, rounds: int
) -> None:
    def answer(call: Call) -> Look:
        mine = (c for c in said if (c.source.reviewer, c.source.vote) == (call.reviewer, call.vote))
        return look(call, *mine)

    told = verdict(answer, under=policy(rounds=rounds), history=history)

    accounted = [s for f in told.findings for s in f.sources]
    for dropped in told.dropped:
        match dropped.item:
            case Claim() as one:
                accounted.append(one.source)
            case Finding() as one:
                accounted += one.sources
    assert {c.source for c in said} <= set(accounted)
    assert all(isinstance(d, Dropped) for d in told.dropped)
    open_before = {k.finding.id for k in history.known if k.state in (State.OPEN, State.LATE)}
    now = {f.id for f in told.findings} | {k.finding.id for k in told.fixed}
    lost = open_before - now - {d.item.id for d in told.dropped if isinstance(d.item, Finding)}
    assert lost == set()
    ids = [f.id for f in told.findings]
    assert len(set(ids)) == len(ids)
    assert all(f.location is None or isinstance(f.location, Location) for f in told.findings)
