"""Fashion-MNIST."""

from __future__ import annotations

from pathlib import Path

from gdlab.problems.data import DATA_SETS
from gdlab.problems.data.dataset import Data
from gdlab.problems.data.idx import idx_data


@DATA_SETS.register("fashion_mnist")
def fashion_mnist(root: str | Path | None = None) -> Data:
    """Fashion-MNIST, images of clothes in the format of MNIST (Xiao, Rasul and Vollgraf 2017); see `idx_data`."""
    return idx_data("fashion_mnist", "Fashion-MNIST", root)
