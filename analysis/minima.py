"""Networks at the ends of their runs: how far apart, how alike, and what lies between them, in numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import cast

import numpy as np
import pandas as pd
from jaxtyping import Float

from analysis import averages, study, words
from analysis.study import StudyError
from gdlab import tracking
from gdlab.arrays import Theta
from gdlab.descent.stopping import DIVERGED
from gdlab.measure.geometry import aligned, barrier, disjoint_pairs, distances, straight_line
from gdlab.problems.network import Network
from gdlab.sweeps import configuration

START, ORDER, BOTH = "start varied", "order varied", "both varied"
ARMS = (START, ORDER, BOTH)
FEWEST = 3
POINTS = 25  # along a straight line
ROWS = 32  # evaluated at a time: they stay in the cache

Square = Float[np.ndarray, "runs runs"]
Curves = Float[np.ndarray, "pairs points"]


@dataclass(frozen=True)
class Minima:
    """Runs of one network, a row each, in the order of `runs`."""

    network: Network
    runs: pd.DataFrame
    thetas: Sequence[dict[str, np.ndarray]]

    @cached_property
    def ends(self) -> Theta:
        return np.stack([theta["end"] for theta in self.thetas])

    def some(self, which: Sequence[int] | np.ndarray) -> Minima:
        """Only these."""
        return Minima(self.network, self.runs.iloc[list(which)], [self.thetas[i] for i in which])

    @cached_property
    def raw(self) -> Square:
        """Distances between the ends as they are."""
        return distances(self.network, self.ends)

    @cached_property
    def nearer(self) -> Square:
        """Distances after each pair is aligned, the later run to the earlier."""
        apart = np.zeros_like(self.raw)
        for i, j in combinations(range(len(self.ends)), 2):
            moved = aligned(self.network, self.ends[j], self.ends[i])
            apart[i, j] = apart[j, i] = distances(self.network, self.ends[[i]], moved[None])[0, 0]
        return apart

    @cached_property
    def disagreement(self) -> Square:
        """The share of test examples that two runs answer differently."""
        features = self.network.data.test_features
        with np.errstate(over="ignore"):
            answers = np.stack([self.network.outputs(end[None], features)[0].argmax(axis=1) for end in self.ends])
        return (answers[:, None] != answers).mean(axis=2)

    def lines(self, align: bool) -> Curves:
        """The training cost along the straight lines between disjoint pairs of ends, a row each."""
        rows = []
        for i, j in disjoint_pairs(len(self.ends)):
            end = aligned(self.network, self.ends[j], self.ends[i]) if align else self.ends[j]
            rows.append(straight_line(self.ends[i], end, POINTS))
        return costs(self.network, np.concatenate(rows)).reshape(-1, POINTS)


def costs(network: Network, theta: Theta) -> Float[np.ndarray, " runs"]:
    """The training cost of many points."""
    parts = [theta[i : i + ROWS].astype(network.dtype) for i in range(0, len(theta), ROWS)]
    with np.errstate(over="ignore"):  # a unit far below 0
        return np.concatenate([network.evaluate(part, network.train)[0] for part in parts])


def barriers(lines: Curves) -> Float[np.ndarray, " pairs"]:
    return np.array([barrier(line) for line in lines])


def load(uri: str, experiment: str) -> tuple[pd.DataFrame, pd.DataFrame, list[Minima]]:
    """The runs and steps of an experiment, and the runs' networks, those of one shape together.

    Raises
    ------
    TrackingError, StudyError
        Naming what is missing: the experiment, a run's theta, its problem.

    """
    runs, steps = study.load(uri, experiment)
    study.checked(runs, ("seeds.init", "seeds.batches"), f"experiment {experiment!r} in {uri}")
    return runs, steps, grouped(runs, uri)


def grouped(runs: pd.DataFrame, uri: str) -> list[Minima]:
    """The networks of these runs, those of one shape together; raises as `load` does."""
    runs = runs.sort_values(["seeds.init", "seeds.batches"], kind="stable").reset_index(drop=True)
    thetas = tracking.thetas(runs, uri)
    groups: dict[str, list[int]] = {}
    configs = tracking.configurations(runs, uri)
    for place, config in enumerate(configs):
        problem = {name: value for name, value in config["problem"].items() if name != "initializer"}
        groups.setdefault(repr(problem), []).append(place)
    minima = []
    for places in groups.values():
        network = cast(Network, configuration.problem(configs[places[0]]))
        if not isinstance(network, Network):
            raise StudyError(f"run {runs['run_name'].iloc[places[0]]!r} is of no network, which this study is about")
        minima.append(Minima(network, runs.iloc[places].reset_index(drop=True), [thetas[place] for place in places]))
    return minima


def load_alike(uri: str, experiment: str) -> tuple[pd.DataFrame, pd.DataFrame, Minima]:
    """The same for runs that are all of one shape.

    Raises
    ------
    StudyError
        Naming a run of another shape or one that has diverged, or saying that there are too few.

    """
    runs, steps, groups = load(uri, experiment)
    if len(groups) > 1:
        first, other = groups[0].runs["run_name"].iloc[0], groups[1].runs["run_name"].iloc[0]
        raise StudyError(
            f"experiment {experiment!r} mixes problems: run {other!r} has another than run {first!r}; this study "
            "compares runs of one problem"
        )
    if len(runs) < FEWEST:
        raise StudyError(f"experiment {experiment!r} has {len(runs)} finished runs; this study needs {FEWEST} or more")
    mixed = {name: text for name, text in words.differences(runs, ()).items() if not name.startswith("record.")}
    if mixed:
        told = "; ".join(f"{name} {text}" for name, text in mixed.items())
        raise StudyError(
            f"experiment {experiment!r} mixes runs of {told}; this study compares runs that differ in their seeds alone"
        )
    lost = groups[0].runs.loc[groups[0].runs["outcome"] == DIVERGED, "run_name"]
    if len(lost):
        raise StudyError(f"run {lost.iloc[0]!r} has diverged: this study compares minima, and it has come to none")
    return runs, steps, groups[0]


def arms(minima: Minima) -> dict[str, Minima]:
    """The runs by what differs between them: where they start, the order of their mini-batches, or both."""
    init, order = minima.runs["seeds.init"], minima.runs["seeds.batches"]
    one_start = order.groupby(init).transform("nunique") >= FEWEST
    one_order = init.groupby(order).transform("nunique") >= FEWEST
    both = (init == order) & ~one_start & ~one_order
    kinds = np.select([one_order & ~one_start, one_start & ~one_order, both], [START, ORDER, BOTH], "")
    found = {arm: minima.some(np.flatnonzero(kinds == arm)) for arm in ARMS}
    return {arm: part for arm, part in found.items() if len(part.runs) >= FEWEST}


def over_pairs(square: Square, estimate: Callable[[np.ndarray], float] = np.mean) -> tuple[float, float, float]:
    """An estimate over all pairs of runs, with its interval: runs are resampled, and a run is no pair with itself."""
    rows, columns = np.triu_indices(len(square), 1)
    draw = np.random.default_rng(averages.SEED)
    samples = []
    for _ in range(averages.RESAMPLES):
        chosen = draw.integers(len(square), size=len(square))
        first, second = chosen[rows], chosen[columns]
        if (first != second).any():
            samples.append(estimate(square[first, second][first != second]))
    return (float(estimate(square[rows, columns])), *averages.interval(np.array(samples)))


def over_runs(values: np.ndarray, estimate: Callable[..., np.ndarray]) -> tuple[float, float, float]:
    """An estimate over independent values, with its interval; `estimate` works along the last axis."""
    return (float(estimate(values)), *averages.interval(estimate(averages.resampled(values))))


def spread(values: np.ndarray) -> np.ndarray:
    """The standard deviation along the last axis, from n - 1."""
    return np.std(values, axis=-1, ddof=1)


def variance_share(part: np.ndarray, whole: np.ndarray) -> tuple[float, float, float]:
    """The variance of some runs over that of others, with its interval; NaN where neither varies."""
    first, second = averages.resampled(part, 1), averages.resampled(whole, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        samples = spread(first) ** 2 / spread(second) ** 2
        share = float(spread(part) ** 2 / spread(whole) ** 2)
    known = samples[~np.isnan(samples)]
    return (share, *(averages.interval(known) if len(known) else (np.nan, np.nan)))
