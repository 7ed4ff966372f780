"""One MLflow experiment: writing runs, and finding those that have finished."""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from filelock import FileLock

from gdlab.results import Line, Result
from gdlab.tracking.artifacts import write_artifacts
from gdlab.tracking.places import TrackingError, check_place, client, database_file, local_folder, plain_errors
from gdlab.tracking.provenance import has_ended, provenance, this_process

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run


MOST_METRICS, MOST_PARAMS = 1000, 100  # limits of one log_batch
LONGEST_PARAM, LONGEST_NOTE = 6000, 8000
PAGE = 1000
FINISHED, FAILED, KILLED = "FINISHED", "FAILED", "KILLED"
KIND, KEY, OUTCOME, PROCESS = "gdlab.kind", "gdlab.key", "gdlab.outcome", "gdlab.process"
SWEEP = "gdlab.sweep"
PARENT, NOTE = "mlflow.parentRunId", "mlflow.note.content"
TRAINING = {"mlflow.experimentKind": "custom_model_development"}  # the UI then shows runs and their curves first
UNLOGGED = {"step", "epoch"}  # columns of a trajectory that are no metrics


@dataclass(frozen=True, kw_only=True)
class RunCard:
    """What is known of a run before it starts."""

    name: str
    config: Mapping[str, Any]
    params: Mapping[str, Any]
    key: str
    kind: str = "run"
    parent: str | None = None
    dataset: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class Finished(NamedTuple):
    """The result of a finished run."""

    run_id: str
    outcome: str
    metrics: Mapping[str, float]


