"""What is counted, and that no label grows without end."""

from __future__ import annotations

from bot.jobs.protocol import Figures, JobState
from bot.metrics import MOST_MODELS, Metrics
from reviewers.core.call import Reading, Usage


def page(metrics: Metrics, figures: Figures | None = None) -> list[str]:
    return metrics.page(figures).decode().splitlines()


def test_everything_is_counted() -> None:
    metrics = Metrics("1.2.3")
    metrics.delivery("pull_request", "taken", 0.01)
    metrics.job(JobState.DONE, 6.5)
    metrics.model_call("claude-sonnet-5-5", Reading.READ, Usage(1, 2, 3, 4), 0.25, 5.0)
    metrics.model_call("claude-sonnet-5-5", Reading.TIMED_OUT, Usage(), None, 120.0)
    metrics.github_call("POST", 201, 0.1)
    metrics.github_call("BREW", 0, 0.1)
    lines = page(metrics)
    for line in (
        'triptych_deliveries_total{event="pull_request",result="taken"} 1.0',
        'triptych_delivery_seconds_bucket{le="0.15"} 1.0',
        'triptych_jobs_total{state="done"} 1.0',
        'triptych_model_calls_total{model="claude-sonnet-5-5",reading="read"} 1.0',
        'triptych_model_calls_total{model="claude-sonnet-5-5",reading="timed out"} 1.0',
        'triptych_model_tokens_total{kind="out",model="claude-sonnet-5-5"} 4.0',
        'triptych_model_cost_usd_total{model="claude-sonnet-5-5"} 0.25',
        'triptych_github_calls_total{method="POST",status="2xx"} 1.0',
        'triptych_github_calls_total{method="other",status="none"} 1.0',
    ):
        assert line in lines
    assert any(line.startswith('triptych_build_info{python="3.') for line in lines)


def test_the_queues_gauges_are_those_of_the_moment() -> None:
    metrics = Metrics()
    lines = page(metrics, Figures(waiting=3, oldest=1.5, running=2, cost_today=0.75))
    assert "triptych_jobs_waiting 3.0" in lines
    assert "triptych_jobs_oldest_seconds 1.5" in lines
    assert "triptych_cost_today_usd 0.75" in lines
    assert not any("cost_limit" in line for line in lines)
    assert "triptych_jobs_waiting 0.0" in page(metrics, Figures())
    assert not any("triptych_jobs_waiting" in line for line in page(metrics))


def test_labels_are_closed_sets() -> None:
    metrics = Metrics()
    for i in range(1000):
        metrics.delivery(f"event_{i}", "ignored", 0.01)
        metrics.model_call(f"model-{i}", Reading.READ, Usage(), 0.0, 1.0)
    metrics.delivery("", "refused", 0.01)
    lines = page(metrics)
    assert sum(line.startswith("triptych_deliveries_total") for line in lines) == 2
    calls = [line for line in lines if line.startswith("triptych_model_calls_total")]
    assert len(calls) == MOST_MODELS + 1
    assert (
        f'triptych_model_calls_total{{model="other",reading="read"}} {1000 - MOST_MODELS}.0'
        in calls
    )


def test_two_processes_of_a_test_do_not_share() -> None:
    one, other = Metrics(), Metrics()
    one.delivery("ping", "ignored", 0.0)
    assert not any('event="ping"' in line for line in page(other))
