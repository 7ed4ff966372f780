"""Watch a long sweep: the launcher's memory, and the time that a run takes, from its first runs to its last.

The default is 20,000 parabolas; `--problem network` is that many networks on mnist_5k, one epoch each. A run is kept
when its results are in the outbox or FINISHED in the store; where training is faster than the store, runs wait in the
outbox. The launcher's memory is its resident set, sampled every second; what the workers hold is not in it. A run's
time is that from the first to the last count of a quarter of the sweep, divided by its runs.

    python -m benchmarks.memory
    python -m benchmarks.memory --problem network --runs 5000 --engine local
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from benchmarks.faults.commands import TRAIN
from benchmarks.faults.records import connected
from gdlab import tracking
from gdlab.tracking import names, records
from gdlab.tracking.outbox import RECORDS

POLL_SECONDS = 1.0
FIRST = 1_000  # runs, from which on memory must be flat
QUARTERS = 4
RATES = 100  # the axis that changes fastest, so that every stack has runs that converge, and some that diverge
PROBLEMS = {
    "parabola": ["problem=parabola", "stop.max_steps=100"],
    "network": ["problem/data=mnist_5k", "stop.max_epochs=1"],
}


def main() -> None:
    """Run the sweep, print what was seen, write the samples."""
    options = command_line().parse_args()
    axes = [f"seed=range({options.runs // RATES})", f"optimizer.learning_rate=geomspace:0.001:10:{RATES}"]
    overrides = [*PROBLEMS[options.problem], *axes, f"hydra.launcher.engine={options.engine}", *options.overrides]
    options.output.mkdir(parents=True, exist_ok=True)
    table = options.output / f"memory-{options.problem}-{options.engine}.csv"
    with tempfile.TemporaryDirectory() as folder:  # whose many files take a while to remove
        samples = watched([sys.executable, str(TRAIN), "-m", *overrides], Path(folder))
        for name, value in summary(samples, options.runs).items():
            print(f"{name:36} {value}")
        samples.to_csv(table, index=False)
        print(f"wrote {table}", flush=True)


def command_line() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20_000, help=f"a multiple of {RATES} (%(default)s)")
    parser.add_argument("--problem", choices=list(PROBLEMS), default="parabola", help="(%(default)s)")
    parser.add_argument("--engine", choices=["local", "dask"], default="dask", help="(%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"), help="a folder (%(default)s)")
    parser.add_argument("overrides", nargs="*", help="of the sweep, such as hydra.launcher.address=…")
    return parser


def watched(command: Sequence[str], folder: Path) -> pd.DataFrame:
    """Samples of a sweep: the seconds since its start, the launcher's megabytes, the runs in the store."""
    rows: list[dict[str, float]] = []
    start, outbox = time.monotonic(), Outbox(folder)
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        launcher = psutil.Process(process.pid)
        while process.poll() is None:
            megabytes = launcher.memory_info().rss / 1e6
            waiting, stored = outbox.runs(), finished(folder)
            seconds = time.monotonic() - start
            rows.append({"seconds": seconds, "megabytes": megabytes, "stored": stored, "runs": stored + waiting})
            time.sleep(POLL_SECONDS)
    finally:
        process.kill()
    if process.returncode:
        sys.exit(f"error: the sweep ended with exit code {process.returncode}")
    return pd.DataFrame(rows)


class Outbox:
    """The outbox of a sweep in a folder; an entry never changes, and is read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / tracking.outbox_folder()
        self.known: dict[Path, int] = {}

    def runs(self) -> int:
        """How many finished runs wait in it."""
        counts = {}
        for place in self.folder.glob(f"*/*-*/{'[0-9]' * 6}/{RECORDS}"):
            with suppress(FileNotFoundError):  # it has been sent meanwhile
                counts[place] = self.known.get(place) or count(place)
        self.known = counts
        return sum(counts.values())


def count(place: Path) -> int:
    """How many finished runs an entry has."""
    found = records.from_json(place.read_bytes())
    return sum(record.kind == names.RUN and record.status == names.FINISHED for record in found)


def finished(folder: Path) -> int:
    """How many runs the store has."""
    try:
        with connected(f"sqlite:///{folder / 'mlflow.db'}") as connection:
            query = "SELECT COUNT(*) FROM runs WHERE status = 'FINISHED'"
            return int(connection.exec_driver_sql(query).scalar_one())
    except Exception:  # there is no file yet, or no table in it
        return 0


def summary(samples: pd.DataFrame, runs: int) -> dict[str, Any]:
    """The memory at the first thousand runs and at its highest and last after that; seconds a run in each quarter."""
    first = samples[samples["runs"] >= min(FIRST, runs // QUARTERS)]
    began = samples[samples["runs"] == 0]["seconds"].max()
    quarters = {kind: milliseconds(first[kind], first["seconds"], runs) for kind in ("runs", "stored")}
    return {
        "runs": runs,
        "seconds": round(samples["seconds"].iloc[-1], 1),
        "seconds before the first run": round(began, 1),
        f"megabytes at {first['runs'].iloc[0]} runs": round(first["megabytes"].iloc[0]),
        "megabytes at most, later": round(first["megabytes"].max()),
        "megabytes at the end": round(first["megabytes"].iloc[-1]),
        "milliseconds a run kept, by quarter": quarters["runs"],
        "milliseconds a run stored, by quarter": quarters["stored"],
    }


def milliseconds(counts: pd.Series, seconds: pd.Series, runs: int) -> str:
    """The milliseconds a run in each quarter of the runs."""
    first = counts.iloc[0]
    at = np.interp(np.linspace(first, runs, QUARTERS + 1), counts.cummax(), seconds)
    return " ".join(f"{value:.2f}" for value in np.diff(at) / ((runs - first) / QUARTERS) * 1000)


if __name__ == "__main__":
    main()
