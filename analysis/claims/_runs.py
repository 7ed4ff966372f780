"""Runs that several claims share, and their sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis import words

if TYPE_CHECKING:
    from analysis.stats.over_seeds import Test

EPOCHS = "stop.max_epochs=10"
FLOAT32 = "problem.batch_size=32 problem.dtype=float32"
NETWORKS = f"{FLOAT32} {EPOCHS} optimizer.learning_rate=3.0 seed=range(16)"  # at the best constant rate
SLOPES = "measurement=slopes seed=range(8)"


def estimate(test: Test, form: str) -> str:
    """A mean with its interval, and its verdict."""
    return f"{words.estimate(test.value, test.low, test.high, form)}, {test.verdict}"
