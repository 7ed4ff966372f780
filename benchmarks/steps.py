"""Time a step of training: gdlab beside what people would use instead, and beside the machine's own limit.

The work is the peers': the 784-16-16-10 sigmoid network, quadratic cost, plain descent, float32, shuffled MNIST. All
are timed in turns, round after round, each in a process of its own, so that a noisy machine is noisy for all alike.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BATCHES = (10, 32, 128)
LONE_PEERS = ("numpy-loop", "torch", "jax", "sklearn")
RESULTS = Path("benchmarks/results")


def microseconds_per_step(batch_size: int, steps: int, repeats: int) -> list[float]:
    """A lone run's time for a step of the whole loop, mini-batches and watch over the cost included."""
    from gdlab.configuration import build

    stack = build([_config(batch_size, steps * (repeats + 1))])
    times, begun, first = [], 0.0, 0
    for snapshot in stack.descend():
        now = time.perf_counter()
        if not len(snapshot.rows) and snapshot.step >= steps:
            if first and snapshot.step - first >= steps * 0.9:
                times.append((now - begun) / (snapshot.step - first) * 1e6)
                first = 0
            if not first:
                begun, first = time.perf_counter(), snapshot.step
    return times


def _config(batch_size: int, steps: int) -> dict[str, Any]:
    return {
        "problem": {
            "_target_": "gdlab.network.Network",
            "data": {"_target_": "gdlab.data.load", "name": "mnist"},
            "hidden": [16, 16],
            "activation": "sigmoid",
            "output": "sigmoid",
            "cost": "quadratic",
            "initializer": "scaled_normal",
            "dtype": "float32",
            "batch_size": batch_size,
            "examples": 100,
        },
        "optimizer": {"_target_": "gdlab.optimizers.GradientDescent", "learning_rate": 1.0},
        "schedule": {"_target_": "gdlab.schedules.Constant"},
        "stop": {
            "_target_": "gdlab.stopping.Stopping",
            "max_epochs": None,
            "max_steps": steps,
            "diverged_above": 1000.0,
            "gradient_tolerance": 0.0,
            "cost_tolerance": None,
        },
        "record": {"points": 2},
        "seeds": {"init": 0, "batches": 0},
    }


def measured(name: str, batch_size: int, args: argparse.Namespace) -> float:
    """Microseconds for a step, from a process of its own."""
    count = ["--batch-size", str(batch_size), "--steps", str(args.steps)]
    if name == "gdlab":
        command = [sys.executable, __file__, "--measure", *count]
    else:
        threads = "1" if name == "gemm" else str(os.cpu_count())
        command = [args.peers_python, str(args.peers), "--peer", name, "--threads", threads, *count]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: {name} could not be timed: {done.stderr.strip().splitlines()[-1]}")
    return float(json.loads(done.stdout)["us_per_run_step"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="the script that times the peers; without it gdlab is timed alone")
    parser.add_argument("--peers-python", default=sys.executable, help="a Python with PyTorch, JAX and scikit-learn")
    parser.add_argument("--batch-size", type=int, nargs="+", default=BATCHES)
    parser.add_argument("--steps", type=int, default=2000, help="steps in one timing")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", action="store_true", help="time gdlab once and print one JSON line")
    args = parser.parse_args()
    if args.measure:
        times = microseconds_per_step(args.batch_size[0], args.steps, repeats=3)
        print(json.dumps({"us_per_run_step": statistics.median(times)}))
        return

    names = ["gdlab", *(["gemm", *LONE_PEERS] if args.peers else [])]
    rows = []
    for batch_size in args.batch_size:
        rounds = [{name: measured(name, batch_size, args) for name in names} for _ in range(args.rounds)]
        print(f"batch {batch_size}: microseconds a step, median of {args.rounds} (and times as long as gdlab)")
        for name in names:
            took = statistics.median(each[name] for each in rounds)
            ratio = statistics.median(each[name] / each["gdlab"] for each in rounds)
            print(f"  {name:12} {took:9.1f} {ratio:7.2f}")
            rows.append({"batch_size": batch_size, "name": name, "microseconds": took, "times_gdlab": ratio})
    RESULTS.mkdir(parents=True, exist_ok=True)
    with (RESULTS / "steps.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    print(f"wrote {RESULTS / 'steps.csv'}")


if __name__ == "__main__":
    main()
