"""Search for the smallest value of an axis at which runs diverge.

Each round tries log-spaced values between the largest that held and the smallest that diverged, until they are close.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

DIGITS = 7
SMALLEST_TOLERANCE = 1e-5  # that values of so many digits can tell apart

Objectives = Sequence[float | None]


@dataclass(frozen=True)
class SearchSettings:
    """Settings of a search: runs must hold at `low` and diverge at `high`.

    The border is found when the values on its two sides differ by less than the fraction `tolerance`. A round tries
    `points` values.
    """

    axis: str
    low: float
    high: float
    tolerance: float = 0.01
    points: int = 7

    def __post_init__(self) -> None:
        if self.low is None or self.high is None:
            raise ValueError("hydra.sweeper.search needs low and high, between which to search")
        for name, valid, rule in (
            ("low", 0 < self.low < math.inf, "be greater than 0"),
            ("high", self.low < self.high < math.inf, f"be greater than low, {self.low:g}"),
            ("tolerance", SMALLEST_TOLERANCE <= self.tolerance < math.inf, f"be at least {SMALLEST_TOLERANCE:g}"),
            ("points", self.points >= 1, "be at least 1"),
        ):
            if not valid:
                raise ValueError(f"hydra.sweeper.search.{name} must {rule}, got {getattr(self, name):g}")


@dataclass
class Search:
    """The search for one case, and what is known so far.

    `holds` is the largest value known to hold below all that diverge, `fails` the smallest known to diverge; None where
    there is no such value yet. `abandoned`: a round had no results to go on.
    """

    overrides: Sequence[str]
    settings: SearchSettings
    holds: float | None = None
    fails: float | None = None
    abandoned: bool = False

    def next_values(self) -> list[float]:
        """The values to try in the next round; none when the search is over."""
        settings = self.settings
        if self.abandoned:
            return []
        if self.holds is None and self.fails is None:
            return [settings.low, *between(settings.low, settings.high, settings.points), settings.high]
        if self.holds is None or self.fails is None or self.fails <= self.holds * (1 + settings.tolerance):
            return []
        return between(self.holds, self.fails, settings.points)

    def learn(self, objectives: Mapping[float, float]) -> None:
        """Narrow the search by a round's objectives: inf where a run diverged, NaN where nothing was run."""
        tried = sorted(objectives)
        self.abandoned = not tried or any(math.isnan(objectives[value]) for value in tried)
        if self.abandoned:
            return
        diverged = [value for value in tried if math.isinf(objectives[value])]
        self.fails = diverged[0] if diverged else self.fails
        held = [value for value in tried if self.fails is None or value < self.fails]
        self.holds = held[-1] if held else self.holds

    def job(self, value: float) -> list[str]:
        """The overrides of the run that tries a value."""
        return [*self.overrides, f"{self.settings.axis}={value!r}"]

    @property
    def border(self) -> str | None:
        """The border, if it was found."""
        if self.holds is None or self.fails is None:
            return None
        return f"{self.case}: between {self.settings.axis}={self.holds:g} and {self.fails:g}"

    @property
    def problem(self) -> str | None:
        """The reason why no border was found between the ends, if none was."""
        if self.abandoned or (self.holds is not None and self.fails is not None):
            return None
        if self.fails is None:
            return f"{self.case}: no run diverged up to {self.settings.axis}={self.settings.high:g}"
        return f"{self.case}: diverged already at {self.settings.axis}={self.settings.low:g}"

    @property
    def case(self) -> str:
        """The overrides that all runs of this search share."""
        return " ".join(self.overrides) or "the defaults"


def search_all(searches: Sequence[Search], launch: Callable[[list[list[str]]], Objectives]) -> None:
    """Carry out all searches at once, round by round.

    `launch` takes jobs and returns the objective of each, None where it failed; a value that failed is not learned
    from.
    """
    while rounds := [(search, values) for search in searches if (values := search.next_values())]:
        objectives = iter(launch([search.job(value) for search, values in rounds for value in values]))
        for search, values in rounds:
            results = {value: next(objectives) for value in values}
            search.learn({value: float(result) for value, result in results.items() if result is not None})


def between(low: float, high: float, points: int) -> list[float]:
    """Log-spaced values strictly between two others."""
    inner = [low * (high / low) ** (i / (points + 1)) for i in range(1, points + 1)]
    return [float(f"{value:.{DIGITS}g}") for value in inner]
