"""How many things we may write at GitHub in a time: its limit for content, kept on our side (S64)."""

from __future__ import annotations

from collections import deque

PER_MINUTE = 80
PER_HOUR = 500
"""Reviews, comments, answers and reactions of one account (facts/libraries.md section 7)."""
CONTENT = ("/reviews", "/comments", "/replies", "/reactions")
"""How the paths end that create such things."""


class Pace:
    """The writes of one installation, those to come included. Times in seconds, of any one clock."""

    def __init__(self, per_minute: int = PER_MINUTE, per_hour: int = PER_HOUR) -> None:
        self._windows = ((per_minute, 60.0), (per_hour, 3600.0))
        self._times: deque[float] = deque(maxlen=max(per_minute, per_hour))

    def wait(self, now: float) -> float:
        """Seconds until one more write fits."""
        times = [now]
        for most, seconds in self._windows:
            if len(self._times) >= most:
                times.append(self._times[-most] + seconds)
        return max(times) - now

    def take(self, now: float, wait: float) -> None:
        """Note a write that will be done in `wait` seconds, as `wait()` has said."""
        self._times.append(now + wait)


def creates_content(method: str, url: str) -> bool:
    """Whether GitHub counts this request among those that create content."""
    return method == "POST" and url.partition("?")[0].endswith(CONTENT)
