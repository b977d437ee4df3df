"""A pull request is opened, reviewed, pushed to and reviewed again: Triptych in one story."""

from __future__ import annotations

from typing import Any

from bot.hosts.github import GitHub
from bot.hosts.http import GitHubAPI, make_session
from bot.pipeline import Circumstances
from bot.pull_review import Adopted, Reviewed, Skipped, review_pull
from bot.settings import Settings
from bot.subject import PullRequest
from reviewers.core.verdict import Outcome
from tests.builders import LOOKS, NONE_LINE, ORDERS, SQL_LINE
from tests.fakes.anthropic import Reply, fake_anthropic, is_about, reported
from tests.fakes.github import TOKEN, FakeGitHub, fake_github

SQL = reported(
    "api/orders.py",
    SQL_LINE,
    'rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)',
    severity="critical",
)
NONE = reported(
    "api/orders.py",
    NONE_LINE,
    'return order["total"]',
    rule="correctness/missing-value",
    title="An unknown order ends in status 500",
    body="`find_order()` returns `None` for an unknown id and this line indexes it.",
    fix="Answer 404 when there is no row.",
)


def model(body: dict[str, Any], _number: int) -> Reply:
    """Two of three security votes see the SQL, every correctness vote sees the missing order."""
    text = body["messages"][0]["content"][-1]["text"]
    has_sql = '" + order_by)' in body["messages"][0]["content"][0]["text"]
    if is_about(body, "security") and "Look number 2" not in text:
        return Reply([SQL] if has_sql else [])
    if is_about(body, "correctness"):
        return Reply([NONE])
    if is_about(body, "verifier"):
        return Reply()
    return Reply()


async def test_a_pull_request_from_request_to_posted_review() -> None:
    async with fake_github() as github, fake_anthropic(model) as anthropic:
        github.pull(128, {}, {"api/orders.py": ORDERS})

        # It is opened: seven looks in parallel and one that verifies, one review is posted.
        first = await review(github, anthropic.url)
        assert isinstance(first, Reviewed)
        assert first.report.verdict.outcome is Outcome.FINDINGS
        assert len(anthropic.requests) == LOOKS + 1
        assert github.posts() == 1
        body = github.bodies_of(128)[0]
        assert body.startswith("**2 findings: 1 critical, 1 high.** Worst: Request data becomes")
        assert "1. **Critical: Request data becomes SQL text.**" in body
        assert "2 of 3 votes" in body
        assert "read by security (3 votes), style (1)" in body
        comments = github.pulls[128].comments
        assert {(c["path"], c["line"]) for c in comments} >= {
            ("api/orders.py", SQL_LINE),
            ("api/orders.py", NONE_LINE),
        }

        # Somebody asks for the same head again: the review that stands is adopted, nothing is paid.
        again = await review(github, anthropic.url)
        assert isinstance(again, Adopted)
        assert len(anthropic.requests) == LOOKS + 1
        assert github.posts() == 1

        # A push repairs the SQL: the body is edited, the comment is marked, nobody is notified.
        repaired = ORDERS.replace('ORDER BY " + order_by', 'ORDER BY id"')
        github.push(128, "9d02f7e", {"api/orders.py": repaired})
        second = await review(github, anthropic.url)
        assert isinstance(second, Reviewed)
        assert github.posts() == 1
        body = github.bodies_of(128)[0]
        assert "Since `4ead128`" in body
        assert "fixed in `9d02f7e`" in body
        sql = next(c for c in comments if c["line"] == SQL_LINE)
        assert sql["body"].startswith("**Fixed in `9d02f7e`.** Critical: Request data becomes SQL")
        assert github.hidden[sql["node_id"]] == "RESOLVED"


async def review(github: FakeGitHub, model_url: str) -> Adopted | Reviewed | Skipped:
    """What a door does: point at the pull request, review it, post."""
    settings = Settings(
        anthropic_key="sk-test-0123456789",
        anthropic_url=model_url,
        github_token=TOKEN,
        github_api=github.url,
    )
    async with make_session(settings) as session:
        api = GitHubAPI(session, settings, TOKEN)
        forge = GitHub(api, PullRequest("acme", "shop", 128), settings)
        return await review_pull(forge, Circumstances(settings), post=True)
