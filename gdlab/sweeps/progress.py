"""Progress: the steps that a process has trained, for whoever listens to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gdlab.descent.loop import Snapshot

SECONDS = 0.2  # between two reports

Listener = Callable[[int], None]

_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Have this process report to a listener how many steps it has trained since it reported last."""
    _listeners.append(listener)


def report(steps: int) -> None:
    """Tell the listeners of some steps, each run's counted."""
    for listener in _listeners:
        listener(steps)


def watched(snapshots: Iterator[Snapshot], runs: int, steps: int) -> Iterator[Snapshot]:
    """The snapshots of a stack, which reports as it descends; a run that has ended early has taken all its steps."""
    reported, due = 0, time.perf_counter() + SECONDS
    for snapshot in snapshots:
        yield snapshot
        if time.perf_counter() >= due:
            report((snapshot.step - reported) * runs)
            reported, due = snapshot.step, time.perf_counter() + SECONDS
    report((steps - reported) * runs)
