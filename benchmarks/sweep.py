"""Time whole sweeps, from command to prompt: composing, training and tracking, with their memory.

The default is a thousand networks on full MNIST, 25 learning rates x 40 seeds, one epoch each, and then twice as many.
Processor time is that of the processes: the launcher composes and tracks, the workers train. What recording costs is
measured apart, on a stack of one seed's runs: its processor time with all recorded steps, and with the first and the
last alone.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

import gdlab
from gdlab import defaults
from gdlab.sweeps.configuration import Config, build

TRAIN = Path(__file__).resolve().parents[1] / "experiments" / "train.py"
POLL_SECONDS = 0.2
REPEATS = 3  # of the training of a stack; the median counts
POINTS = defaults.file("train")["record"]["points"]
FEWEST_POINTS = 2  # the first and the last


@dataclass
class Usage:
    """The resources of a command: its wall-clock time, the processor time of each process, its memory at the peak."""

    wall_seconds: float = 0.0
    processor_seconds: dict[int, float] = field(default_factory=dict)
    peak_bytes: int = 0

    def poll(self, launcher: psutil.Process) -> None:
        """Look at the launcher and its workers; the memory is proportional, so that shared pages count once."""
        memory = 0
        for process in [launcher, *_children(launcher)]:
            try:
                memory += process.memory_full_info().pss
                times = process.cpu_times()
            except (psutil.Error, AttributeError):
                continue
            self.processor_seconds[process.pid] = times.user + times.system
        self.peak_bytes = max(self.peak_bytes, memory)


def main() -> None:
    """Time the sweeps, print what they used, write the table."""
    options = command_line().parse_args()
    rows = []
    recording = timed_recording(options.rates, options.data)
    for seeds in options.seeds:
        rows.append({**timed_sweep(options.rates, seeds, options.data), **recording})
        for name, value in rows[-1].items():
            print(f"{name:42} {value}", flush=True)
        print()
    options.output.mkdir(parents=True, exist_ok=True)
    table = options.output / "sweep.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    print(f"wrote {table}")


def command_line() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=int, default=25, help="learning rates, at least 2 (%(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=(40, 80), help="seeds of each sweep (40 80)")
    parser.add_argument("--data", default="mnist", help="problem/data, the data set's name (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"), help="a folder (%(default)s)")
    return parser


def timed_sweep(rates: int, seeds: int, data: str) -> dict[str, Any]:
    """Run one sweep, after a dry run of it; returns what they used."""
    axes = [f"optimizer.learning_rate=geomspace:0.01:100:{rates}", f"seed=range({seeds})"]
    command = [sys.executable, str(TRAIN), "-m", f"problem/data={data}", *axes, "stop.max_epochs=1"]
    with tempfile.TemporaryDirectory() as folder:
        composing, _ = watched([*command, "dry_run=true"], Path(folder))
        sweep, launcher = watched(command, Path(folder))
    launching = sweep.processor_seconds.pop(launcher)
    return {
        "runs": rates * seeds,
        "wall_seconds": round(sweep.wall_seconds, 1),
        "composing_wall_seconds": round(composing.wall_seconds, 1),
        "training_processor_seconds": round(sum(sweep.processor_seconds.values()), 1),
        "composing_and_tracking_processor_seconds": round(launching, 1),
        "launching_milliseconds_a_run": round(launching / (rates * seeds) * 1000, 1),
        "peak_gigabytes": round(sweep.peak_bytes / 1e9, 2),
    }


def timed_recording(runs: int, data: str) -> dict[str, float]:
    """Processor time of one run in a stack: with its recorded steps, with two alone, and of one recorded step."""
    milliseconds = {}
    for points in (POINTS, FEWEST_POINTS):
        stack = build([network(rate, data, points) for rate in np.geomspace(0.01, 100, runs).tolist()])
        seconds = []
        for _ in range(REPEATS):
            start = time.process_time()
            trajectory, *_ = stack.results()
            seconds.append(time.process_time() - start)
        milliseconds[len(trajectory.columns["step"])] = statistics.median(seconds) / runs * 1000
    (most, recorded), (fewest, bare) = milliseconds.items()
    return {
        "training_milliseconds_a_run": round(recorded, 1),
        "with_two_recorded_steps": round(bare, 1),
        "milliseconds_a_recorded_step": round((recorded - bare) / (most - fewest), 2),
    }


def network(learning_rate: float, data: str, points: int) -> Config:
    """One network of the sweep, with so many recorded steps."""
    return gdlab.config(
        {"name": "network", "data": data},
        {"name": "gradient_descent", "learning_rate": learning_rate},
        stop={"max_epochs": 1},
        record={"points": points},
    )


def watched(command: list[str], folder: Path) -> tuple[Usage, int]:
    """Run a command in a folder; returns what it used, and the launcher's process number."""
    usage = Usage()
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        launcher = psutil.Process(process.pid)
        while process.poll() is None:
            usage.poll(launcher)
            time.sleep(POLL_SECONDS)
    finally:
        process.kill()
    if process.returncode:
        sys.exit(f"error: the sweep ended with exit code {process.returncode}")
    usage.wall_seconds = time.perf_counter() - start
    return usage, process.pid


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


if __name__ == "__main__":
    main()
