"""Records of runs: all that MLflow stores of a run, as plain data that can be kept in a file and sent twice."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gdlab.results import Line, Result
from gdlab.tracking.names import FILES, FINISHED, KEY, KIND, NOTE, OUTCOME, PARENT, PROCESS, RECORD, RUN, RUNNING
from gdlab.tracking.provenance import provenance, this_process

LONGEST_NAME, LONGEST_PARAM, LONGEST_NOTE = 250, 6000, 8000  # characters that MLflow stores
UNLOGGED = {"step", "epoch"}  # columns of a trajectory that are no metrics

Point = tuple[str, float, int, int]  # a metric: its name, value, time in milliseconds since 1970, step


@dataclass(frozen=True, kw_only=True)
class RunCard:
    """What is known of a run before it starts."""

    name: str
    config: Mapping[str, Any]
    params: Mapping[str, Any]
    key: str
    kind: str = RUN
    parent: str | None = None
    dataset: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class Finished(NamedTuple):
    """The result of a finished run."""

    run_id: str
    outcome: str
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A run as MLflow stores it, or, while its status is RUNNING, a part of it.

    Parameters
    ----------
    run_id
        32 hexadecimal digits. They are chosen before anything is sent, so that sending a record twice stores it once;
        a server that chooses ids of its own keeps them as the tag `gdlab.record`.
    files
        The size of each artifact in bytes, by its name.
    unique
        If another run with this `gdlab.key` has finished in the experiment, this one is not stored.
    keeps_failure
        A status of FAILED or KILLED that is stored already is kept.

    """

    run_id: str
    name: str
    status: str
    start_time: int
    end_time: int | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Sequence[Point] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    dataset: Mapping[str, Any] | None = None
    files: Mapping[str, int] = field(default_factory=dict)
    unique: bool = False
    keeps_failure: bool = False

    @property
    def kind(self) -> str:
        return self.tags[KIND]

    @property
    def key(self) -> str:
        return self.tags.get(KEY, "")

    @property
    def latest(self) -> dict[str, Point]:
        """The last point of each metric: by step, then time, then value, as MLflow defines it."""
        last: dict[str, Point] = {}
        for point in self.metrics:
            name, value, milliseconds, step = point
            if name not in last or (step, milliseconds, value) > (last[name][3], last[name][2], last[name][1]):
                last[name] = point
        return last

    @property
    def finished(self) -> Finished:
        """Its result."""
        metrics = {name: point[1] for name, point in self.latest.items()}
        return Finished(self.run_id, self.tags[OUTCOME], metrics)


def new_id() -> str:
    """An id for a run."""
    return uuid.uuid4().hex


def fixed_id(text: str) -> str:
    """An id for a run that this text identifies, the same whenever it is asked for."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def milliseconds() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def begun(card: RunCard, run_id: str, began: int) -> RunRecord:
    """The record of a run that begins."""
    return RunRecord(
        run_id=run_id,
        name=card.name[:LONGEST_NAME],
        status=RUNNING,
        start_time=began,
        params={name: str(value)[:LONGEST_PARAM] for name, value in card.params.items()},
        tags=_tags(card, run_id),
        dataset=card.dataset,
    )


def continued(record: RunRecord, points: Sequence[Point]) -> RunRecord:
    """More points of a run that is RUNNING; what has been sent before is left out."""
    return dataclasses.replace(record, params={}, dataset=None, metrics=points)


def finished(
    record: RunRecord, result: Result, points: Sequence[Point], files: Mapping[str, int], unique: bool
) -> RunRecord:
    """The record of a run with its result; `points` are those of its steps that have not been sent before."""
    ended = milliseconds()
    return dataclasses.replace(
        record,
        status=FINISHED,
        end_time=ended,
        metrics=[*points, *summary_points(result.final, ended)],
        tags={**record.tags, OUTCOME: result.outcome, FILES: files_text(files)},
        files=files,
        unique=unique,
    )


def ended(record: RunRecord, status: str, note: str = "", *, metrics: Mapping[str, float] | None = None) -> RunRecord:
    """The record of a run that ends without a result, and of a sweep and a cell, with their summary."""
    now = milliseconds()
    tags = {**record.tags, **({NOTE: note[:LONGEST_NOTE]} if note else {})}
    points = [*record.metrics, *summary_points(metrics or {}, now)]
    return dataclasses.replace(record, status=status, end_time=now, tags=tags, metrics=points)


def summary_points(values: Mapping[str, float], milliseconds: int) -> list[Point]:
    """Metrics that summarize a run. At step 0 MLflow's UI draws them as bars, and not as curves of one point."""
    return metric_points([(milliseconds, {**values, "step": 0})])


def metric_points(lines: Iterable[tuple[int, Line]]) -> list[Point]:
    """The finite values of recorded steps, each with its time in milliseconds since 1970."""
    return [
        (name, float(value), milliseconds, int(line["step"]))
        for milliseconds, line in lines
        for name, value in line.items()
        if name not in UNLOGGED and math.isfinite(value)
    ]


def files_text(files: Mapping[str, int]) -> str:
    """The names and sizes of files, as a tag keeps them."""
    return json.dumps(dict(files))


def to_json(records: Iterable[RunRecord]) -> str:
    """Records as text."""
    return json.dumps([{f.name: getattr(record, f.name) for f in dataclasses.fields(record)} for record in records])


def from_json(text: str | bytes) -> list[RunRecord]:
    """Records from their text."""
    records = []
    for values in json.loads(text):
        values["metrics"] = [tuple(point) for point in values["metrics"]]
        records.append(RunRecord(**values))
    return records


def dataset_row(facts: Mapping[str, Any]) -> dict[str, str]:
    """A data set as MLflow's table of data sets describes it."""
    return {
        "name": facts["name"],
        "digest": facts["digest"][:36],
        "source_type": "local",
        "source": json.dumps({"loader": f"gdlab.problems.data.load({facts['name']!r})"}),
        "profile": json.dumps({name: value for name, value in facts.items() if name != "name"}),
    }


def _tags(card: RunCard, run_id: str) -> dict[str, str]:
    tags = {KIND: card.kind, KEY: card.key, RECORD: run_id, PROCESS: this_process(), **provenance(), **card.tags}
    return {**tags, PARENT: card.parent} if card.parent is not None else tags
