"""What the commands of analysis share: options, errors in one line, work on all cores."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from analysis.errors import StudyError
from gdlab.options import Parser
from gdlab.problems.data import DataError
from gdlab.sweeps.configuration import ConfigurationError
from gdlab.tracking import TrackingError, redacted

Item = TypeVar("Item")
Result = TypeVar("Result")


def command_line(description: str | None) -> Parser:
    """The options of every command."""
    parser = Parser(description)
    parser.add_argument("--uri", default="sqlite:///mlflow.db", help="the tracking store (%(default)s)")
    parser.add_argument("--output", default=Path("reports"), type=Path, help="the folder to write to (%(default)s)")
    return parser


def in_parallel(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """The results of a function for all items, in their order, computed on all cores."""
    if len(items) == 1:
        yield function(items[0])
        return
    with ProcessPoolExecutor(min(len(items), os.cpu_count() or 1), get_context("spawn")) as pool:
        yield from pool.map(function, items)


def exit_plainly(main: Callable[[], None]) -> None:
    """Run a command; an error that the user can fix is reported in one line."""
    try:
        main()
    except (StudyError, TrackingError, ConfigurationError, DataError) as error:
        sys.exit(f"error: {redacted(str(error))}")
    except OSError as error:
        sys.exit(f"error: {error.filename or 'output'} cannot be written: {error.strerror or error}")
