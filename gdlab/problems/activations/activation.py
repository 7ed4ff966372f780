"""The interface of an activation function."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gdlab.problems.calls import Calls, Units


class Activation(NamedTuple):
    r"""An activation function f, computed in place.

    `apply(z)` records the calls that turn the weighted inputs z into a = f(z); `chain(error, a, spare)` those that
    multiply an error by the derivative f'(z), with `spare` an array of z's shape to work in. `derivative` is f'(z) and
    `second_derivative` f''(z), for curvature. All derivatives are computed from a alone, which these functions allow.

    `center` is c where f is odd about its value at 0, f(-z) = 2c - f(z); None where f is not odd about any value.
    """

    apply: Callable[[Units], Calls]
    chain: Callable[[Units, Units, Units], Calls]
    derivative: Callable[[Units], Units]
    second_derivative: Callable[[Units], Units]
    center: float | None
