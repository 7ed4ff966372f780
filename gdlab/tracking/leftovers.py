"""What ended processes have left: entries in the outbox, and runs that are open or no longer whole."""

from __future__ import annotations

from typing import NamedTuple

from gdlab.tracking import lookup, outbox
from gdlab.tracking.backends.backend import Backend, Target
from gdlab.tracking.backends.connection import connect
from gdlab.tracking.names import FAILED, KILLED
from gdlab.tracking.outbox import Destination
from gdlab.tracking.places import plain_errors
from gdlab.tracking.records import Finished

DAMAGED = "It had finished, but its artifacts are no longer whole."


class PutRight(NamedTuple):
    """The finished runs by their `gdlab.key`, and how many runs were sent and marked KILLED."""

    finished: dict[str, Finished]
    sent: int
    killed: int


def put_right(target: Target, destination: Destination) -> PutRight:
    """Send what ended processes had not sent, mark runs that they left RUNNING as KILLED, and finished runs that have
    lost artifacts as FAILED. Raises `TrackingError`; what is not sent stays in the outbox.
    """
    backend: Backend | None = None
    sent: set[str] = set()
    with plain_errors(target.uri):
        for left in outbox.left(destination):
            try:
                for entry in left.entries():
                    backend = backend or connect(target)
                    found = entry.records
                    backend.write(entry, left)
                    entry.remove()
                    sent |= {record.run_id for record in found}
            finally:
                left.close()
        look = lookup.look_up(target.uri, target.experiment)
        if look.orphans or look.damaged:
            backend = backend or connect(target)
            backend.end(look.orphans, KILLED)
            backend.end(dict.fromkeys(look.damaged, DAMAGED), FAILED)
        if backend is not None:
            backend.close()
    return PutRight(dict(look.finished), len(sent), len(look.orphans))
