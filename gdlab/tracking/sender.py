"""Sending what is in an outbox, from a thread of its own, so that training never waits for the tracking store."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from gdlab.tracking.backends.backend import Answer, Backend
from gdlab.tracking.outbox import Entry, Outbox
from gdlab.tracking.places import reason
from gdlab.tracking.records import Finished

log = logging.getLogger(__name__)

BETWEEN_NOTICES = 30.0  # seconds, at least: a store that fails now and then is not worth more lines
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds between tries; each pause is twice the one before


class Sender:
    """Sends the entries of an outbox in their order, again and again until each is stored.

    `notice` is called with a line when the store stops answering, and when it answers again. `superseded` and `ids`
    collect the backend's answers; `trouble` says why the first entry is not stored, and is empty while all is well.
    """

    def __init__(self, outbox: Outbox, connect: Callable[[], Backend], notice: Callable[[str], None]) -> None:
        self.outbox, self.notice = outbox, notice
        self.superseded: dict[str, Finished] = {}
        self.ids: dict[str, str] = {}
        self.trouble = ""
        self.backend: Backend | None = None
        self._connect = connect
        self._changed = threading.Condition()
        self._closing = False
        self._progressed = time.monotonic()
        self._noticed, self._last_notice = False, -math.inf
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Tell the thread that there is a new entry."""
        with self._changed:
            self._changed.notify_all()

    def wait_until_stored(self, patience: float, until_trouble: bool = False) -> None:
        """Wait until all is sent, or nothing has been stored for `patience` seconds, or the first trouble."""
        began = time.monotonic()
        with self._changed:
            self._changed.notify_all()
            while self.outbox.entries() and not (until_trouble and self.trouble):
                left = max(began, self._progressed) + patience - time.monotonic()
                if left <= 0 or not self._thread.is_alive():
                    return
                self._changed.wait(min(left, 1.0))

    def close(self, seconds: float = 5.0) -> None:
        """Stop the thread, which gives up the outbox; what it is sending may take longer than these seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(seconds)

    def _work(self) -> None:
        try:
            self._send_all()
        finally:
            self.outbox.close()
            if self.backend is not None:
                self.backend.close()

    def _send_all(self) -> None:
        pause = FIRST_PAUSE
        while not self._closing:
            entries = self.outbox.entries()
            if not entries:
                with self._changed:
                    if not self.outbox.entries() and not self._closing:
                        self._changed.wait()
                continue
            try:
                self._send(entries[0])
                pause = FIRST_PAUSE
            except Exception as error:  # whatever it is, the entry stays, and is tried again
                self._fail(error)
                with self._changed:
                    if not self._closing:
                        self._changed.wait_for(lambda: self._closing, pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def _send(self, entry: Entry) -> None:
        start = time.perf_counter()
        self.backend = self.backend or self._connect()
        answer: Answer = self.backend.write(entry, self.outbox)
        log.debug("stored %s in %.2f s", entry.folder.name, time.perf_counter() - start)
        entry.remove()
        with self._changed:
            self.superseded |= answer.superseded
            self.ids |= answer.ids
            self._progressed = time.monotonic()
            again, self.trouble = bool(self.trouble) and self._noticed, ""
            self._changed.notify_all()
        if again:
            self._noticed = False
            self.notice("the tracking store answers again")

    def _fail(self, error: Exception) -> None:
        with self._changed:
            first, self.trouble = not self.trouble, reason(error)
            self._changed.notify_all()
        log.debug("not stored: %s", self.trouble, exc_info=error)
        now = time.monotonic()
        if first and now - self._last_notice > BETWEEN_NOTICES:
            self._noticed, self._last_notice = True, now
            with suppress(Exception):
                self.notice(f"nothing can be logged now: {self.trouble}; training goes on, and its results are kept")
