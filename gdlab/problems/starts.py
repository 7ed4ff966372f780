"""Starting points that are points of earlier runs, kept in the cache by their content.

A configuration names the run and the step; whoever launches it looks the point up in the tracking store, keeps it here,
and adds its digest. A worker, which does not read the store, finds the point by the digest, as it finds a data set by
its name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gdlab.arrays import Point
from gdlab.checks import whole
from gdlab.problems.data.cache import cache_folder

FORM = "null, or a run and a step, like {run: ID, step: 100}"


class StoredStart(NamedTuple):
    """A point of an earlier run; `step` None is its end, `digest` None a point that has not been looked up yet."""

    run: str
    step: int | None = None
    digest: str | None = None


def stored_start(value: Any) -> StoredStart | None:
    """The start that a configuration states, checked.

    Raises
    ------
    ValueError
        If it has another form.

    """
    if value is None or isinstance(value, StoredStart):
        return value
    if not isinstance(value, Mapping) or "run" not in value or not set(value) <= set(StoredStart._fields):
        raise ValueError(f"start must be {FORM}, got {value!r}")
    start = StoredStart(**value)
    if not isinstance(start.run, str):
        raise ValueError(f"start.run must be the id of a run, in quotes if it is all digits, got {start.run!r}")
    if start.step is not None:
        whole("start.step", start.step, 0)
    return start


def kept(theta: Point) -> str:
    """Keep a point in the cache; returns the digest by which it is found.

    Raises
    ------
    OSError
        If the cache cannot be written.

    """
    digest = hashlib.sha256(f"{theta.dtype} {theta.shape}".encode() + np.ascontiguousarray(theta).data).hexdigest()
    path = place(digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{digest}.{os.getpid()}.npy")
        np.save(partial, theta, allow_pickle=False)
        partial.replace(path)
    return digest


def point(start: StoredStart, parameters: int) -> Point:
    """The point of a start, for a problem with so many parameters.

    Raises
    ------
    ValueError
        If it is not in the cache, or has another number of parameters.

    """
    if start.digest is None or not place(start.digest).exists():
        raise ValueError(f"start: the point of run {start.run!r} is not in {place('').parent}: launch it again")
    theta = np.load(place(start.digest), allow_pickle=False)
    if theta.shape != (parameters,):
        raise ValueError(
            f"start must have the {parameters} parameters of this problem, and run {start.run!r} has {theta.size}"
        )
    return theta


def place(digest: str) -> Path:
    """The file of a point."""
    return cache_folder() / "starts" / f"{digest}.npy"
