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
    first, second = int(kind.sum()), int((~kind).sum())
    if not first or not second:
        return np.nan
    return float((_rank_sums(rates, kind) - first * (first + 1) / 2) / (first * second))


def permutation_p(
    rates: Float[np.ndarray, " runs"], kind: Bool[np.ndarray, " runs"], seeds: Int[np.ndarray, " runs"]
) -> float:
    """The chance of a separation as large or larger if rates did not matter: runs are permuted within each seed."""
    if kind.all() or not kind.any():
        return 1.0
    rng = np.random.default_rng(SEED)
    shuffled = np.repeat(kind[None], PERMUTATIONS, axis=0)
    for seed in np.unique(seeds):
        place = np.flatnonzero(seeds == seed)
        shuffled[:, place] = rng.permuted(shuffled[:, place], axis=1)
    reached = int((_rank_sums(rates, shuffled) >= _rank_sums(rates, kind)).sum())
    return (1 + reached) / (1 + PERMUTATIONS)


def _rank_sums(rates: Float[np.ndarray, " runs"], kind: Bool[np.ndarray, "*samples runs"]) -> np.ndarray:
    """The sum of the ranks of the rates of one kind; multiples of 1/2, so exact."""
    from scipy.stats import rankdata

    return kind @ rankdata(rates)
