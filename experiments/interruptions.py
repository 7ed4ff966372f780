"""Ctrl-C, kill and a closed terminal: they end the command in one line, with the exit status that shells give.

`train.py` imports this module before all others: a signal that arrives during the imports ends the process at once,
since nothing has begun. It imports itself only what Python has loaded by then.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # the module typing would have to be imported for its own
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping
else:
    import _signal as signal  # the module signal adds names to it, for which it imports others

ENDINGS: Mapping[int, str] = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "the terminal was closed",
}
STOPPED = "unfinished runs are marked KILLED; a sweep resumes when it is launched again"

received: list[int] = []


def heed(handler: Callable[[int, object], None]) -> None:
    """Let a function handle the signals, except those that this process ignores from its start, as under `nohup`."""
    for number in ENDINGS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def end_at_once(number: int, frame: object) -> None:
    """End the process without cleaning up: no run is open."""
    try:
        os.write(2, f"{ENDINGS[number]}\n".encode())
    finally:
        os._exit(128 + number)


def end_orderly(number: int, frame: object) -> None:
    """Raise the exception for which open runs are marked KILLED."""
    received.append(number)
    for fileno in TERMINALS:
        if not os.isatty(fileno):  # it is closed, and what is written to it would raise errors
            discard(fileno)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def discard(fileno: int) -> None:
    """Discard what is written to a file from now on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, fileno)
    os.close(nowhere)


heed(end_at_once)
TERMINALS = [fileno for fileno in (1, 2) if os.isatty(fileno)]
