"""Update rules, one per file.

A rule is a frozen dataclass of hyperparameters, each a column (runs, 1), with two methods: `init` makes the state, all
memory in it; `update` advances theta and the state in place. `state.learning_rate` is the rate in force at this step: a
schedule changes it, `self.learning_rate` stays the base rate.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from gdlab.arrays import Column, Theta
from gdlab.optimizers.adam import Adam
from gdlab.optimizers.gradient_descent import GradientDescent
from gdlab.optimizers.momentum import Momentum
from gdlab.optimizers.nesterov import Nesterov
from gdlab.optimizers.reuse import Reuse
from gdlab.optimizers.rmsprop import RMSProp


@runtime_checkable
class State(Protocol):
    learning_rate: Column


@runtime_checkable
class Optimizer(Protocol):
    learning_rate: Column

    def init(self, theta: Theta) -> Any: ...

    def update(self, theta: Theta, gradient: Theta, state: Any) -> None:
        """Advance `theta` and `state` in place; `gradient` may be overwritten."""
        ...


RULES = ("GradientDescent", "Momentum", "Nesterov", "RMSProp", "Adam", "Reuse")

__all__ = ["RULES", "Adam", "GradientDescent", "Momentum", "Nesterov", "Optimizer", "RMSProp", "Reuse", "State"]