class Store:
    """An MLflow experiment to write runs to."""

    def __init__(self, uri: str, experiment: str) -> None:
        self.uri = uri
        with plain_errors(uri):
            check_place(uri)
            from mlflow.exceptions import MlflowException

            with self.alone():  # two processes that create the tables at once would fail
                self.client = client(uri)
                found = self.client.get_experiment_by_name(experiment)
            if found is None:
                try:
                    self.experiment_id = self.client.create_experiment(experiment, tags=TRAINING)
                except MlflowException:  # another process has created it
                    found = self.client.get_experiment_by_name(experiment)
                    if found is None:
                        raise
            if found is not None:
                if found.lifecycle_stage != "active":
                    raise TrackingError(
                        f"tracking.experiment={experiment} is deleted in {uri}: restore it or name another"
                    )
                self.experiment_id = found.experiment_id

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Lock a file database against this machine's other gdlab processes.

        SQLite takes one writer at a time, and rejects those that have waited too long.
        """
        path = database_file(self.uri)
        name = path and hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
        lock = FileLock(Path(tempfile.gettempdir()) / f"gdlab-{name}.lock") if name else nullcontext()
        with lock, plain_errors(self.uri):
            yield

    def begin(self, card: RunCard) -> str:
        """Create a run and log what is known of it; returns its id."""
        run = self._create(card)
        self._log(run.info.run_id, (), card.params)
        if card.dataset is not None:
            self.client.log_inputs(run.info.run_id, [_dataset_input(card.dataset)])
        return run.info.run_id

    def log(self, run_id: str, lines: Iterable[tuple[int, Line]]) -> None:
        """Log recorded steps, each with its time in milliseconds since 1970."""
        self._log(run_id, _points(lines))

    def end(self, run_id: str, card: RunCard, result: Result) -> None:
        """Log a run's result and artifacts, and close it."""
        self._log(run_id, _summary(result), tags={OUTCOME: result.outcome})
        with tempfile.TemporaryDirectory() as folder:
            write_artifacts(Path(folder), card.config, result)
            self.client.log_artifacts(run_id, folder)
        self.close(run_id, FINISHED)

    def write(self, card: RunCard, result: Result) -> str:
        """Write a finished run; returns its id."""
        run = self._create(replace(card, tags={**card.tags, OUTCOME: result.outcome}), result.began)
        with self._whole(run):
            self._log(run.info.run_id, [*_points(result.timed_lines), *_summary(result)], card.params)
            if card.dataset is not None:
                self.client.log_inputs(run.info.run_id, [_dataset_input(card.dataset)])
            with self._artifacts(run) as folder:
                write_artifacts(folder, card.config, result)
            self.client.set_terminated(run.info.run_id, FINISHED)
        return run.info.run_id

    def write_failure(self, card: RunCard, message: str, traceback: str) -> str:
        """Write a failed run, with its message as a note; returns its id."""
        run = self._create(card)
        with self._whole(run):
            self._log(run.info.run_id, (), card.params)
            with self._artifacts(run) as folder:
                (folder / "traceback.txt").write_text(traceback)
            self.close(run.info.run_id, FAILED, message)
        return run.info.run_id

    def sweep(self, name: str) -> str:
        """The id of a sweep's parent run, created on first use."""
        found = self.client.search_runs([self.experiment_id], f"tags.`{SWEEP}` = '{name}'", max_results=1)
        if found:
            return found[0].info.run_id
        tags = {KIND: "sweep", SWEEP: name, PROCESS: this_process(), **provenance()}
        run_name = f"sweep {' '.join(Path(name).parts[-2:])}"
        run_id: str = self.client.create_run(self.experiment_id, tags=tags, run_name=run_name).info.run_id
        return run_id

    def close(self, run_id: str, status: str, message: str | None = None) -> None:
        if message is not None:
            self.client.set_tag(run_id, NOTE, message[:LONGEST_NOTE])
        self.client.set_terminated(run_id, status)

    def close_sweep(self, run_id: str, status: str) -> None:
        """Close a sweep's parent run after one of its jobs; the status FAILED or KILLED is kept."""
        if self.client.get_run(run_id).info.status not in (FAILED, KILLED):
            self.client.set_terminated(run_id, status)

    def finished(self) -> dict[str, Finished]:
        """The experiment's finished runs by their `gdlab.key`, the newest for each."""
        return self._by_key(f"attributes.status = '{FINISHED}'")

    def finished_elsewhere(self, parent: str, since: int) -> dict[str, Finished]:
        """Runs of other sweeps that finished after a time, in milliseconds since 1970."""
        others = f"tags.`{PARENT}` != '{parent}'"
        return self._by_key(f"attributes.status = '{FINISHED}' and attributes.end_time >= {since} and {others}")

    def close_orphans(self) -> int:
        """Mark as KILLED the runs that ended processes of this machine have left RUNNING; returns how many."""
        left = [
            run.info.run_id
            for run in search(self.client, self.experiment_id, "attributes.status = 'RUNNING'")
            if PROCESS in run.data.tags and has_ended(run.data.tags[PROCESS])
        ]
        for run_id in left:
            self.close(run_id, KILLED, "Its process was killed.")
        return len(left)

    def add_text(self, run_id: str, name: str, text: str) -> None:
        """Log a text as a run's artifact."""
        self.client.log_text(run_id, text, name)

    def _create(self, card: RunCard, start_time: int | None = None) -> Run:
        tags = {KIND: card.kind, KEY: card.key, PROCESS: this_process(), **provenance(), **card.tags}
        if card.parent is not None:
            tags[PARENT] = card.parent
        return self.client.create_run(self.experiment_id, start_time, tags, card.name)

    def _log(
        self,
        run_id: str,
        metrics: Sequence[Metric],
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        from mlflow.entities import Param, RunTag

        batch_params = [Param(name, str(value)[:LONGEST_PARAM]) for name, value in (params or {}).items()]
        batch_tags = [RunTag(name, text) for name, text in (tags or {}).items()]
        while metrics or batch_params or batch_tags:
            self.client.log_batch(run_id, metrics[:MOST_METRICS], batch_params[:MOST_PARAMS], batch_tags)
            metrics, batch_params, batch_tags = metrics[MOST_METRICS:], batch_params[MOST_PARAMS:], []

    @contextmanager
    def _whole(self, run: Run) -> Iterator[None]:
        """Close a run as KILLED if writing it is interrupted."""
        try:
            yield
        except BaseException:
            with suppress(Exception):
                self.close(run.info.run_id, KILLED, "It was interrupted while it was written.")
            raise

    @contextmanager
    def _artifacts(self, run: Run) -> Iterator[Path]:
        """A folder for a run's artifacts: the run's own, if it is on this machine; else one that is uploaded."""
        place = local_folder(run.info.artifact_uri)
        if place is not None:
            place.mkdir(parents=True, exist_ok=True)
            yield place
        else:
            with tempfile.TemporaryDirectory() as folder:
                yield Path(folder)
                self.client.log_artifacts(run.info.run_id, folder)

    def _by_key(self, rule: str) -> dict[str, Finished]:
        found = search(self.client, self.experiment_id, f"tags.`{KIND}` = 'run' and {rule}")
        return {
            run.data.tags[KEY]: Finished(run.info.run_id, run.data.tags[OUTCOME], run.data.metrics) for run in found
        }


def search(client: MlflowClient, experiment_id: str, rule: str) -> Iterator[Run]:
    """All runs of an experiment that match a filter, the oldest first."""
    token = None
    while True:
        page = client.search_runs(
            [experiment_id], rule, max_results=PAGE, order_by=["attributes.start_time ASC"], page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def milliseconds() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def _points(lines: Iterable[tuple[int, Line]]) -> list[Metric]:
    """The finite values of recorded steps, as metrics."""
    from mlflow.entities import Metric

    return [
        Metric(name, value, time, int(line["step"]))
        for time, line in lines
        for name, value in line.items()
        if name not in UNLOGGED and math.isfinite(value)
    ]


def _summary(result: Result) -> list[Metric]:
    return _points([(milliseconds(), {**result.final, "step": result.steps})])


def _dataset_input(facts: Mapping[str, Any]) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=facts["name"],
        digest=facts["digest"][:36],
        source_type="local",
        source=json.dumps({"loader": f"gdlab.problems.data.load({facts['name']!r})"}),
        profile=json.dumps({name: value for name, value in facts.items() if name != "name"}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])
