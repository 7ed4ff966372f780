"""The faults by their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.faults.bench import FILE
from benchmarks.faults.trial import Trial

Act = Callable[[Trial], None]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault: `act` launches the sweep, disturbs it, and returns when its commands have ended.

    Parameters
    ----------
    route
        How commands reach the store: `file`, `server`, `proxy` before the server, `postgresql` without MLflow's server.
    trials
        How often it is tried; the trial's number and its random numbers are its own.
    small
        Whether a sweep of a few parabolas suffices.
    relaunches
        Whether launching again may be needed to finish: the launcher was killed or stopped before all was trained.
    on_time
        Whether training must take as long as undisturbed.
    compared
        Whether the store is finished and compared at the end.

    """

    name: str
    about: str
    act: Act
    route: str = FILE
    trials: int = 1
    small: bool = False
    relaunches: bool = False
    on_time: bool = False
    compared: bool = True
    root: bool = False

    @property
    def store(self) -> str:
        """The kind of store, as on the command line."""
        return "sqlite" if self.route == FILE else "server"


FAULTS: dict[str, Fault] = {}


def fault(name: str, **options: Any) -> Callable[[Act], Act]:
    """Register a function as a fault, with the options of `Fault`; its docstring says what happens."""

    def register(act: Act) -> Act:
        about = " ".join((act.__doc__ or "").split()).rstrip(".")
        FAULTS[name] = Fault(name=name, about=about, act=act, **options)
        return act

    return register
