"""Time how many finished runs a second each kind of store takes from one launcher, and the bytes that a run leaves.

The runs are copies of one network on mnist_5k, with its 20 recorded steps, under keys of their own. They come in
stacks, as from workers that take no time, and the clock stops when the store has them all. PostgreSQL and MLflow's
server run on this machine, with throw-away data.

    python -m benchmarks.writing --runs 2000
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, chdir, closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import sqlalchemy

import gdlab
from benchmarks.faults.services import MlflowServer, PostgreSQL
from gdlab.sweeps import key
from gdlab.sweeps.cards import card
from gdlab.sweeps.configuration import train_stack
from gdlab.sweeps.plan import Job
from gdlab.tracking import Store, new_id

STACK = 40  # runs that are delivered at once
PATIENCE = 600.0  # seconds within which a store must have taken all


class Target(NamedTuple):
    """A store: its kind, the URI of it, SQLAlchemy's URL of its database, and where it keeps artifacts."""

    kind: str
    uri: str
    database: str
    artifacts: Path


def main() -> None:
    """Write to each kind of store, print the table, write it."""
    options = command_line().parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, chdir(place), ExitStack() as stack:
        rows = [written(target, options.runs) for target in targets(Path(place), stack)]
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    output = options.output if options.output.is_absolute() else Path.cwd() / options.output
    output.mkdir(parents=True, exist_ok=True)
    table.to_csv(output / "writing.csv", index=False)
    print(f"wrote {options.output / 'writing.csv'}")


def command_line() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2_000, help=f"a multiple of {STACK} (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"), help="a folder (%(default)s)")
    return parser


def targets(place: Path, stack: ExitStack) -> Iterator[Target]:
    """The stores, each started when it is its turn."""
    yield Target("SQLite", f"sqlite:///{place}/mlflow.db", f"sqlite:///{place}/mlflow.db", place / "mlruns")
    postgresql = stack.enter_context(PostgreSQL())
    folder = place / "server"
    folder.mkdir()
    server = stack.enter_context(MlflowServer(postgresql.url, folder, workers=1, app="gdlab"))  # makes the tables
    yield Target("PostgreSQL", postgresql.url, postgresql.url, place / "mlruns")
    yield Target("MLflow's server on PostgreSQL", server.uri, postgresql.url, server.artifacts)


def written(target: Target, runs: int) -> dict[str, object]:
    """Write so many runs; returns the rate, the launcher's processor time, and the bytes."""
    config = gdlab.config("network", stop={"max_epochs": 1})
    (result,) = train_stack([config])
    job = card(Job(name="run", config=config), key.key(config))
    with closing(Store(target.uri, f"first {target.kind}")) as store:  # which makes the tables and the folders
        with store.entry() as draft:
            draft.finished(new_id(), job, result, unique=False, network=None)
        store.deliver(PATIENCE)
    before = database_bytes(target.database), folder_bytes(target.artifacts)
    start, processor = time.perf_counter(), time.process_time()
    with closing(Store(target.uri, target.kind, notice=print)) as store:
        for first in range(0, runs, STACK):
            with store.entry() as draft:
                for number in range(first, first + STACK):
                    draft.finished(new_id(), replace(job, key=f"{number:032}"), result, unique=True, network=None)
        waiting = store.deliver(PATIENCE)
        seconds = time.perf_counter() - start
    if waiting:
        raise SystemExit(f"error: {waiting} of {runs} runs wait after {seconds:.0f} s ({target.kind})")
    database, artifacts = database_bytes(target.database) - before[0], folder_bytes(target.artifacts) - before[1]
    return {
        "store": target.kind,
        "runs": runs,
        "runs a second": round(runs / seconds),
        "launcher's processor ms a run": round((time.process_time() - processor) / runs * 1000, 2),
        "kB a run in the database": round(database / runs / 1000, 1),
        "kB a run of artifacts": round(artifacts / runs / 1000, 1),
    }


def database_bytes(url: str) -> int:
    """The size of a database on the disk."""
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        return path.stat().st_size if path.exists() else 0
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())


def folder_bytes(folder: Path) -> int:
    """The bytes of the files in a folder, as the disk counts them."""
    return sum(os.lstat(path).st_blocks * 512 for path in folder.rglob("*"))


if __name__ == "__main__":
    main()
