"""The interface of an optimizer."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from gdlab.arrays import Column, PerRun, Rates, Theta


@runtime_checkable
class Optimizer(Protocol):
    """An update rule for a stack of runs; `learning_rate` is the base rate, before any schedule: a column, or a value
    for each parameter (`gdlab.problems.layers.layer_rates` makes one of a rate for each layer).
    """

    learning_rate: Rates

    def init(self, theta: Theta) -> Any:
        """The state that `update` advances with theta: None, or a dataclass of arrays with one row per run."""
        ...

    def update(self, theta: Theta, gradient: Theta, state: Any, learning_rate: Rates) -> None:
        """Advance `theta` and `state` in place, at this step's `learning_rate`; `gradient` may be overwritten."""
        ...

    def stability_limit(self, curvature: PerRun) -> Column | None:
        """The learning rate below which descent is stable on a quadratic of this curvature; None if it is not known.

        For a `Preconditioned` rule it is the curvature of the preconditioned cost, the largest eigenvalue of P⁻¹H.
        """
        ...


@runtime_checkable
class Linear(Optimizer, Protocol):
    """A rule that uses the learning rate and the gradient through their product alone."""

    def update_scaled(self, theta: Theta, scaled_gradient: Theta, state: Any) -> None:
        """Advance `theta` and `state` in place; `scaled_gradient` is the learning rate times the gradient."""
        ...


@runtime_checkable
class Preconditioned(Optimizer, Protocol):
    """A rule that divides the step along each parameter by a number of its own."""

    def preconditioner(self, state: Any) -> Theta:
        """The diagonal of P, by which the rule divides its steps, as its past gradients have made it: at least one."""
        ...
