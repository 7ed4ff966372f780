"""Time a step of training: gdlab beside the libraries that people would use instead, and beside the machine's limit.

All do the same work: a network of sigmoid units, quadratic cost, plain gradient descent, float32, shuffled MNIST; lone
runs, and sweeps of 64 runs on all cores. A library that trains one network at a time gets one process per core. The
784-16-16-10 network is timed beside all of them; larger networks are timed beside PyTorch alone, whose lone runs get
every number of threads in turn.

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
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import gdlab_step, torch_step
from benchmarks.steps_figure import figure
from gdlab import blas
from gdlab.problems.data import DataError, load
from gdlab.sweeps.launch import cores
from gdlab.sweeps.stacks import stacks

LONE, SWEEP = "lone run", "sweep"
CLASSIC = (16, 16)
LARGER = ((100,), (128, 64), (512, 512))
BATCH_SIZES = {LONE: (10, 32, 128), SWEEP: (10, 32, 128, 1000)}
BATCH_SIZES_OF_LARGER = (32, 128)
GDLAB, OWN_ORDERS = "gdlab", "gdlab, own orders"
LIMIT = "gemm"
TORCH_ON = "torch, threads: "
PEERS = {
    LONE: (LIMIT, "numpy-loop", "torch", "jax", "sklearn"),
    SWEEP: (LIMIT, "numpy-loop", "torch", "torch-vmap", "jax", "jax-vmap", "sklearn"),
}
TRAIN_ALL_RUNS = {GDLAB, OWN_ORDERS, "torch-vmap", "jax-vmap"}  # the others train one network at a time
FEWEST_STEPS = 20
FEWER_EXAMPLES = 5  # times: of larger networks, whose steps take longer
MULTIPLE = 16  # of which the steps of a timing are: gdlab reports its progress as often


@dataclass(frozen=True)
class Work:
    """What is timed: the hidden layers' sizes, and the size of a mini-batch, in a lone run or in a sweep."""

    kind: str
    hidden: tuple[int, ...]
    batch_size: int

    def __str__(self) -> str:
        return f"{self.kind}, {self.network} hidden units, batch size {self.batch_size}"

    @property
    def network(self) -> str:
        """The network, as the table names it."""
        return text(self.hidden)

    def steps(self, examples: int, sharing: int) -> int:
        """The steps of a timing of `sharing` runs that takes at least so many examples."""
        if self.hidden != CLASSIC:
            examples //= FEWER_EXAMPLES
        steps = max(examples // self.batch_size // sharing, FEWEST_STEPS)
        return -(-steps // MULTIPLE) * MULTIPLE


def main() -> None:
    """Time, print the table, write it and its figure."""
    options = command_line().parse_args()
    rows: list[dict[str, Any]] = []
    print(f"{blas.kernel()}, {cores()} cores")
    with data_file(options) as data:
        for work in works(options):
            print(f"{work}: µs per run and step, ratio to gdlab's")
            for row in compared(work, options, data):
                print(f"  {row['name']:18} {row['microseconds']:9.1f} {row['times_gdlab']:8.2f}", flush=True)
                rows.append(row)
    options.output.mkdir(parents=True, exist_ok=True)
    table, picture = options.output / "steps.csv", options.output / "steps.png"
    times = pd.DataFrame(rows)
    times.to_csv(table, index=False)
    print(f"wrote {table}")
    drawn = times[times["network"] == text(CLASSIC)]
    if len(drawn):
        rounds = "1 round" if options.rounds == 1 else f"median of {options.rounds} rounds"
        title = f"{text(CLASSIC)} hidden units, {rounds}, {cores()} cores, sweeps of {options.runs} runs"
        if LIMIT in set(drawn["name"]):
            title += f"\n{LIMIT}: the machine's limit"
        figure(drawn, title).savefig(picture, dpi=150, bbox_inches="tight")
        print(f"wrote {picture}")


def command_line() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="a script that times the peers; without it, gdlab alone is timed")
    parser.add_argument("--peers-python", default=sys.executable, help="a Python with PyTorch, JAX and scikit-learn")
    parser.add_argument("--only", nargs="+", help="time only these peers")
    parser.add_argument("--kind", nargs="+", choices=("lone", "sweep"), default=("lone", "sweep"))
    parser.add_argument(
        "--hidden", type=sizes, nargs="+", default=(CLASSIC, *LARGER), help="16-16, 100, 128-64 and 512-512 by default"
    )
    parser.add_argument(
        "--batch-size", type=int, nargs="+", help="instead of 10, 32, 128, and 1000 in sweeps; 32 and 128 if larger"
    )
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument("--runs", type=int, default=64, help="runs in a sweep (%(default)s)")
    parser.add_argument(
        "--examples",
        type=int,
        default=60_000,
        help="training examples that a timing takes, at least; of larger networks a fifth (%(default)s)",
    )
    parser.add_argument("--data", default="mnist", help="gdlab's data set; the peers have their own (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"), help="a folder (%(default)s)")
    return parser


