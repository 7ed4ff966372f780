"""Separation of runs of two kinds by their learning rates."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

PERMUTATIONS = 2000
SEED = 0


def separation(rates: Float[np.ndarray, " runs"], kind: Bool[np.ndarray, " runs"]) -> float:
    """The share of pairs, one run of the kind and one not, in which the former has the larger rate; ties are half.

    It is 1 if a threshold separates them, 1/2 for chance (Mann and Whitney 1947), and NaN without runs of both kinds.
    """
    from scipy.stats import rankdata

    first, second = int(kind.sum()), int((~kind).sum())
    if not first or not second:
        return np.nan
    return float((rankdata(rates)[kind].sum() - first * (first + 1) / 2) / (first * second))


def permutation_p(
    rates: Float[np.ndarray, " runs"], kind: Bool[np.ndarray, " runs"], seeds: Int[np.ndarray, " runs"]
) -> float:
    """The chance of a separation as large or larger if rates did not matter: runs are permuted within each seed."""
    observed, rng = separation(rates, kind), np.random.default_rng(SEED)
    if np.isnan(observed):
        return 1.0
    places = [np.flatnonzero(seeds == seed) for seed in np.unique(seeds)]
    reached = 0
    for _ in range(PERMUTATIONS):
        shuffled = kind.copy()
        for place in places:
            shuffled[place] = rng.permutation(kind[place])
        reached += separation(rates, shuffled) >= observed - 1e-12
    return (1 + reached) / (1 + PERMUTATIONS)
