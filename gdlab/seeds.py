"""Random streams: a seed becomes independent generators, one for each use, once and at the edge."""

from __future__ import annotations

import numpy as np

INIT_STREAM, BATCHES_STREAM, MEASUREMENT_STREAM = 0, 1, 2  # uses of a seed: where a run starts, its order, measurements


def stream(seed: int, number: int) -> np.random.Generator:
    """One of a seed's independent random streams."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
