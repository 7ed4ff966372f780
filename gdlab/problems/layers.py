"""A learning rate for each layer of a problem that has layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from gdlab.arrays import Rates


@runtime_checkable
class Layered(Protocol):
    """A problem whose parameters are those of its layers, one layer after the other."""

    @property
    def layer_parameters(self) -> Sequence[int]:
        """The number of parameters of each layer, the first layer first."""
        ...


def layer_rates(problem: Layered, rates: Float[np.ndarray, "runs layers"]) -> Rates:
    """Each run's learning rates of the layers as a learning rate for every parameter, for any optimizer.

    Raises
    ------
    ValueError
        If there is not one rate for each layer.

    """
    sizes = list(problem.layer_parameters)
    if rates.shape[1] != len(sizes):
        raise ValueError(f"rates must have a column for each of {len(sizes)} layers, got {rates.shape[1]} columns")
    return np.repeat(rates, sizes, axis=1)
