"""Data sets: handwritten digits as bytes, read from checked files; one file each.

Features stay unsigned bytes and are multiplied by `scale` where they are used: gathering a mini-batch then moves a
quarter of the memory that it would in float32.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from gdlab.checks import choice, one_number, whole
from gdlab.problems.data import changes
from gdlab.problems.data.dataset import Data, DataError
from gdlab.registry import Registry

DATA_SETS: Registry[Callable[..., Data]] = Registry("data set", __name__)

__all__ = ["DATA_SETS", "Data", "DataError", "digest", "load"]


def load(
    name: str,
    root: str | None = None,
    without: Any = None,
    train_examples: Any = None,
    label_noise: Any = 0.0,
    noise_seed: Any = 0,
) -> Data:
    """A data set by name, read once per process; `root` is a folder of IDX files.

    The other parameters change the training set, in this order, and leave the test set as it is: `without` is a class
    to leave out, `train_examples` how many examples to keep, the first ones, and `label_noise` the share of labels that
    are replaced by other classes, which the `noise_seed` decides.

    Raises
    ------
    ValueError
        If a value is out of its range, or a `root` is given for a data set that is not read from IDX files.
    DataError
        If a file is missing or damaged.

    """
    choice("name", name, DATA_SETS)
    if not isinstance(root, str | None):
        raise ValueError(f"root must be a folder, got {root!r}")
    data = _loaded(name, root)
    if without is not None:
        whole("without", without, 0, data.classes - 1, f" (the classes of {data.name})")
        data = changes.without_class(data, without)
    if train_examples is not None:
        limit = len(data.train_labels)
        whole("train_examples", train_examples, 1, limit, f" (the training set of {data.name})")
        data = data if train_examples == limit else changes.first_examples(data, train_examples)
    share = one_number("label_noise", label_noise, "[0, 1]")
    whole("noise_seed", noise_seed, 0)
    return changes.noisy_labels(data, share, noise_seed) if share else data


def digest(name: str, root: str | None = None) -> str:
    """The digest of a data set as it is on this machine, before any changes; raises as `load` does."""
    return _loaded(name, root).digest


@cache
def _loaded(name: str, root: str | None) -> Data:
    if root is None:
        return DATA_SETS[name]()
    if "root" not in inspect.signature(DATA_SETS[name]).parameters:
        raise ValueError(f"root must be left out: {name} comes with an installed package, got {root!r}")
    return DATA_SETS[name](root)
