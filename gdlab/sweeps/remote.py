"""Stacks on a worker of a cluster, which shares nothing with the launcher but what is installed on both."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np

import gdlab
from gdlab.blas import one_thread_for_good
from gdlab.problems import data
from gdlab.sweeps.configuration import Config

T = TypeVar("T")


class EngineError(Exception):
    """Workers or a scheduler that cannot be used, of which no run is to blame; the message says what to do."""


@dataclass(frozen=True)
class Origin:
    """What a worker must have in common with the launcher: versions by name, and the stack's data set by its digest."""

    versions: Mapping[str, str]
    data: tuple[str, str | None] | None  # its name and its folder
    digest: str


def origin(configs: Sequence[Config]) -> Origin:
    """What this process has, of what these configurations need."""
    section = configs[0].get("problem", {}).get("data")
    if section is None:
        return Origin(versions(), None, "")
    source = section["name"], section.get("root")
    return Origin(versions(), source, data.digest(*source))


@cache
def versions() -> Mapping[str, str]:
    """The versions on which results depend."""
    return {"gdlab": gdlab.__version__, "NumPy": np.__version__, "Python": platform.python_version()}


def called(needed: Origin, function: Callable[..., T], *args: Any) -> T:
    """Call a function on a worker that has what the launcher has.

    Raises
    ------
    EngineError
        If a version differs, or the data set is missing or another. Other errors are those of the function, with their
        traceback as a note, since pickling loses it.

    """
    _limit_threads()
    _check(needed)
    try:
        return function(*args)
    except Exception as error:
        error.add_note("".join(traceback.format_exception(error)))
        raise


def _check(needed: Origin) -> None:
    for name, version in needed.versions.items():
        if versions()[name] != version:
            raise EngineError(
                f"{_worker()} has {name} {versions()[name]}, and the launcher has {version}: install the same on both"
            )
    if needed.data is None:
        return
    name, root = needed.data
    try:
        found = data.digest(name, root)
    except data.DataError as error:
        raise EngineError(f"{_worker()} cannot load the data set {name}: {error}") from None
    if found != needed.digest:
        raise EngineError(
            f"{_worker()} has another data set {name} than the launcher (digest {found[:8]}, not {needed.digest[:8]}): "
            "give both the same files"
        )


@cache
def _limit_threads() -> None:
    """Leave one BLAS thread to each thread of this process, for good.

    The limit within a descent ends with it, though another thread of the process may be in the midst of another.
    """
    one_thread_for_good()


def _worker() -> str:
    from distributed import get_worker

    return f"the Dask worker {get_worker().address}"
