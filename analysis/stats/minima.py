"""Minima: networks at the ends of their runs, the distances between them, and the cost on the lines that join them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations

import numpy as np
import pandas as pd
from jaxtyping import Float

from gdlab.arrays import Point, Theta
from gdlab.measure.geometry import aligned, barrier, centered, disjoint_pairs, distances, straight_line
from gdlab.measure.matching import matched
from gdlab.problems.network import Network

START, ORDER, BOTH = "start varied", "order varied", "both varied"
ARMS = (START, ORDER, BOTH)
AS_THEY_ARE, ALIGNED = "as they are", "aligned"
FEWEST = 3  # runs of an arm
POINTS = 25  # along a straight line
ROWS = 32  # evaluated at a time: they stay in the cache

Pair = tuple[int, int]  # places of two runs
Square = Float[np.ndarray, "runs runs"]
Curves = Float[np.ndarray, "pairs points"]


@dataclass(frozen=True)
class Minima:
    """Runs of one network, a row each, in the order of `runs`."""

    network: Network
    runs: pd.DataFrame
    thetas: Sequence[Mapping[str, np.ndarray]]

    @cached_property
    def ends(self) -> Theta:
        """Theta at the end of each run."""
        return np.stack([theta["end"] for theta in self.thetas])

    def some(self, places: Sequence[int] | np.ndarray) -> Minima:
        """The runs at these places only."""
        return Minima(self.network, self.runs.iloc[list(places)], [self.thetas[place] for place in places])

    @property
    def is_recentred(self) -> bool:
        """True if distances are measured in coordinates other than theta's own, as for sigmoid units."""
        return bool(self.network.architecture.activation.center)

    @cached_property
    def norms(self) -> Float[np.ndarray, " runs"]:
        """The distance of each end from the origin, in the coordinates of the distances."""
        return np.linalg.norm(centered(self.network, self.ends), axis=1)

    @cached_property
    def raw_distances(self) -> Square:
        """Distances between the ends as they are."""
        return distances(self.network, self.ends)

    @cached_property
    def aligned_distances(self) -> Square:
        """Distances after the later run of each pair is aligned with the earlier."""
        square = np.zeros_like(self.raw_distances)
        for i, j in combinations(range(len(self.ends)), 2):
            moved = aligned(self.network, self.ends[j], self.ends[i])
            square[i, j] = square[j, i] = distances(self.network, self.ends[[i]], moved[None])[0, 0]
        return square

    @cached_property
    def disagreement(self) -> Square:
        """The share of test examples on which the predictions of two runs differ."""
        features = self.network.data.test_features
        classes = np.stack([self.network.outputs(end[None], features)[0].argmax(axis=1) for end in self.ends])
        return (classes[:, None] != classes).mean(axis=2)

    def lines(self, align: bool, pairs: Sequence[Pair] | None = None) -> Curves:
        """The training cost along the straight lines between pairs of ends, by default disjoint ones, a row each.

        Aligned, the line of a pair is the one with the lower barrier of two, to the end matched by weights and to the
        end matched by activations: the barrier is an upper bound on the lowest that a relabelling leaves.
        """
        pairs = disjoint_pairs(len(self.ends)) if pairs is None else pairs
        if not align:
            return self._lines_to(lambda end, _: end, pairs)
        found = [self._lines_to(partial(match, self.network), pairs) for match in (aligned, matched)]
        lower = np.argmin([barriers(curves) for curves in found], axis=0)
        return np.stack(found)[lower, np.arange(len(lower))]

    def _lines_to(self, moved: Callable[[Point, Point], Point], pairs: Sequence[Pair]) -> Curves:
        """The lines from the first end of each pair to the second, which is moved towards the first."""
        ends = self.ends
        rows = [straight_line(ends[i], moved(ends[j], ends[i]), POINTS) for i, j in pairs]
        return costs(self.network, np.concatenate(rows)).reshape(-1, POINTS)


Arms = Mapping[str, Minima]
Lines = Mapping[str, tuple[Curves, Curves]]  # of each arm: between ends as they are, and aligned


def costs(network: Network, theta: Theta) -> Float[np.ndarray, " runs"]:
    """The training cost of many points."""
    blocks = [theta[i : i + ROWS].astype(network.dtype) for i in range(0, len(theta), ROWS)]
    return np.concatenate([network.evaluate(block, network.train)[0] for block in blocks])


def barriers(lines: Curves) -> Float[np.ndarray, " pairs"]:
    """The barrier on each line."""
    return np.array([barrier(line) for line in lines])


def arms(minima: Minima) -> dict[str, Minima]:
    """The runs by what differs between them: their start, the order of their mini-batches, or both."""
    init, order = minima.runs["seeds.init"], minima.runs["seeds.batches"]
    one_start = order.groupby(init).transform("nunique") >= FEWEST
    one_order = init.groupby(order).transform("nunique") >= FEWEST
    both = (init == order) & ~one_start & ~one_order
    kinds = np.select([one_order & ~one_start, one_start & ~one_order, both], [START, ORDER, BOTH], "")
    found = {arm: minima.some(np.flatnonzero(kinds == arm)) for arm in ARMS}
    return {arm: group for arm, group in found.items() if len(group.runs) >= FEWEST}


def arm_lines(arms: Arms) -> Lines:
    """The lines of each arm, between ends as they are and aligned."""
    return {arm: (group.lines(align=False), group.lines(align=True)) for arm, group in arms.items()}


def pairs(arms: Arms) -> pd.DataFrame:
    """All pairs of runs of each arm: their distances and their disagreement."""
    tables = []
    for arm, minima in arms.items():
        first, second = np.triu_indices(len(minima.runs), 1)
        names = minima.runs["run_name"].to_numpy()
        columns = {
            "arm": arm,
            "first": names[first],
            "second": names[second],
            "distance": minima.raw_distances[first, second],
            "distance aligned": minima.aligned_distances[first, second],
            "disagreement": minima.disagreement[first, second],
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def line_points(lines: Lines) -> pd.DataFrame:
    """The cost at each point of every line."""
    tables = [
        pd.DataFrame({"pairs of": arm, "as": kind, "pair": pair, "t": np.linspace(0, 1, len(line)), "cost": line})
        for arm, both in lines.items()
        for kind, curves in zip(("they are", "aligned"), both, strict=True)
        for pair, line in enumerate(curves)
    ]
    return pd.concat(tables, ignore_index=True)


def barriers_by_width(groups: Sequence[Minima]) -> pd.DataFrame:
    """The barrier of each pair of networks of one architecture, as they are and aligned."""
    tables = []
    for group in groups:
        for kind, align in ((AS_THEY_ARE, False), (ALIGNED, True)):
            columns = {
                "hidden layers": ", ".join(map(str, group.network.hidden)),
                "parameters": group.network.parameters,
                "pairs are": kind,
                "barrier": barriers(group.lines(align)),
            }
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)
