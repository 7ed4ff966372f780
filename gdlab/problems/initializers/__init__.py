r"""Initializers, one file each: the initial weights and biases of a layer, by its fan-in and fan-out.

Each function draws one layer's weights (outputs, features) and biases (outputs,).
"""

from gdlab.problems.initializers.initializer import Biases, Initializer, Weights
from gdlab.registry import Registry

INITIALIZERS: Registry[Initializer] = Registry("initializer", __name__)

__all__ = ["INITIALIZERS", "Biases", "Initializer", "Weights"]
