"""MNIST."""

from __future__ import annotations

from pathlib import Path

from gdlab.problems.data import DATA_SETS
from gdlab.problems.data.dataset import Data
from gdlab.problems.data.idx import idx_data


@DATA_SETS.register("mnist")
def mnist(root: str | Path | None = None) -> Data:
    """The MNIST database, 60,000 training and 10,000 test images (LeCun, Cortes and Burges 1998); see `idx_data`."""
    return idx_data("mnist", "mnist_784", root)
