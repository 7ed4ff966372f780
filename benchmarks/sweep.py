"""Time a whole sweep, from command to prompt: composing, training, tracking; with its memory, and at two sizes.

The default is a thousand networks on full MNIST, 25 learning rates x 40 seeds, one epoch each, then twice as many.
Processor time is read off the processes themselves: the launcher composes and tracks, the workers train.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

TRAIN = Path(__file__).resolve().parents[1] / "experiments" / "train.py"
RESULTS = Path("benchmarks/results")
LOOK_EVERY = 0.2  # seconds


@dataclass
class Watched:
    """A command's time, and what its processes used: `launcher` and `workers` in seconds of processor time."""

    wall: float = 0.0
    launcher: float = 0.0
    workers: float = 0.0
    peak_bytes: int = 0
    by_process: dict[int, float] = field(default_factory=dict)


def watched(command: list[str], folder: Path) -> Watched:
    """Run a command and watch it; proportional memory, so that what processes share counts once."""
    seen = Watched()
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        launcher = psutil.Process(process.pid)
        while process.poll() is None:
            total = 0
            for each in [launcher, *_children(launcher)]:
                try:
                    total += each.memory_full_info().pss
                    times = each.cpu_times()
                except (psutil.Error, AttributeError):
                    continue
                seen.by_process[each.pid] = times.user + times.system
            seen.peak_bytes = max(seen.peak_bytes, total)
            time.sleep(LOOK_EVERY)
    finally:
        process.kill()
    if process.returncode:
        sys.exit(f"error: the sweep ended with exit code {process.returncode}")
    seen.wall = time.perf_counter() - begun
    seen.launcher = seen.by_process.pop(process.pid)
    seen.workers = sum(seen.by_process.values())
    return seen


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=int, default=25)
    parser.add_argument("--seeds", type=int, nargs="+", default=(40, 80))
    parser.add_argument("--data", default="mnist", help="problem/data, a data set's name")
    args = parser.parse_args()
    rows = []
    for seeds in args.seeds:
        axes = [f"optimizer.learning_rate=geomspace:0.01:100:{args.rates}", f"seed=range({seeds})"]
        command = [sys.executable, str(TRAIN), "-m", f"problem/data={args.data}", *axes, "stop.max_epochs=1"]
        runs = args.rates * seeds
        with tempfile.TemporaryDirectory() as folder:
            composing = watched([*command, "dry_run=true"], Path(folder))
            whole = watched(command, Path(folder))
        rows.append(
            {
                "runs": runs,
                "wall_seconds": round(whole.wall, 1),
                "composing_wall_seconds": round(composing.wall, 1),
                "training_processor_seconds": round(whole.workers, 1),
                "composing_and_tracking_processor_seconds": round(whole.launcher, 1),
                "launching_milliseconds_a_run": round(whole.launcher / runs * 1000, 1),
                "peak_gigabytes": round(whole.peak_bytes / 1e9, 2),
            }
        )
        for name, value in rows[-1].items():
            print(f"{name:42} {value}", flush=True)
        print()
    RESULTS.mkdir(parents=True, exist_ok=True)
    with (RESULTS / "sweep.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    print(f"wrote {RESULTS / 'sweep.csv'}")


if __name__ == "__main__":
    main()
