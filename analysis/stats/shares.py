r"""Shares of a variance: what the start, the order of mini-batches and the two together decide.

A crossed design runs every start with every order, once each; training is deterministic given both. The model is the
two-way random-effects one without replication,

.. math:: y_{ij} = \mu + a_i + b_j + e_{ij}

where e is the part that neither decides alone, the interaction. The mean squares give unbiased estimates of the three
variances (Searle, Casella and McCulloch 1992, "Variance components", section 4.6).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from analysis.stats import averages
from analysis.stats.estimates import Estimate

Crossed = Float[np.ndarray, "starts orders"]

PARTS = ("start", "order", "both together")
DRAWS = 20_000


class MeanSquares(NamedTuple):
    """The sums of squares over their degrees of freedom, of starts, orders and the rest."""

    starts: float
    orders: float
    rest: float


def crossed(runs: pd.DataFrame, column: str) -> Crossed:
    """A column of the runs of a crossed design: a row for each start, a column for each order, NaN where none ran."""
    return runs.pivot_table(index="seeds.init", columns="seeds.batches", values=column).to_numpy(float)


def mean_squares(values: Crossed) -> MeanSquares:
    """The mean squares of the two-way layout."""
    starts, orders = values.shape
    of_starts, of_orders = values.mean(axis=1), values.mean(axis=0)
    rest = values - of_starts[:, None] - of_orders + values.mean()
    return MeanSquares(
        float(orders * of_starts.var(ddof=1)),
        float(starts * of_orders.var(ddof=1)),
        float((rest**2).sum() / ((starts - 1) * (orders - 1))),
    )


def variances(squares: MeanSquares, shape: tuple[int, int]) -> Float[np.ndarray, "*draws 3"]:
    """The variances of starts, orders and the rest; a negative estimate is 0."""
    starts, orders = shape
    found = [(squares.starts - squares.rest) / orders, (squares.orders - squares.rest) / starts, squares.rest]
    return np.stack([np.maximum(variance, 0) for variance in found], axis=-1)


def shares(values: Crossed) -> dict[str, Estimate]:
    """Each part's share of the variance, with its interval.

    The interval is the generalized confidence interval of Weerahandi 1993 ("Generalized confidence intervals", J. Am.
    Stat. Assoc. 88): the mean squares over draws of their chi-square distributions. It takes effects for normal.
    """
    squares, shape = mean_squares(values), (values.shape[0], values.shape[1])
    freedom = (shape[0] - 1, shape[1] - 1, (shape[0] - 1) * (shape[1] - 1))
    rng = np.random.default_rng(averages.SEED)
    drawn = MeanSquares(*(square * df / rng.chisquare(df, DRAWS) for square, df in zip(squares, freedom, strict=True)))
    point, samples = (of_total(variances(found, shape)) for found in (squares, drawn))
    return {part: (float(point[i]), *averages.interval(samples[:, i])) for i, part in enumerate(PARTS)}


def of_total(parts: Float[np.ndarray, "*draws 3"]) -> Float[np.ndarray, "*draws 3"]:
    """Variances as shares of their sum; NaN where nothing varies."""
    with np.errstate(invalid="ignore"):
        return parts / parts.sum(axis=-1, keepdims=True)
