"""One MLflow experiment: what has finished in it, and writing to it by way of an outbox."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gdlab.arrays import Point as Theta
from gdlab.problems.network import Network
from gdlab.results import Result
from gdlab.tracking import models, outbox, records
from gdlab.tracking.artifacts import sizes, write_artifacts
from gdlab.tracking.backends.backend import Target
from gdlab.tracking.backends.connection import connect
from gdlab.tracking.leftovers import put_right
from gdlab.tracking.names import COMMAND, FAILED, JOBS, SWEEP, SWEEP_NAME
from gdlab.tracking.outbox import Outbox
from gdlab.tracking.places import StoreAwayError, check_writable
from gdlab.tracking.records import Finished, Point, RunCard, RunRecord
from gdlab.tracking.sender import Sender
from gdlab.tracking.settings import Settings
from gdlab.tracking.views import views as views_of

KEPT = "training goes on, and its results are kept in"
LAST_SECONDS = 5.0  # for which a command that is interrupted tries to send the rest


@dataclass
class Draft:
    """An entry of the outbox in the making: runs that are stored together. `folder` holds their artifacts."""

    folder: Path
    found: list[RunRecord] = field(default_factory=list)

    def finished(self, run_id: str, card: RunCard, result: Result, unique: bool, network: Network | None) -> None:
        """Add a run that has finished, with its `network` as a model."""
        begun = records.begun(card, run_id, result.began)
        self.ended(begun, card, result, records.metric_points(result.timed_lines), unique, network)

    def ended(
        self,
        begun: RunRecord,
        card: RunCard,
        result: Result,
        points: Sequence[Point] = (),
        unique: bool = False,
        network: Network | None = None,
    ) -> None:
        """Add the end of a run that has begun; `points` are those of its steps that have not been added."""
        place = self.folder / begun.run_id
        place.mkdir()
        write_artifacts(place, card.config, result)
        if network is not None:
            begun = self._with_model(begun, network, result.thetas["end"])
        self.found.append(records.finished(begun, result, points, sizes(place), unique))

    def failed(self, run_id: str, card: RunCard, message: str, traceback: str) -> None:
        """Add a run that has failed, with its message as a note."""
        begun = records.begun(card, run_id, records.milliseconds())
        self.add(records.ended(begun, FAILED, message), {"traceback.txt": traceback})

    def add(
        self, record: RunRecord, texts: Mapping[str, str] | None = None, model: tuple[Network, Theta] | None = None
    ) -> None:
        """Add a record, with texts, and a network with its weights as a model, as its artifacts."""
        place = self.folder / record.run_id
        for name, text in (texts or {}).items():
            place.mkdir(exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
        if model is not None:
            record = self._with_model(record, *model)
        self.found.append(dataclasses.replace(record, files=sizes(place)) if place.is_dir() else record)

    def _with_model(self, record: RunRecord, network: Network, theta: Theta) -> RunRecord:
        """Write a network as a model, unless its weights have diverged."""
        if not np.isfinite(theta).all():
            return record
        models.write_model(self.folder / record.run_id / models.MODEL, network, theta)
        tags = models.model_tags(record.run_id, records.milliseconds())
        return dataclasses.replace(record, tags={**record.tags, **tags})


class Store:
    """An MLflow experiment that is written to by way of an outbox.

    Nothing that writes waits for the store, or fails because of it: what is written is first in the outbox, and a
    thread sends it. `notice` is called with a line about what the user should know; from that thread, too.
    """

    def __init__(
        self,
        uri: str,
        experiment: str,
        settings: Settings | None = None,
        *,
        notice: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.settings = settings or Settings.default()
        self.target = Target(
            uri=uri,
            experiment=experiment,
            tags=self.settings.experiment_tags,
            upgrade=self.settings.upgrade,
            notice=notice,
        )
        self.destination = outbox.destination(uri, experiment)
        self.trouble = check_writable(uri, self.settings.upgrade)
        self.closed = 0
        self._sender: Sender | None = None
        if self.trouble:
            notice(f"{self.trouble}; {KEPT} {outbox.root()}/")

    @property
    def sender(self) -> Sender:
        """The thread that sends, started on first use."""
        if self._sender is None:
            self._sender = Sender(Outbox(self.destination), lambda: connect(self.target), self.target.notice)
            self._sender.start()
        return self._sender

    def look_up(self) -> dict[str, Finished]:
        """Finished runs by their `gdlab.key`: those in the experiment, the newest for each, and those in the outbox.

        Before, what ended processes have left is put right; `closed` counts the runs that they had left RUNNING.
        """
        found: dict[str, Finished] = {}
        if not self.trouble:
            try:
                found, _, self.closed = put_right(self.target, self.destination)
            except StoreAwayError as error:
                self.trouble = str(error)
                self.notice(f"{self.trouble}; {KEPT} {outbox.root()}/")
        return {**found, **outbox.waiting(self.destination)}

    @contextmanager
    def entry(self) -> Iterator[Draft]:
        """An entry of the outbox, which is complete, and on its way, at the end of this context. Raises `OSError`."""
        sender = self.sender
        draft = Draft(sender.outbox.begin())
        yield draft
        sender.outbox.add(draft.folder, draft.found)
        sender.wake()

    def sweep(
        self, name: str, title: str = "", params: Mapping[str, str] | None = None, jobs: int = 0, command: str = ""
    ) -> RunRecord:
        """The record of a sweep's parent run as it begins; its id is the same for all rounds and jobs of the sweep."""
        card = RunCard(
            name=title or f"sweep {' '.join(Path(name).parts[-2:])}",
            config={},
            params=params or {},
            key="",
            kind=SWEEP,
            tags={
                **self.settings.tags,
                SWEEP_NAME: name,
                **({JOBS: str(jobs)} if jobs else {}),
                **({COMMAND: command} if command else {}),
            },
        )
        run_id = records.fixed_id(f"{self.target.experiment} {name}")
        return records.begun(card, run_id, records.milliseconds())

    def show(self, axes: Sequence[str]) -> None:
        """Give the experiment views in the MLflow UI, with columns for these params; before anything is written."""
        views = views_of(axes, records.milliseconds())
        self.target = dataclasses.replace(self.target, tags={**self.target.tags, **views})

    def superseded(self, run_id: str) -> Finished | None:
        """The run that was stored in place of this one, since it had finished before with the same key."""
        return self._sender.superseded.get(run_id) if self._sender else None

    def stored_id(self, run_id: str) -> str:
        """The id that the store has given to this run."""
        return self._sender.ids.get(run_id, run_id) if self._sender else run_id

    def deliver(self, patience: float | None = None, until_trouble: bool = False) -> int:
        """Wait until all is sent, or nothing could be sent for a time, or the first trouble; returns what waits.

        The time is in seconds, by default that of the settings.
        """
        if self._sender is None:
            return 0
        self._sender.wait_until_stored(self.settings.patience if patience is None else patience, until_trouble)
        return self.waiting

    @property
    def experiment_id(self) -> str:
        """MLflow's id of the experiment, once something is stored in it."""
        backend = self._sender.backend if self._sender else None
        return backend.experiment_id if backend else ""

    @property
    def is_stuck(self) -> bool:
        """True while the store takes nothing."""
        return bool(self._sender and self._sender.trouble)

    def notice(self, text: str) -> None:
        """Tell the user something."""
        self.target.notice(text)

    @property
    def waiting(self) -> int:
        """How many runs this process has not sent yet."""
        return self._sender.outbox.waiting if self._sender else 0

    def close(self) -> None:
        """Stop sending."""
        if self._sender is not None:
            self._sender.close()
