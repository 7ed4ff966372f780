"""Time reading back: the runs of an experiment, their trajectories and their thetas, from an SQLite store into frames.

A network is trained on the command line, and its run copied: to a thousand with its files, then to twenty thousand
without; each copy has its own key, name, seed and learning rate. A new process reads them, which includes its imports;
another reads the thousand with MLflow's client, as from a server.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

TRAIN = Path(__file__).resolve().parents[1] / "experiments" / "train.py"
EXPERIMENT = "reading"
READ = """
import json, sys, time
start = time.perf_counter()
import gdlab
from gdlab.tracking import database
uri, experiment, by_client, *others = sys.argv[1:]
if by_client == "True":
    database.REVISIONS = ()
runs = gdlab.runs(uri, experiment)
times = {"runs": time.perf_counter() - start}
for name in others:
    start = time.perf_counter()
    getattr(gdlab, name)(runs, uri)
    times[name] = time.perf_counter() - start
print(json.dumps({"count": len(runs), "times": times}))
"""
TABLES = {  # of MLflow's, with what differs from copy to copy; all have a column run_uuid
    "runs": {
        "run_uuid": ":copy",
        "name": "'seed=' || :number",
        "start_time": "start_time + :number",
        "artifact_uri": "replace(artifact_uri, :run, :copy)",
    },
    "params": {
        "run_uuid": ":copy",
        "value": "CASE key WHEN 'seed' THEN :number WHEN 'optimizer.learning_rate' THEN :number / 100.0 ELSE value END",
    },
    "tags": {"run_uuid": ":copy", "value": "CASE key WHEN 'gdlab.key' THEN :copy ELSE value END"},
    "latest_metrics": {"run_uuid": ":copy", "value": "value * (1 + :number / 1e6)"},
    "metrics": {"run_uuid": ":copy", "value": "value * (1 + :number / 1e6)"},
}


def main() -> None:
    """Make the stores, time reading them, print the times, write the table."""
    options = command_line().parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, str(TRAIN), f"tracking.experiment={EXPERIMENT}", f"problem/data={options.data}"]
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
        copy_run(folder, options.runs - 1, with_files=True)
        rows += timed(folder, "trajectories", "thetas")
        rows += timed(folder, by_client=True)
        copy_run(folder, options.summaries - options.runs, with_files=False)
        rows += timed(folder)
    for row in rows:
        print(f"{row['runs']:6} {row['read']:13} {row['way']:18} {row['seconds']:6.2f} s")
    options.output.mkdir(parents=True, exist_ok=True)
    table = options.output / "reading.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    print(f"wrote {table}")


def command_line() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000, help="runs with their files (%(default)s)")
    parser.add_argument("--summaries", type=int, default=20_000, help="runs, most without files (%(default)s)")
    parser.add_argument("--data", default="mnist_5k", help="problem/data of the run that is copied (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"), help="a folder (%(default)s)")
    return parser


def copy_run(folder: Path, copies: int, with_files: bool) -> None:
    """Copy the oldest run of a folder's store so many times; with its files, also with the points of its curves."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as database, database:
        kind = "SELECT run_uuid FROM tags WHERE key = 'gdlab.kind' AND value = 'run'"
        oldest = f"SELECT run_uuid, artifact_uri FROM runs WHERE run_uuid IN ({kind}) ORDER BY start_time"  # noqa: S608
        run, artifacts = database.execute(oldest).fetchone()
        (present,) = database.execute("SELECT count(*) FROM runs").fetchone()
        statements = [copying(database, table) for table in TABLES if with_files or table != "metrics"]
        for number in range(present, present + copies):
            copy = f"{number:032x}"
            for statement in statements:
                database.execute(statement, {"run": run, "copy": copy, "number": number})
            if with_files:
                shutil.copytree(artifacts, artifacts.replace(run, copy))


def copying(database: sqlite3.Connection, table: str) -> str:
    """The statement that copies a run's rows of a table."""
    columns = [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(TABLES[table].get(name, name) for name in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE run_uuid = :run"  # noqa: S608


def timed(folder: Path, *others: str, by_client: bool = False) -> Iterator[dict[str, Any]]:
    """Rows of the table: the time to read the runs, directly or by MLflow's client, and others of their frames."""
    uri = f"sqlite:///{folder}/mlflow.db"
    command = [sys.executable, "-c", READ, uri, EXPERIMENT, str(by_client), *others]
    output = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    for name, seconds in output["times"].items():
        way = "by MLflow's client" if by_client else "directly"
        yield {"runs": output["count"], "read": name, "way": way, "seconds": round(seconds, 4)}


if __name__ == "__main__":
    main()
