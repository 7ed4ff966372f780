"""Random streams: independent generators from one seed, one for each use."""

from __future__ import annotations

import numpy as np

INIT_STREAM, BATCHES_STREAM, MEASUREMENT_STREAM = (
    0,
    1,
    2,
)  # the uses of a seed: starting points, orders of mini-batches, measurements


def stream(seed: int, number: int) -> np.random.Generator:
    """One of a seed's independent random streams."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
