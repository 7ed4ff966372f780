"""Activation functions, one file each."""

from gdlab.problems.activations.activation import Activation
from gdlab.registry import Registry

ACTIVATIONS: Registry[Activation] = Registry("activation", __name__)

__all__ = ["ACTIVATIONS", "Activation"]
