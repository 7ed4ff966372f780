"""Time a step of training: gdlab beside the libraries that people would use instead, and beside the machine's limit.

All do the same work: the 784-16-16-10 sigmoid network, quadratic cost, plain gradient descent, float32, shuffled MNIST;
lone runs, and sweeps of 64 runs on all cores. A library that trains one network at a time gets one process per core.
The timings take turns, round after round, each in its own processes, so that a noisy machine is noisy for all alike.
The table shows the time per run and step (wall-clock time over runs and steps), and its ratio to gdlab's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import gdlab_step
from benchmarks.steps_figure import figure
from gdlab.sweeps.launch import cores
from gdlab.sweeps.stacks import stacks

LONE, SWEEP = "lone run", "sweep"
BATCH_SIZES = {LONE: (10, 32, 128), SWEEP: (10, 32, 128, 1000)}
GDLAB, OWN_ORDERS = "gdlab", "gdlab, own orders"
LIMIT = "gemm"
PEERS = {
    LONE: (LIMIT, "numpy-loop", "torch", "jax", "sklearn"),
    SWEEP: (LIMIT, "numpy-loop", "torch", "torch-vmap", "jax", "jax-vmap", "sklearn"),
}
TRAIN_ALL_RUNS = {GDLAB, OWN_ORDERS, "torch-vmap", "jax-vmap"}  # the others train one network at a time
FEWEST_STEPS = 20
MULTIPLE = 16  # of which the steps of a timing are: gdlab reports its progress as often


def main() -> None:
    """Time, print the table, write it and its figure."""
    options = command_line().parse_args()
    rows: list[dict[str, Any]] = []
    for kind in [{"lone": LONE, "sweep": SWEEP}[word] for word in options.kind]:
        for batch_size in options.batch_size or BATCH_SIZES[kind]:
            print(f"{kind}, batch size {batch_size}: µs per run and step, ratio to gdlab's")
            for row in compared(kind, batch_size, options):
                print(f"  {row['name']:18} {row['microseconds']:9.1f} {row['times_gdlab']:8.2f}", flush=True)
                rows.append(row)
    options.output.mkdir(parents=True, exist_ok=True)
    table, picture = options.output / "steps.csv", options.output / "steps.png"
    times = pd.DataFrame(rows)
    times.to_csv(table, index=False)
    rounds = "1 round" if options.rounds == 1 else f"median of {options.rounds} rounds"
    title = f"{rounds.capitalize()}, {cores()} cores, sweeps of {options.runs} runs"
    if LIMIT in set(times["name"]):
        title += f"; {LIMIT}: the machine's limit"
    figure(times, title).savefig(picture, dpi=150, bbox_inches="tight")
    print(f"wrote {table} and {picture}")


def command_line() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="a script that times the peers; without it, gdlab alone is timed")
    parser.add_argument("--peers-python", default=sys.executable, help="a Python with PyTorch, JAX and scikit-learn")
    parser.add_argument("--only", nargs="+", help="time only these peers")
    parser.add_argument("--kind", nargs="+", choices=("lone", "sweep"), default=("lone", "sweep"))
    parser.add_argument("--batch-size", type=int, nargs="+", help="instead of 10, 32, 128, and 1000 in sweeps")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument("--runs", type=int, default=64, help="runs in a sweep (%(default)s)")
    parser.add_argument(
        "--examples", type=int, default=60_000, help="training examples that a timing takes, at least (%(default)s)"
    )
    parser.add_argument("--data", default="mnist", help="gdlab's data set; the peers have their own (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"), help="a folder (%(default)s)")
    return parser


def compared(kind: str, batch_size: int, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Rows of the table: the median time of gdlab and of each peer, and the median of its ratio to gdlab's."""
    peers = [name for name in PEERS[kind] if options.peers and name in (options.only or PEERS[kind])]
    names = [GDLAB, *([OWN_ORDERS] if kind == SWEEP else []), *peers]
    rounds = [{name: microseconds(name, kind, batch_size, options) for name in names} for _ in range(options.rounds)]
    for name in names:
        yield {
            "kind": kind,
            "batch_size": batch_size,
            "name": name,
            "microseconds": statistics.median(times[name] for times in rounds),
            "times_gdlab": statistics.median(times[name] / times[GDLAB] for times in rounds),
        }


def microseconds(name: str, kind: str, batch_size: int, options: argparse.Namespace) -> float:
    """Time per run and step, from processes side by side that each do their share of the work."""
    threads = {"OPENBLAS_NUM_THREADS": "1"} if name in (GDLAB, OWN_ORDERS) else {}
    processes = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **threads}
        )
        for command in commands(name, kind, batch_size, options)
    ]
    try:
        outputs = [process.communicate() for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, errors) in zip(processes, outputs, strict=True):
        if process.returncode:
            sys.exit(f"error: {name} could not be timed: {(errors.strip().splitlines() or ['no message'])[-1]}")
    return 1 / sum(1 / float(json.loads(output)["us_per_run_step"]) for output, _ in outputs)


def commands(name: str, kind: str, batch_size: int, options: argparse.Namespace) -> Iterator[list[str]]:
    """The commands that run side by side to time something."""
    sharing = options.runs if kind == SWEEP and name in TRAIN_ALL_RUNS else 1
    steps = max(options.examples // batch_size // sharing, FEWEST_STEPS)
    work = ["--batch-size", str(batch_size), "--steps", str(-(-steps // MULTIPLE) * MULTIPLE)]
    if name in (GDLAB, OWN_ORDERS):
        own_orders = ["--own-orders"] if name == OWN_ORDERS else []
        for sizes in stack_sizes(batch_size, name == OWN_ORDERS, options) if kind == SWEEP else [[1]]:
            script = [sys.executable, gdlab_step.__file__, "--stacks", *map(str, sizes)]
            yield [*script, *work, *own_orders, "--data", options.data]
        return
    one_by_one = kind == SWEEP and name not in TRAIN_ALL_RUNS
    threads = "1" if one_by_one or name == LIMIT else str(cores())
    script = [options.peers_python, str(options.peers), "--peer", name]
    yield from [[*script, "--threads", threads, "--runs", str(options.runs), *work]] * (cores() if one_by_one else 1)


def stack_sizes(batch_size: int, own_orders: bool, options: argparse.Namespace) -> list[list[int]]:
    """For each core, the sizes of the stacks that it trains in a sweep, as gdlab makes them."""
    run = argparse.Namespace(data=options.data, batch_size=batch_size, steps=1, own_orders=own_orders)
    sizes = [len(places) for places in stacks([gdlab_step.config(run, seed) for seed in range(options.runs)], cores())]
    return [shares for core in range(cores()) if (shares := sizes[core :: cores()])]


if __name__ == "__main__":
    main()
