"""Time whole sweeps, from command to prompt: composing, training and tracking, with their memory.

The default is a thousand networks on full MNIST, 25 learning rates x 40 seeds, one epoch each, and then twice as many.
Processor time is that of the processes: the launcher composes and tracks, the workers train.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

TRAIN = Path(__file__).resolve().parents[1] / "experiments" / "train.py"
POLL_SECONDS = 0.2


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
    for seeds in options.seeds:
        rows.append(timed_sweep(options.rates, seeds, options.data))
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
