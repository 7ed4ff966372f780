"""Finished runs, as a tracking store describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from gdlab.tracking.names import KEY

if TYPE_CHECKING:
    from mlflow.entities import Run


class FinishedRun(NamedTuple):
    """A run or a measurement that has finished; `params` are texts in a store, `metrics` the last values."""

    run_id: str
    name: str | None
    experiment_id: str
    artifacts: str
    end_time: int | None
    tags: dict[str, str]
    params: dict[str, str]
    metrics: dict[str, float]


def finished_run(run: Run) -> FinishedRun:
    """A finished run as MLflow's client has it."""
    return FinishedRun(
        run.info.run_id,
        run.info.run_name,
        run.info.experiment_id,
        run.info.artifact_uri,
        run.info.end_time,
        run.data.tags,
        run.data.params,
        run.data.metrics,
    )


def newest_by_key(runs: Sequence[FinishedRun]) -> dict[str, FinishedRun]:
    """The last of the runs with each `gdlab.key`, in the order of `runs`."""
    newest: dict[str, FinishedRun] = {}
    for run in reversed(runs):
        newest.setdefault(run.tags.get(KEY, run.run_id), run)
    return dict(reversed(newest.items()))
