"""A Hydra task as a command: its arguments, its errors in one line each, its exit status."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from traceback import walk_tb
from typing import Any, NoReturn

import interruptions
import passwords
import resolvers
import usage_errors
from vocabulary import value_of

from gdlab import defaults
from gdlab.tracking.uris import redacted
from hydra_plugins._internals import raise_without_report, split_command_line

FOLDERS = {"hydra.run.dir": "outputs", "hydra.sweep.dir": "multirun"}  # and where they are by default
CLOSED = (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF)  # of an output that nobody reads or that is full
HYDRA = {"hydra", "omegaconf", "antlr4", "yaml"}  # and the packages that it stands on
WANTS_TRACEBACKS = os.environ.get("HYDRA_FULL_ERROR") == "1"

Expected = tuple[type[Exception], ...]


def run(task: Callable[[], Any], expected: Expected) -> None:
    """Run a Hydra task on this process's command line; an error that the user can fix is reported in one line."""
    interruptions.heed(interruptions.end_orderly)
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises what goes wrong, and leaves the report to this function
    raise_without_report()
    logging.raiseExceptions = WANTS_TRACEBACKS  # else every record for a closed pipe would print one
    resolvers.register()
    passwords.hide()
    overrides: list[str] = []
    try:
        options, overrides = split_command_line(sys.argv[1:])
        usage_errors.check(overrides)
        sys.argv[1:] = [*options, *overrides, *experiment_mode(overrides)]
        task()
        sys.stdout.flush()
    except BaseException as error:
        interruptions.heed(interruptions.end_at_once)
        end(error, overrides, expected)
    interruptions.heed(interruptions.end_at_once)


def end(error: BaseException, overrides: Sequence[str], expected: Expected) -> NoReturn:
    """End the process for the reason of this error, which is reported if it is not an interruption."""
    try:
        sys.stdout.flush()
    except OSError:
        interruptions.discard(sys.stdout.fileno())  # or Python would report it once more
    if interruptions.received:
        number = interruptions.received[0]
        print(f"{interruptions.ENDINGS[number]}: {interruptions.STOPPED}", file=sys.stderr)
        sys.exit(128 + number)
    if isinstance(error, Exception) and not WANTS_TRACEBACKS:
        message = explanation(error, overrides, expected)
        if message is not None:
            sys.exit(f"error: {message}")
    raise error


def explanation(error: Exception, overrides: Sequence[str], expected: tuple[type[Exception], ...]) -> str | None:
    """The line about an error, without passwords; None for a fault of the program."""
    if isinstance(error, expected) or (isinstance(error, ValueError) and origin(error) in HYDRA | {"hydra_plugins"}):
        return redacted(usage_errors.one_line(error, overrides))
    if isinstance(error, MemoryError):
        return f"there is not enough memory: {error}".removesuffix(": ")
    for reason in (error, error.__cause__, error.__context__):
        if isinstance(reason, OSError) and (line := not_usable(reason, overrides)):
            return redacted(line)
    return redacted(usage_errors.unforeseen(error, overrides)) if origin(error) in HYDRA else None


def origin(error: Exception) -> str:
    """The package that raised an error, its own code or a module of Python's that it calls."""
    modules = [str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame, _ in walk_tb(error.__traceback__)]
    return next((name for name in reversed(modules) if name not in sys.stdlib_module_names), "")


def not_usable(error: OSError, overrides: Sequence[str]) -> str | None:
    """The message about a folder that cannot be made or a file that cannot be written; None for other errors."""
    reason = error.strerror or str(error)
    if error.errno in CLOSED and error.filename is None:
        return f"the output cannot be written: {reason}"
    if error.filename is None:
        return None
    name = str(error.filename)
    for key, default in FOLDERS.items():
        folder = value_of(key, overrides)
        if folder and folder in name:
            return f"{key}={folder} cannot be used: {reason if name == folder else f'{name}: {reason}'}"
        if default in Path(name).parts and not folder:
            return f"{name} cannot be made: {reason}; launch from another folder, or name one with {key}"
    return f"{name} cannot be used: {reason}"


def experiment_mode(overrides: Sequence[str]) -> list[str]:
    """`hydra.mode`, where the chosen experiment's file sets it: Hydra 1.4 does not look there."""
    chosen = [text.partition("=")[2] for text in overrides if text.startswith("experiment=")]
    if not chosen or not chosen[-1].isidentifier() or any(text.startswith("hydra.mode=") for text in overrides):
        return []
    try:
        mode = defaults.file(f"experiment/{chosen[-1]}").get("hydra", {}).get("mode")
    except FileNotFoundError:
        return []  # Hydra says so better
    return [f"hydra.mode={mode}"] if mode else []
