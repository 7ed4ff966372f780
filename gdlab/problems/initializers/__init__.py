r"""Initializers: the weights' first values, by their layer's fan-in and fan-out; one file each.

Each function draws one layer's weights (outputs, features) and biases (outputs,).
"""

from gdlab.problems.initializers.initializer import Biases, Initializer, Weights
from gdlab.registry import Registry

INITIALIZERS: Registry[Initializer] = Registry("initializer", __name__)

__all__ = ["INITIALIZERS", "Biases", "Initializer", "Weights"]
