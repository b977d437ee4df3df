"""The pattern on something else than code: a market research, through the very same functions.

Three analysts write the three sections of a report side by side (sectioning); five forecasters
estimate the same number independently (voting); named rules make one answer of many (aggregation).
Nothing here knows of reviews, and nothing of `fan_out` or of the rules is made for this example.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from reviewers.core.aggregate.rules import average, best, concatenate, consensus, integrate
from reviewers.core.fanout import Done, Failed, fan_out

MINUTE = 60.0


# --- Sectioning: different jobs on the same material, by different workers.


@dataclass(frozen=True)
class Section:
    """One part of the report, and the question that its analyst is to answer."""

    name: str
    question: str


COMPETITORS = Section("competitors", "Who else sells bicycles with a motor?")
CUSTOMERS = Section("customers", "Who buys them, and what for?")
REGIONS = Section("regions", "Where do they sell best?")

ANSWERS = {
    "competitors": ("Velo sells more.", "Radix is cheaper."),
    "customers": ("Commuters buy most.",),
    "regions": ("The north grows.", "The south shrinks."),
}


async def analyst(section: Section) -> tuple[str, ...]:
    """An analyst needs a second for the answer. Analysts do not talk to each other."""
    await asyncio.sleep(1.0)
    return ANSWERS[section.name]


async def test_three_sections_are_written_at_once_and_put_one_behind_the_other() -> None:
    start = monotonic()
    outcomes = await fan_out([COMPETITORS, CUSTOMERS, REGIONS], analyst, limit=3, deadline=MINUTE)
    seconds = monotonic() - start

    report = concatenate(done.value for done in outcomes if isinstance(done, Done))

    assert report == (
        "Velo sells more.",
        "Radix is cheaper.",
        "Commuters buy most.",
        "The north grows.",
        "The south shrinks.",
    )
    assert seconds < 1.8, "three analysts of one second each take about one second together"


async def test_an_editor_integrates_the_sections_into_one_text() -> None:
    outcomes = await fan_out([COMPETITORS, REGIONS], analyst, limit=3, deadline=MINUTE)
    sections = [" ".join(done.value) for done in outcomes if isinstance(done, Done)]

    async def editor(parts: Sequence[str]) -> str:
        """One more worker, who reads what all the others wrote: a model, a person, a template."""
        return f"In short ({len(parts)} sections): {parts[0]} But {parts[1].lower()}"

    text = await integrate(sections, editor)

    assert text == (
        "In short (2 sections): Velo sells more. Radix is cheaper. "
        "But the north grows. the south shrinks."
    )


async def test_a_section_that_is_missing_is_known_to_be_missing() -> None:
    async def analyst_without_a_map(section: Section) -> tuple[str, ...]:
        if section is REGIONS:
            raise LookupError("no map")
        return ANSWERS[section.name]

    outcomes = await fan_out(
        [COMPETITORS, REGIONS, CUSTOMERS], analyst_without_a_map, limit=3, deadline=MINUTE
    )

    written = [done.call.name for done in outcomes if isinstance(done, Done)]
    missing = {gap.call.name: str(gap.error) for gap in outcomes if isinstance(gap, Failed)}
    assert written == ["competitors", "customers"]
    assert missing == {"regions": "no map"}


# --- Voting: the same job several times, by workers who differ in how they look at it.


@dataclass(frozen=True)
class Forecast:
    """How many bicycles a region will sell next year, why, and how well the model fits the past."""

    sales: int
    because: str
    fit: float


FORECASTS = {
    "last year plus growth": Forecast(1000, "demand", 0.71),
    "five-year trend": Forecast(1040, "demand", 0.88),
    "order books": Forecast(980, "demand", 0.93),
    "weather": Forecast(1500, "a long summer", 0.34),
    "price survey": Forecast(1010, "demand", 0.80),
}


async def forecaster(method: str) -> Forecast:
    """One independent estimate."""
    await asyncio.sleep(0.05)
    return FORECASTS[method]


async def forecasts() -> list[Forecast]:
    """Five forecasts, made side by side without knowledge of each other."""
    outcomes = await fan_out(list(FORECASTS), forecaster, limit=5, deadline=MINUTE)
    return [done.value for done in outcomes if isinstance(done, Done)]


async def test_five_forecasts_are_averaged() -> None:
    assert average(f.sales for f in await forecasts()) == 1106


async def test_the_forecasts_agree_on_what_most_of_them_say() -> None:
    """Within a tenth is the same forecast; the odd one is not averaged in, it is outvoted."""

    def close(a: int, b: int) -> bool:
        return abs(a - b) <= 0.1 * max(a, b)

    votes = [[f.sales] for f in await forecasts()]

    assert consensus(votes, k=3, same=close) == (1000,)
    assert consensus(votes, k=1, same=close) == (1000, 1500)


async def test_the_forecasts_agree_on_a_reason() -> None:
    """A vote need not be a number."""
    votes = [[f.because] for f in await forecasts()]
    assert consensus(votes, k=3, same=str.__eq__) == ("demand",)


async def test_the_best_forecast_is_the_one_that_fits_the_past() -> None:
    assert best(await forecasts(), score=lambda f: f.fit).sales == 980


async def test_sectioning_and_voting_are_one_fan_out() -> None:
    """The grid of the picture: rows are regions, columns are methods, every cell runs at once."""
    regions = {"north": 1.2, "south": 0.8, "west": 1.0}
    grid = [(region, method) for region in regions for method in FORECASTS]

    async def cell(call: tuple[str, str]) -> float:
        region, method = call
        await asyncio.sleep(0.2)
        return FORECASTS[method].sales * regions[region]

    start = monotonic()
    outcomes = await fan_out(grid, cell, limit=len(grid), deadline=MINUTE)
    seconds = monotonic() - start

    by_region = {
        region: round(
            average(o.value for o in outcomes if isinstance(o, Done) and o.call[0] == region)
        )
        for region in regions
    }
    assert by_region == {"north": 1327, "south": 885, "west": 1106}
    assert seconds < 1.0, "fifteen cells of 0.2 s each take about 0.2 s together, not 3 s"
