"""Data sets: handwritten digits as bytes, read from checked files; one file each.

Features stay unsigned bytes and are multiplied by `scale` where they are used: gathering a mini-batch then moves a
quarter of the memory that it would in float32.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from gdlab.checks import choice, whole
from gdlab.problems.data.dataset import Data, DataError
from gdlab.registry import Registry

DATA_SETS: Registry[Callable[..., Data]] = Registry("data set", __name__)

__all__ = ["DATA_SETS", "Data", "DataError", "load"]


def load(name: str, root: str | None = None, without: Any = None) -> Data:
    """A data set by name, read once per process; `root` is a folder of IDX files.

    `without` is a class to leave out of the training set; the test set keeps it.

    Raises
    ------
    ValueError
        If the name or the class is unknown, or a `root` is given for a data set that is not read from IDX files.
    DataError
        If a file is missing or damaged.

    """
    choice("name", name, DATA_SETS)
    if not isinstance(root, str | None):
        raise ValueError(f"root must be a folder, got {root!r}")
    data = _loaded(name, root)
    if without is None:
        return data
    whole("without", without, 0, data.classes - 1, f" (the classes of {data.name})")
    return _without(data, without)


@cache
def _without(data: Data, label: int) -> Data:
    kept = data.train_labels != label
    return replace(
        data,
        name=f"{data.name} without {label}",
        train_features=np.ascontiguousarray(data.train_features[kept]),
        train_labels=data.train_labels[kept],
    )


@cache
def _loaded(name: str, root: str | None) -> Data:
    if root is None:
        return DATA_SETS[name]()
    if "root" not in inspect.signature(DATA_SETS[name]).parameters:
        raise ValueError(f"root must be left out: {name} comes with an installed package, got {root!r}")
    return DATA_SETS[name](root)
