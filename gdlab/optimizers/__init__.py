"""Optimizers, one file each: the update rules.

A rule is a frozen dataclass of hyperparameters, each a column (runs, 1), with three methods: `init` makes the state and
allocates all its memory; `update` advances theta and the state in place, at the learning rate that the loop passes for
this step; `stability_limit` is the largest stable learning rate on a quadratic. A rule that divides each parameter's
step has a fourth, `preconditioner`: what it divides by. A rule that uses the learning rate and the gradient through
their product alone may have `update_scaled`, which takes the product: networks compute it faster than one by one.
"""

from __future__ import annotations

from typing import Any

from gdlab.optimizers.optimizer import Linear, Optimizer, Preconditioned
from gdlab.registry import Registry

OPTIMIZERS: Registry[type[Any]] = Registry("optimizer", __name__)

__all__ = ["OPTIMIZERS", "Linear", "Optimizer", "Preconditioned"]

__getattr__ = OPTIMIZERS.class_named
