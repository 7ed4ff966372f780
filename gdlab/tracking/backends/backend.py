"""The interface through which entries of the outbox are written to a tracking store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from gdlab.tracking.outbox import Entry, Outbox
from gdlab.tracking.records import Finished


class Answer(NamedTuple):
    """What became of an entry's runs.

    `superseded` maps the ids of runs that were not stored to the finished runs with their keys; `ids` the ids of
    records to those that the server has chosen.
    """

    superseded: Mapping[str, Finished]
    ids: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Target:
    """An experiment to write to, which gets these `tags`; it is created if it does not exist.

    With `upgrade`, a database with the schema of an older MLflow is upgraded. `notice` is called with a line about
    anything that the user should know.
    """

    uri: str
    experiment: str
    tags: Mapping[str, str] = field(default_factory=dict)
    upgrade: bool = False
    notice: Callable[[str], None] = field(default=lambda text: None, compare=False)


@runtime_checkable
class Backend(Protocol):
    """A way to write to one experiment."""

    experiment_id: str

    def write(self, entry: Entry, outbox: Outbox) -> Answer:
        """Store an entry, with its artifacts; storing it again changes nothing. Raises if it cannot be stored now."""
        ...

    def end(self, notes: Mapping[str, str], status: str) -> None:
        """Give runs another status, and each a note that says why."""
        ...

    def close(self) -> None:
        """Close connections."""
        ...
