"""Writing entries through MLflow's client: to a server, or to a database that is not written in bulk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from gdlab.tracking import names, records
from gdlab.tracking.backends.backend import Answer, Target
from gdlab.tracking.backends.experiment import experiment_id
from gdlab.tracking.outbox import Entry, Outbox
from gdlab.tracking.places import client, is_passing, search
from gdlab.tracking.records import Finished, RunRecord

if TYPE_CHECKING:
    from mlflow.entities import Run

MOST_METRICS, MOST_PARAMS, MOST_TAGS = 1000, 100, 100  # limits of one log_batch
AT_ONCE = 4  # runs that are sent at the same time
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 1.0  # seconds between tries of one call
RETRY_SECONDS = 8.0  # for which a call is tried; then the entry waits
SKEW_MILLISECONDS = 600_000  # by which the clocks of two machines may differ

T = TypeVar("T")


class ServiceBackend:
    """An experiment that is written through MLflow's client, a run at a time."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.client = client(target.uri)
        self.since = records.milliseconds() - SKEW_MILLISECONDS
        self.lock = threading.Lock()
        self.done: set[str] = set()
        self.experiment_id = experiment_id(
            target,
            self.client.get_experiment_by_name,
            lambda name: self.client.create_experiment(name, tags=dict(target.tags)),
            self.client.set_experiment_tag,
        )

    def write(self, entry: Entry, outbox: Outbox) -> Answer:
        found = entry.records
        superseded = self._superseded(found)
        ids = outbox.ids
        unclear = {record.run_id for record in found if record.run_id in ids and not ids[record.run_id]}
        ids |= {record.run_id: "" for record in found if record.run_id not in ids}
        outbox.keep_ids(ids)
        left = [record for record in found if record.run_id not in superseded and record.run_id not in self.done]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda record: self._write(entry, record, outbox, ids, record.run_id in unclear), left))
        superseded |= self._resolve([record for record in left if record.unique], ids)
        return Answer(superseded, {run_id: server_id for run_id, server_id in ids.items() if server_id})

    def end(self, notes: Mapping[str, str], status: str) -> None:
        for run_id, note in notes.items():
            patient(partial(self.client.set_tag, run_id, names.NOTE, note))
            patient(partial(self.client.set_terminated, run_id, status))

    def close(self) -> None:
        pass

    def _write(self, entry: Entry, record: RunRecord, outbox: Outbox, ids: dict[str, str], unclear: bool) -> None:
        """Store one run; every call but the one that creates it can be made twice."""
        server_id = ids[record.run_id] or (unclear and self._find(record.run_id))
        if not server_id:
            server_id = self._create(record, ids)
        with self.lock:
            ids[record.run_id] = str(server_id)
            outbox.keep_ids(ids)
        self._log(str(server_id), record)
        folder = entry.artifacts(record)
        if folder is not None:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                place = path.parent.relative_to(folder).as_posix()
                patient(partial(self.client.log_artifact, str(server_id), str(path), place if place != "." else None))
        if record.status != names.RUNNING:
            patient(lambda: self._terminate(str(server_id), record))
            if record.kind == names.RUN:
                with self.lock:
                    self.done.add(record.run_id)
        elif record.kind == names.SWEEP:
            patient(lambda: self.client.update_run(str(server_id), status=record.status))
        if unclear:
            self._remove_ghosts(record.run_id, str(server_id))

    def _create(self, record: RunRecord, ids: dict[str, str]) -> str:
        """Create a run; where the reply is lost, look for the run before creating it again."""
        tags = self._tags(record, ids)

        def create() -> str:
            if attempts and (known := self._find(record.run_id)):
                return known
            attempts.append(1)
            run = self.client.create_run(self.experiment_id, record.start_time, tags, record.name)
            return str(run.info.run_id)

        attempts: list[int] = []
        server_id = patient(create)
        if len(attempts) > 1:
            self._remove_ghosts(record.run_id, server_id)
        return server_id

    def _tags(self, record: RunRecord, ids: dict[str, str]) -> dict[str, str]:
        parent = record.tags.get(names.PARENT)
        return {**record.tags, **({names.PARENT: ids.get(parent) or parent} if parent else {})}

    def _log(self, server_id: str, record: RunRecord) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

        metrics = [Metric(*point) for point in record.metrics]
        params = [Param(*param) for param in record.params.items()]
        own = {name: value for name, value in record.tags.items() if name != names.PARENT}
        tags = [RunTag(*tag) for tag in own.items()]
        while metrics or params or tags:
            batch = metrics[:MOST_METRICS], params[:MOST_PARAMS], tags[:MOST_TAGS]
            patient(partial(self.client.log_batch, server_id, *batch))
            metrics, params, tags = metrics[MOST_METRICS:], params[MOST_PARAMS:], tags[MOST_TAGS:]
        if record.dataset is not None:
            dataset = Dataset(**records.dataset_row(record.dataset))
            inputs = [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])]
            patient(lambda: self.client.log_inputs(server_id, inputs), lambda error: True)  # two may add one data set

    def _terminate(self, server_id: str, record: RunRecord) -> None:
        failed = (names.FAILED, names.KILLED)
        if record.keeps_failure and self.client.get_run(server_id).info.status in failed:
            return
        self.client.set_terminated(server_id, record.status, record.end_time)

    def _find(self, run_id: str) -> str:
        """The id that the server has given to a record's run; empty if there is none."""
        found = self._with_record(run_id)
        return min(run.info.run_id for run in found) if found else ""

    def _with_record(self, run_id: str) -> Sequence[Run]:
        rule = f"tags.`{names.RECORD}` = '{run_id}'"
        return patient(lambda: self.client.search_runs([self.experiment_id], rule))

    def _remove_ghosts(self, run_id: str, server_id: str) -> None:
        """Delete runs that were created by calls whose replies were lost."""
        for run in self._with_record(run_id):
            if run.info.run_id != server_id:
                patient(partial(self.client.delete_run, run.info.run_id))

    def _finished_lately(self) -> dict[str, list[Run]]:
        """The runs that have finished since this began, by their keys."""
        rule = f"tags.`{names.KIND}` = 'run' and attributes.status = 'FINISHED'"
        rule += f" and attributes.end_time >= {self.since}"
        by_key: dict[str, list[Run]] = {}
        for run in patient(lambda: list(search(self.client, self.experiment_id, rule))):
            by_key.setdefault(run.data.tags[names.KEY], []).append(run)
        return by_key

    def _superseded(self, found: Sequence[RunRecord]) -> dict[str, Finished]:
        """The finished runs of others that have the keys of these unique runs."""
        if not any(record.unique for record in found):
            return {}
        by_key = self._finished_lately()
        superseded = {}
        for record in found:
            others = [run for run in by_key.get(record.key, []) if run.data.tags.get(names.RECORD) != record.run_id]
            if record.unique and others and record.run_id not in self.done:
                superseded[record.run_id] = _finished(min(others, key=lambda run: run.info.run_id))
        return superseded

    def _resolve(self, written: Sequence[RunRecord], ids: dict[str, str]) -> dict[str, Finished]:
        """Of runs that two sweeps have finished at the same moment, keep the one with the lowest id."""
        superseded: dict[str, Finished] = {}
        if not written:
            return superseded
        by_key = self._finished_lately()
        for record in written:
            same = sorted(by_key.get(record.key, []), key=lambda run: run.info.run_id)
            for run in same[1:]:
                patient(partial(self.client.delete_run, run.info.run_id))
            if len(same) > 1 and same[0].info.run_id != ids[record.run_id]:
                superseded[record.run_id] = _finished(same[0])
        return superseded


def patient(call: Callable[[], T], is_passing: Callable[[Exception], bool] = is_passing) -> T:
    """The result of a call to the server, which is made again for a time if it fails."""
    end, pause = time.monotonic() + RETRY_SECONDS, FIRST_PAUSE
    while True:
        try:
            return call()
        except Exception as error:
            if not is_passing(error) or time.monotonic() + pause > end:
                raise
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def _finished(run: Run) -> Finished:
    return Finished(run.info.run_id, run.data.tags[names.OUTCOME], run.data.metrics)
