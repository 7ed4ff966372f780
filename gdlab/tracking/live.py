"""A run that is logged to MLflow during training."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from gdlab.results import Line, Result
from gdlab.tracking.places import plain_errors
from gdlab.tracking.store import FAILED, FINISHED, RunCard, Store, milliseconds

FLUSH_SECONDS = 2.0


class LiveRun:
    """A run that a thread of its own logs to MLflow during training.

    `sweep` names the sweep that the run is part of: the first of its runs makes the parent, and each closes it.
    """

    def __init__(self, uri: str, experiment: str, card: RunCard, sweep: str | None = None) -> None:
        self.uri, self.experiment, self.card, self.sweep = uri, experiment, card, sweep
        self.run_id = self.experiment_id = ""
        self._lines: queue.SimpleQueue[tuple[int, Line] | None] = queue.SimpleQueue()
        self._ending: Callable[[Store], None] = lambda store: None
        self._status = FAILED
        self._error: BaseException | None = None
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._work, name="mlflow", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until the run is open; raises the thread's error.

        Training at the same time would slow the thread down: importing MLflow reads thousands of files, and the thread
        must reacquire the GIL after each.
        """
        self._opened.wait()
        if self._error is not None:
            raise self._error

    @property
    def page(self) -> str:
        """The path of the run's page in the MLflow UI."""
        return f"/#/experiments/{self.experiment_id}/runs/{self.run_id}"

    def log(self, line: Line) -> None:
        """Queue a recorded step for logging; raises the thread's error."""
        if self._error is not None:
            raise self._error
        self._lines.put((milliseconds(), line))

    def finish(self, result: Result) -> None:
        """Log the rest and close the run as FINISHED."""
        self._status = FINISHED
        self._end(lambda store: store.end(self.run_id, self.card, result))

    def abort(self, status: str, message: str) -> None:
        """Close the run as FAILED or KILLED, with a note that says why."""
        self._status = status
        self._end(lambda store: store.close(self.run_id, status, message))

    def _end(self, ending: Callable[[Store], None]) -> None:
        self._ending = ending
        self._lines.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            with plain_errors(self.uri):
                store = Store(self.uri, self.experiment)
                self.experiment_id = store.experiment_id
                if self.sweep is not None:
                    self.card = replace(self.card, parent=store.sweep(self.sweep))
                self.run_id = store.begin(self.card)
                self._opened.set()
                while self._flush(store):
                    pass
                self._ending(store)
                if self.card.parent is not None:
                    store.close_sweep(self.card.parent, self._status)
        except BaseException as error:  # handed to the thread that asks
            self._error = error
            self._opened.set()

    def _flush(self, store: Store) -> bool:
        """Log the lines of the next seconds; False after the last one."""
        lines, until = [], time.monotonic() + FLUSH_SECONDS
        more = True
        while more and (left := until - time.monotonic()) > 0:
            with suppress(queue.Empty):
                line = self._lines.get(timeout=left)
                more = line is not None
                if line is not None:
                    lines.append(line)
        store.log(self.run_id, lines)
        return more
