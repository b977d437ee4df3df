"""Counters and gauges of one process, for Prometheus.

Labels are closed sets, or are cut to one: no repository, no person, no delivery is ever a label, so
that a busy year costs as many series as a quiet day. Names begin with `triptych_`.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.jobs.protocol import Figures, JobState
from reviewers.core.call import Reading, Usage

EVENTS = frozenset(
    {
        *("pull_request", "pull_request_review", "pull_request_review_comment"),
        *("pull_request_review_thread", "check_run", "check_suite", "issue_comment"),
        *("installation", "installation_repositories", "installation_target", "repository"),
        *("push", "ping", "github_app_authorization"),
    }
)
"""Events with a series of their own; the rest is `other`."""

MOST_MODELS = 32
"""A repository names its models; so many get series of their own."""
OTHER = "other"

_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW = (0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)


class Metrics:
    """What one process counts. Seconds and USD, as everywhere."""

    def __init__(self, version: str = "") -> None:
        self._registry = made = CollectorRegistry()
        self._figures = _QueueFigures()
        made.register(self._figures)
        ProcessCollector(registry=made)
        self._models: set[str] = set()
        self._deliveries = Counter(
            "triptych_deliveries", "Webhook deliveries.", ("event", "result"), registry=made
        )
        self._delivery_seconds = Histogram(
            "triptych_delivery_seconds", "Until the answer.", registry=made, buckets=_QUICK
        )
        self._jobs = Counter("triptych_jobs", "Review jobs ended.", ("state",), registry=made)
        self._job_seconds = Histogram(
            "triptych_job_seconds", "A review job, its wait included.", registry=made, buckets=_SLOW
        )
        self._calls = Counter(
            "triptych_model_calls", "Calls of models.", ("model", "reading"), registry=made
        )
        self._call_seconds = Histogram(
            "triptych_model_call_seconds", "A call.", ("model",), registry=made, buckets=_SLOW
        )
        self._tokens = Counter(
            "triptych_model_tokens", "Tokens of models.", ("model", "kind"), registry=made
        )
        self._cost = Counter("triptych_model_cost_usd", "USD.", ("model",), registry=made)
        self._github = Counter(
            "triptych_github_calls", "Calls of GitHub.", ("method", "status"), registry=made
        )
        self._github_seconds = Histogram(
            "triptych_github_call_seconds", "A call.", registry=made, buckets=_QUICK
        )
        build = Gauge("triptych_build_info", "What runs.", ("version", "python"), registry=made)
        build.labels(version, platform.python_version()).set(1)

    def delivery(self, event: str, result: str, seconds: float) -> None:
        """A delivery was answered. `result` is a word of the door's; `event` "" where unproven."""
        name = event if event in EVENTS else OTHER if event else "unproven"
        self._deliveries.labels(name, result).inc()
        self._delivery_seconds.observe(seconds)

    def job(self, state: JobState, seconds: float) -> None:
        """A review job came to its end, so long after it was taken in."""
        self._jobs.labels(state.value).inc()
        self._job_seconds.observe(seconds)

    def model_call(
        self, model: str, reading: Reading, usage: Usage, cost: float | None, seconds: float
    ) -> None:
        """A model was called; `cost` None where its price is not known."""
        name = self._known(model)
        self._calls.labels(name, reading.value).inc()
        self._call_seconds.labels(name).observe(seconds)
        for kind in ("uncached", "written", "read", "out"):
            self._tokens.labels(name, kind).inc(max(0, getattr(usage, kind)))
        self._cost.labels(name).inc(max(0.0, cost or 0.0))

    def github_call(self, method: str, status: int, seconds: float) -> None:
        """GitHub was called; status 0 where no answer came."""
        verb = method if method in ("GET", "POST", "PATCH", "PUT", "DELETE") else OTHER
        self._github.labels(verb, f"{status // 100}xx" if status else "none").inc()
        self._github_seconds.observe(seconds)

    def page(self, figures: Figures | None) -> bytes:
        """All of it in Prometheus' text format; without the queue's gauges where `figures` is None."""
        self._figures.now = figures
        return generate_latest(self._registry)

    def _known(self, model: str) -> str:
        if model not in self._models and len(self._models) >= MOST_MODELS:
            return OTHER
        self._models.add(model)
        return model


class _QueueFigures(Collector):
    """The queue's figures, as they were when the page was asked for."""

    def __init__(self) -> None:
        self.now: Figures | None = None

    def collect(self) -> Iterator[Metric]:
        """A gauge each; what is unknown has none."""
        now = self.now
        if now is None:
            return
        rows: tuple[tuple[str, str, float | None], ...] = (
            ("jobs_waiting", "Review jobs that wait.", now.waiting),
            ("jobs_oldest_seconds", "How long the oldest of them waits.", now.oldest),
            ("jobs_running", "Review jobs that run.", now.running),
            ("jobs_parked", "Review jobs that wait for a limit of GitHub's.", now.parked),
            ("jobs_dead", "Review jobs that were given up.", now.dead),
            ("cost_today_usd", "What models cost today (UTC).", now.cost_today),
            ("cost_limit_usd", "What they may cost a day.", now.cost_limit),
            ("last_webhook_timestamp_seconds", "When the last delivery came.", now.last_webhook),
        )
        for name, about, value in rows:
            if value is not None:
                yield GaugeMetricFamily(f"triptych_{name}", about, value=value)
