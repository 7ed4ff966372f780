"""The engines of sweeps: worker processes on this machine, or the workers of a Dask scheduler."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Protocol

import console

from gdlab.sweeps.configuration import Config
from gdlab.sweeps.launch import cores
from gdlab.sweeps.progress import Listener
from gdlab.sweeps.remote import EngineError
from gdlab.sweeps.training import ReadyWorkers
from hydra_plugins.stacked_launcher import DASK, Engine

CLUSTER = {"dask", "distributed"}  # what engine=dask needs
INSTALL = "pip install dask distributed"


class Workers(Protocol):
    """Workers that are ready, or get ready, before there is work for them: a `new_executor` of a sweep.

    `on_steps` is called with the number of steps that one has trained since its last call, where that is known.
    """

    on_steps: Listener

    def __call__(self) -> Executor: ...

    def load(self, config: Config) -> None:
        """Have the workers load a configuration's data."""
        ...

    def keep(self, count: int) -> None:
        """End those that are left but for `count`."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...


def workers(engine: Engine, jobs: int) -> Workers:
    """Start the workers of an engine, as many as there is use for with so many jobs, or find those of a scheduler."""
    count = min(engine.workers or cores(), jobs)
    return dask_workers(engine.address, count) if engine.name == DASK and count else ReadyWorkers(count)


def dask_workers(address: str | None, count: int) -> Workers:
    """The workers of a Dask scheduler, or so many of this machine; says where to watch them."""
    try:
        from gdlab.sweeps.cluster import Cluster
    except ModuleNotFoundError as error:
        if error.name not in CLUSTER:
            raise
        raise EngineError(f"hydra.launcher.engine=dask needs Dask; to install it: {INSTALL}") from None
    cluster = Cluster(address, count)
    threads = cluster.threads() if address else count
    where = f" at {address}" if address else " on this machine"
    print(f"Dask{where}: {console.counted(threads, 'worker thread')}", end="")
    print(f", {cluster.dashboard}" if cluster.dashboard else "", flush=True)
    if not threads:
        print("waiting for the first worker", flush=True)
    return cluster