def sizes(hidden: str) -> tuple[int, ...]:
    """The sizes of hidden layers from a text like 128-64."""
    return tuple(int(size) for size in hidden.split("-"))


def text(hidden: tuple[int, ...]) -> str:
    """The sizes of hidden layers as a text like 128-64."""
    return "-".join(map(str, hidden))


def works(options: argparse.Namespace) -> Iterator[Work]:
    """What is timed, in order."""
    for hidden in options.hidden:
        for kind in [{"lone": LONE, "sweep": SWEEP}[word] for word in options.kind]:
            usual = BATCH_SIZES[kind] if hidden == CLASSIC else BATCH_SIZES_OF_LARGER
            yield from (Work(kind, hidden, size) for size in options.batch_size or usual)


def compared(work: Work, options: argparse.Namespace, data: Path) -> Iterator[dict[str, Any]]:
    """Rows of the table: the median time of gdlab and of each peer, and the median of its ratio to gdlab's."""
    names = [GDLAB, *([OWN_ORDERS] if work.kind == SWEEP else []), *peers(work, options)]
    rounds = [{name: microseconds(name, work, options, data) for name in names} for _ in range(options.rounds)]
    for name in names:
        yield {
            "kind": work.kind,
            "network": work.network,
            "batch_size": work.batch_size,
            "name": name,
            "microseconds": statistics.median(times[name] for times in rounds),
            "times_gdlab": statistics.median(times[name] / times[GDLAB] for times in rounds),
        }


def peers(work: Work, options: argparse.Namespace) -> Sequence[str]:
    """What gdlab is timed beside: larger networks beside PyTorch alone, on every number of threads."""
    if not options.peers:
        return []
    if work.hidden == CLASSIC:
        return [name for name in PEERS[work.kind] if name in (options.only or PEERS[work.kind])]
    if "torch" not in (options.only or ["torch"]):
        return []
    threads = range(1, cores() + 1) if work.kind == LONE else [1]
    return [f"{TORCH_ON}{number}" for number in threads]


@contextmanager
def data_file(options: argparse.Namespace) -> Iterator[Path]:
    """The training set as a file that Python can read without gdlab."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "data.npz")
        if options.peers:
            data = load(name=options.data)
            np.savez(path, features=data.train_features, labels=data.train_labels, scale=data.scale)
        yield path


def microseconds(name: str, work: Work, options: argparse.Namespace, data: Path) -> float:
    """Time per run and step, from processes side by side that each do their share of the work."""
    threads = {"OPENBLAS_NUM_THREADS": "1"} if name in (GDLAB, OWN_ORDERS) else {}
    processes = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **threads}
        )
        for command in commands(name, work, options, data)
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


def commands(name: str, work: Work, options: argparse.Namespace, data: Path) -> Iterator[list[str]]:
    """The commands that run side by side to time something."""
    sharing = options.runs if work.kind == SWEEP and name in TRAIN_ALL_RUNS else 1
    size = ["--batch-size", str(work.batch_size), "--steps", str(work.steps(options.examples, sharing))]
    hidden = ["--hidden", *map(str, work.hidden)]
    if name in (GDLAB, OWN_ORDERS):
        own_orders = ["--own-orders"] if name == OWN_ORDERS else []
        for rows in stack_sizes(work, name == OWN_ORDERS, options) if work.kind == SWEEP else [[1]]:
            script = [sys.executable, gdlab_step.__file__, "--stacks", *map(str, rows)]
            yield [*script, *size, *hidden, *own_orders, "--data", options.data]
        return
    one_by_one = work.kind == SWEEP and name not in TRAIN_ALL_RUNS
    if name.startswith(TORCH_ON):
        threads = name.removeprefix(TORCH_ON)
        script = [torch_step.__file__, str(data), *hidden]
    else:
        threads = "1" if one_by_one or name == LIMIT else str(cores())
        script = [str(options.peers), "--peer", name, "--runs", str(options.runs)]
    yield from [[options.peers_python, *script, "--threads", threads, *size]] * (cores() if one_by_one else 1)


def stack_sizes(work: Work, own_orders: bool, options: argparse.Namespace) -> list[list[int]]:
    """For each core, the sizes of the stacks that it trains in a sweep, as gdlab makes them."""
    run = argparse.Namespace(
        data=options.data, hidden=list(work.hidden), batch_size=work.batch_size, steps=1, own_orders=own_orders
    )
    rows = [len(places) for places in stacks([gdlab_step.config(run, seed) for seed in range(options.runs)], cores())]
    return [shares for core in range(cores()) if (shares := rows[core :: cores()])]


if __name__ == "__main__":
    try:
        main()
    except DataError as error:
        sys.exit(f"error: {error}")
