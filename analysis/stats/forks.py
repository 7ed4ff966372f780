"""Runs that part: two children of one run, which differ in the order of mini-batches from a step on.

The instability of a run at a step is the barrier between its children (Frankle, Dziugaite, Roy and Carbin 2020,
arXiv 1912.05671, section 2); they call it stable below 2 points of error.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.stats.minima import ROWS, Minima
from analysis.stats.students import interval
from analysis.stats.verdicts import FAILS, FEWEST, HOLDS, UNDECIDED, decided
from gdlab.arrays import Theta
from gdlab.measure.geometry import aligned, barrier, straight_line

STEP, FORK = "seeds.fork_step", "seeds.fork"
POINTS = 11  # along a straight line
THRESHOLD = 2.0  # points of error

SIBLINGS, RAW, ALIGNED = "siblings", "unrelated", "unrelated, aligned"
STABLE, UNSTABLE = "stable", "unstable"
MEASURES = ("cost barrier", "error barrier", "disagreement")


def parted(group: Minima) -> pd.DataFrame:
    """A row for each pair of siblings, and of unrelated runs: what the pair is, its step, and `MEASURES`.

    `cost barrier` is that of the training cost, `error barrier` that of the test error in points; `disagreement` is the
    percentage of test examples that the two predict differently. Unrelated runs have neither start nor order in common;
    the runs are those that part first, of one parent and the next, in disjoint pairs.
    """
    runs = group.runs.reset_index(drop=True)
    rows = []
    for (_, step), family in runs.groupby(["seeds.init", STEP]):
        places = family.drop_duplicates(FORK).sort_values(FORK).index
        if len(places) > 1:
            rows.append([SIBLINGS, step, *compared(group, *group.ends[list(places[:2])])])
    for first, second in unrelated(runs):
        start, end = group.ends[first], group.ends[second]
        rows.append([RAW, np.nan, *compared(group, start, end)])
        rows.append([ALIGNED, np.nan, *compared(group, start, aligned(group.network, end, start))])
    hidden = ", ".join(map(str, group.network.hidden))
    return pd.DataFrame(rows, columns=["pair", "step", *MEASURES]).assign(width=hidden, budget=runs["steps"].max())


def unrelated(runs: pd.DataFrame) -> list[tuple[int, int]]:
    """Disjoint pairs of the places of runs with different parents and different forks, among those that part first."""
    first = runs[runs[STEP] == runs[STEP].min()]
    one, other = sorted(first[FORK].unique())[:2] if first[FORK].nunique() > 1 else (None, None)
    of_one, of_other = (first[first[FORK] == fork].sort_values("seeds.init").index for fork in (one, other))
    return [(of_one[i], of_other[i + 1]) for i in range(0, min(len(of_one), len(of_other)) - 1, 2)]


def compared(group: Minima, start: np.ndarray, end: np.ndarray) -> list[float]:
    """The measures of one pair of points."""
    costs, errors = along(group, straight_line(start, end, POINTS))
    features = group.network.data.test_features
    ends = np.stack([start, end]).astype(group.network.dtype)
    first, second = group.network.outputs(ends, features).argmax(axis=2)
    return [barrier(costs), barrier(errors), 100 * float((first != second).mean())]


def along(group: Minima, line: Theta) -> tuple[np.ndarray, np.ndarray]:
    """The training cost and the test error, in percent, at each of some points."""
    network = group.network
    costs, errors = [], []
    for i in range(0, len(line), ROWS):
        block = line[i : i + ROWS].astype(network.dtype)
        costs.append(network.evaluate(block, network.train)[0])
        errors.append(100 * (1 - network.evaluate(block, network.test)[1]))
    return np.concatenate(costs), np.concatenate(errors)


def verdict(barriers: np.ndarray) -> str:
    """Whether runs that part at a step are stable: the mean barrier of the test error is below two points.

    Stable or unstable if Student's 95% interval lies below or above the threshold; not decided if the threshold lies
    inside, or there are fewer than eight pairs.
    """
    if len(barriers) < FEWEST:
        return UNDECIDED
    low, high = interval(np.asarray(barriers, float))
    return {HOLDS: UNSTABLE, FAILS: STABLE}.get(decided(low, high, len(barriers), THRESHOLD), UNDECIDED)


def stable_from(steps: Sequence[float], verdicts: Sequence[str]) -> float | None:
    """The first step from which on all verdicts are stable; None if the last is not."""
    found = None
    for step, text in sorted(zip(steps, verdicts, strict=True), reverse=True):
        if text != STABLE:
            break
        found = step
    return found


def unstable_until(steps: Sequence[float], verdicts: Sequence[str]) -> float | None:
    """The last step at which the verdict is unstable; None if there is none."""
    found = [step for step, text in zip(steps, verdicts, strict=True) if text == UNSTABLE]
    return max(found) if found else None
