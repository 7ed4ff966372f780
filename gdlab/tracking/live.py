"""A run that is logged during training."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gdlab.problems.network import Network
from gdlab.results import Line, Result
from gdlab.tracking import outbox, records
from gdlab.tracking.links import run_page
from gdlab.tracking.names import FINISHED
from gdlab.tracking.records import RunCard, milliseconds
from gdlab.tracking.store import LAST_SECONDS, Draft, Store
from gdlab.tracking.uris import TrackingError

FLUSH_SECONDS = 2.0
OPEN_SECONDS = 10.0  # for which training waits for the store


class LiveRun:
    """A run whose recorded steps are sent every few seconds.

    `sweep` names the sweep that the run is part of, if it is: the first of its runs makes the parent; each closes it.
    """

    def __init__(self, store: Store, card: RunCard, sweep: str | None = None) -> None:
        self.store = store
        self.parent = replace(store.sweep(sweep), keeps_failure=True) if sweep is not None else None
        self.card = replace(card, parent=self.parent.run_id) if self.parent else card
        self.record = records.begun(self.card, records.new_id(), milliseconds())
        self._lines: list[tuple[int, Line]] = []
        self._flushed = time.monotonic()
        with self._entry() as draft:
            if self.parent:
                draft.add(self.parent)
            draft.add(self.record)

    def wait(self) -> None:
        """Wait until the run is open, or the store turns out not to answer.

        Training at the same time would slow that down: importing MLflow reads thousands of files, and the thread that
        does it must reacquire the GIL after each.
        """
        self.store.deliver(OPEN_SECONDS, until_trouble=True)

    @property
    def page(self) -> str:
        """The path of the run's page in the MLflow UI; empty if the run waits in the outbox."""
        number = self.store.experiment_id
        run_id = self.store.stored_id(self.record.run_id)
        return run_page(number, run_id) if number and not self.store.waiting else ""

    def log(self, line: Line) -> None:
        """Take a recorded step, to be sent with those of the next seconds."""
        self._lines.append((milliseconds(), line))

    def flush(self) -> None:
        """Send the recorded steps, if the last ones were sent some seconds ago."""
        if self._lines and time.monotonic() - self._flushed > FLUSH_SECONDS:
            with self._entry() as draft:
                draft.add(records.continued(self.record, self._points()))

    def finish(self, result: Result, network: Network | None = None) -> None:
        """Send the rest, with the run's `network` as a model, and close the run as FINISHED."""
        with self._entry() as draft:
            draft.ended(self.record, self.card, result, self._points(), network=network)
            self._close_parent(draft, FINISHED)
        self.store.deliver()

    def abort(self, status: str, message: str) -> None:
        """Close the run as FAILED or KILLED, with a note that says why."""
        with self._entry() as draft:
            draft.add(records.ended(records.continued(self.record, self._points()), status, message))
            self._close_parent(draft, status)
        self.store.deliver(LAST_SECONDS)

    def _close_parent(self, draft: Draft, status: str) -> None:
        if self.parent:
            draft.add(records.ended(self.parent, status))

    def _points(self) -> list[records.Point]:
        lines, self._lines = self._lines, []
        self._flushed = time.monotonic()
        return records.metric_points(lines)

    @contextmanager
    def _entry(self) -> Iterator[Draft]:
        try:
            with self.store.entry() as draft:
                yield draft
        except OSError as error:
            raise TrackingError(f"{outbox.root()} cannot be written: {error.strerror or error}") from None
