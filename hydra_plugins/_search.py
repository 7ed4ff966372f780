"""The search for the value at which runs begin to diverge, by one case of a sweep after another.

Each round tries log-spaced values between the last that held and the first that did not, until the two are close.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DIGITS = 7
CLOSEST = 1e-5  # a tolerance that values of so many digits can tell apart


@dataclass(frozen=True)
class Ends:
    """What is searched, and how: runs must hold at `low` and diverge at `high`, and the border is found when the two
    values around it are within the fraction `tolerance`; a round tries `points` values.
    """

    axis: str
    low: float
    high: float
    tolerance: float = 0.01
    points: int = 7

    def __post_init__(self) -> None:
        if self.low is None or self.high is None:
            raise ValueError("hydra.sweeper.search needs low and high, between which to search")
        for name, sound, rule in (
            ("low", 0 < self.low < math.inf, "be greater than 0"),
            ("high", self.low < self.high < math.inf, f"be greater than low, {self.low:g}"),
            ("tolerance", CLOSEST <= self.tolerance < math.inf, f"be at least {CLOSEST:g}"),
            ("points", self.points >= 1, "be at least 1"),
        ):
            if not sound:
                raise ValueError(f"hydra.sweeper.search.{name} must {rule}, got {getattr(self, name):g}")


@dataclass
class Search:
    """One case's search, and how far it has come: None where nothing is known to hold, or not to."""

    overrides: Sequence[str]
    ends: Ends
    holds: float | None = None
    fails: float | None = None
    silent: bool = False

    def ahead(self) -> list[float]:
        """The values to try next; none when the search is over."""
        ends = self.ends
        if self.silent:
            return []
        if self.holds is None and self.fails is None:
            return [ends.low, *between(ends.low, ends.high, ends.points), ends.high]
        if self.holds is None or self.fails is None or self.fails <= self.holds * (1 + ends.tolerance):
            return []
        return between(self.holds, self.fails, ends.points)

    def learn(self, objectives: Mapping[float, float]) -> None:
        """Take in what the tried values came to: inf where a run diverged, NaN where nothing was run."""
        tried = sorted(objectives)
        self.silent = not tried or any(math.isnan(objectives[value]) for value in tried)
        if self.silent:
            return
        over = [value for value in tried if math.isinf(objectives[value])]
        self.fails = over[0] if over else self.fails
        under = [value for value in tried if self.fails is None or value < self.fails]
        self.holds = under[-1] if under else self.holds

    def job(self, value: float) -> tuple[str, ...]:
        """The overrides of the run that tries a value."""
        return (*self.overrides, f"{self.ends.axis}={value!r}")

    @property
    def border(self) -> str | None:
        """What was found, if it was."""
        if self.holds is None or self.fails is None:
            return None
        case = " ".join(self.overrides) or "the case"
        return f"{case}: between {self.ends.axis}={self.holds:g} and {self.fails:g}"

    @property
    def trouble(self) -> str | None:
        """Why there is no border between the ends, if none was found."""
        if self.silent or (self.holds is not None and self.fails is not None):
            return None
        case = " ".join(self.overrides) or "the case"
        if self.fails is None:
            return f"{case}: no run has diverged up to {self.ends.axis}={self.ends.high:g}"
        return f"{case}: diverges already at {self.ends.axis}={self.ends.low:g}"


def between(low: float, high: float, points: int) -> list[float]:
    """So many log-spaced values strictly between two."""
    inner = [low * (high / low) ** (i / (points + 1)) for i in range(1, points + 1)]
    return [float(f"{value:.{DIGITS}g}") for value in inner]
