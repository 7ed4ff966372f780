"""Problems: cost functions to descend: a network on a data set, a regression on random data, small landscapes."""

from __future__ import annotations

from typing import Any

from gdlab.problems.problem import Batches, Oracle, Problem
from gdlab.registry import Registry

PROBLEMS: Registry[type[Any]] = Registry("problem", __name__, f"{__name__}.landscapes")

__all__ = ["PROBLEMS", "Batches", "Oracle", "Problem"]

__getattr__ = PROBLEMS.class_named
