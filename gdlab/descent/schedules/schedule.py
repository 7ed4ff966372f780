"""The interface of a schedule."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from gdlab.arrays import Column


@runtime_checkable
class Schedule(Protocol):
    """A learning-rate schedule; `varies` is False if its factor is 1 at every step."""

    varies: bool

    def factor(self, step: int, steps: int) -> Column: ...
