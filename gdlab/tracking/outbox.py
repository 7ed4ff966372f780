"""The outbox: what is to be sent to a tracking store, kept in files until it is stored there.

    outbox/<store and experiment>/<time>-<process>/  the entries of one process, which holds a lock on the folder
        destination.json                             the store, without its password, and the experiment
        000001/records.json                          the records of some runs, to be stored together
        000001/<run id>/theta.npz …                  their artifacts

An entry is complete when its folder has its final name. Entries are sent in the order of their numbers; one that is
stored is removed, and so are folders without entries.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from gdlab.tracking import names, records
from gdlab.tracking.artifacts import lacking
from gdlab.tracking.records import Finished, RunRecord
from gdlab.tracking.uris import TrackingError, redacted

RECORDS, DESTINATION, IDS, LOCK = "records.json", "destination.json", "ids.json", "lock"


def root() -> Path:
    """The folder of all outboxes: `outbox` in the working directory, or `$GDLAB_OUTBOX`."""
    return Path(os.environ.get("GDLAB_OUTBOX", "outbox"))


@dataclass(frozen=True, kw_only=True)
class Destination:
    """An experiment in a tracking store, whose URI has no password in it."""

    uri: str
    experiment: str

    @property
    def folder(self) -> Path:
        """The folder of its outboxes."""
        text = json.dumps([self.uri, self.experiment])
        return root() / hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Entry:
    """Runs that are stored together: a folder with their records and artifacts."""

    folder: Path

    @property
    def records(self) -> list[RunRecord]:
        """The records."""
        return records.from_json((self.folder / RECORDS).read_bytes())

    def folder_of(self, record: RunRecord) -> Path:
        """The folder with a run's artifacts, or with those of them that have not been moved on."""
        return self.folder / record.run_id

    def artifacts(self, record: RunRecord) -> Path | None:
        """The folder with a run's artifacts, None if it has none; raises `TrackingError` if they are not whole."""
        folder = self.folder_of(record)
        if damaged := lacking(folder, record.files):
            raise TrackingError(f"{folder / damaged[0]} is damaged: remove {self.folder} and launch again")
        return folder if record.files else None

    def remove(self) -> None:
        """Remove it: it is stored."""
        (self.folder / RECORDS).unlink(missing_ok=True)  # without which it is no entry
        shutil.rmtree(self.folder, ignore_errors=True)


class Outbox:
    """The entries of one process for one destination."""

    def __init__(self, destination: Destination, folder: Path | None = None) -> None:
        self.destination = destination
        self.folder = folder or destination.folder / f"{time.time_ns()}-{os.getpid()}"
        self._lock: FileLock | None = None
        self._number = 0

    @classmethod
    def adopted(cls, destination: Destination, folder: Path) -> Outbox | None:
        """The outbox that an ended process left; None if its process still has it."""
        outbox = cls(destination, folder)
        try:
            outbox._acquire()
        except (Timeout, FileNotFoundError):
            return None
        outbox._number = max((int(entry.folder.name) for entry in outbox.entries()), default=0)
        return outbox

    def begin(self) -> Path:
        """A folder to put an entry's artifacts into, each run's in a subfolder named by its id."""
        if self._lock is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            facts = {"uri": self.destination.uri, "experiment": self.destination.experiment}
            self._acquire()
            (self.folder / DESTINATION).write_text(json.dumps(facts))
        self._number += 1
        folder = self.folder / f"{self._number:06}.part"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def add(self, folder: Path, found: Sequence[RunRecord]) -> None:
        """Complete the entry that `begin` began."""
        (folder / RECORDS).write_text(records.to_json(found))
        folder.rename(folder.with_suffix(""))

    def entries(self) -> list[Entry]:
        """The complete entries, in order."""
        names = sorted(path for path in self.folder.glob("[0-9]" * 6) if (path / RECORDS).is_file())
        return [Entry(path) for path in names]

    @property
    def waiting(self) -> int:
        """How many runs the entries hold; of a sweep only if there is nothing else."""
        ids: dict[str, set[str]] = {}
        for record in (record for entry in self.entries() for record in entry.records):
            ids.setdefault(record.kind, set()).add(record.run_id)
        return len(ids.get(names.RUN) or ids.get(names.SWEEP) or ())

    @property
    def ids(self) -> dict[str, str]:
        """The ids that a server has given to runs, by their records'; empty where it was asked and has not answered."""
        with suppress(FileNotFoundError):
            return dict(json.loads((self.folder / IDS).read_text()))
        return {}

    def keep_ids(self, ids: dict[str, str]) -> None:
        """Keep ids that a server has given."""
        place = self.folder / IDS
        copy = place.with_suffix(".part")
        copy.write_text(json.dumps(ids))
        copy.replace(place)

    def close(self) -> None:
        """Give up the lock, and remove the folder if nothing waits in it."""
        if self._lock is None:
            return
        if not self.entries():
            shutil.rmtree(self.folder, ignore_errors=True)
            with suppress(OSError):  # not empty: other processes have theirs there
                self.destination.folder.rmdir()
                root().rmdir()
        self._lock.release()
        self._lock = None

    def _acquire(self) -> None:
        if not self.folder.is_dir():
            raise FileNotFoundError(self.folder)
        lock = FileLock(self.folder / LOCK, timeout=0)
        lock.acquire()
        self._lock = lock


def destinations() -> list[Destination]:
    """The destinations of all that waits."""
    found = [Destination(**json.loads(place.read_text())) for place in sorted(root().glob(f"*/*/{DESTINATION}"))]
    return list(dict.fromkeys(found))


def left(destination: Destination) -> Iterator[Outbox]:
    """The outboxes that ended processes have left for a destination, the oldest first, each locked."""
    for folder in sorted(path for path in destination.folder.glob("*-*") if path.is_dir()):
        if outbox := Outbox.adopted(destination, folder):
            yield outbox


def waiting(destination: Destination) -> dict[str, Finished]:
    """The finished runs that wait to be sent, by their `gdlab.key`, whichever process is to send them."""
    found = {}
    for place in sorted(destination.folder.glob(f"*-*/*/{RECORDS}")):
        with suppress(FileNotFoundError):  # it has been sent meanwhile
            for record in records.from_json(place.read_bytes()):
                if record.kind == names.RUN and record.status == names.FINISHED:
                    found[record.key] = record.finished
    return found


def destination(uri: str, experiment: str) -> Destination:
    """The destination of an experiment's runs."""
    return Destination(uri=redacted(uri), experiment=experiment)
