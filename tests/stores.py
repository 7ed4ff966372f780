"""What sweeps have left in a folder's store, and small ones launched into it."""

from __future__ import annotations

from contextlib import closing

import numpy as np
from cases import config
from launches import sweep
from mlflow import MlflowClient

from gdlab.tracking import Store, new_id


def keep(uri, experiment, *runs):
    """Write runs to a store, each a card with a result, or with the message of its failure."""
    with closing(Store(uri, experiment)) as store:
        with store.entry() as draft:
            for card, result in runs:
                if isinstance(result, str):
                    draft.failed(new_id(), card, result, "Traceback")
                else:
                    draft.finished(new_id(), card, result, unique=False, network=None)
        assert store.deliver() == 0


def runs_of(folder):
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    return client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])


def children_of(folder):
    return [run for run in runs_of(folder) if run.data.tags["gdlab.kind"] == "run"]


def parents_of(folder):
    return [run for run in runs_of(folder) if run.data.tags["gdlab.kind"] == "sweep"]


def results_of(folder):
    """The bytes of each finished run's theta and trajectory, by its key."""
    results = {}
    for run in children_of(folder):
        if run.info.status == "FINISHED":
            place = folder / run.info.artifact_uri
            with np.load(place / "theta.npz", allow_pickle=False) as theta:
                ends = theta["start"].tobytes() + theta["end"].tobytes()
            assert run.data.tags["gdlab.key"] not in results, "finished twice"
            results[run.data.tags["gdlab.key"]] = ends, (place / "trajectory.parquet").read_bytes()
    return results


def launched_here(folder, *overrides, seeds):
    """A sweep of so many seeds, in this process and in this folder, which must be the current one."""
    configs = {f"seed={seed}": config(*overrides, f"seed={seed}") for seed in range(seeds)}
    return sweep(f"sqlite:///{folder}/mlflow.db", "train", configs)
