"""Time a step of training: gdlab beside what people would use instead, and beside the machine's own limit.

The work is the peers': the 784-16-16-10 sigmoid network, quadratic cost, plain descent, float32, shuffled MNIST; lone
runs, and sweeps of 64 runs on all cores. Whatever trains one network at a time is started once a core, side by side.
All are timed in turns, round after round, each in processes of its own, so that a noisy machine is noisy for all alike.
What is shown is the time that a run's step takes, the wall clock's divided by runs and steps, and its ratio to gdlab's.
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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

LONE, SWEEP = "lone run", "sweep of 64 runs"
BATCHES = {LONE: (10, 32, 128), SWEEP: (10, 32, 128, 1000)}
RUNS = 64
OWN = "gdlab, own orders"
LIMIT = "gemm"
PEERS = {
    LONE: (LIMIT, "numpy-loop", "torch", "jax", "sklearn"),
    SWEEP: (LIMIT, "numpy-loop", "torch", "torch-vmap", "jax", "jax-vmap", "sklearn"),
}
TOGETHER = {"torch-vmap", "jax-vmap"}  # train all runs at once, on all cores
EXAMPLES = 60_000  # that a timing sees at least, in all its runs, and in any case 20 steps
CORES = os.cpu_count() or 1
RESULTS = Path("benchmarks/results")


def microseconds_per_run_step(stacks: Sequence[int], batch_size: int, steps: int, own: bool) -> float:
    """The time of a step in stacks of these sizes, one after another: mini-batches and watch over the cost included."""
    total = 0.0
    for rows in stacks:
        total += rows * _stack_microseconds(rows, batch_size, steps, own)
    return total / sum(stacks)


def _stack_microseconds(rows: int, batch_size: int, steps: int, own: bool) -> float:
    from gdlab.sweeps.configuration import build

    repeats = 3
    stack = build([_config(batch_size, steps * (repeats + 2), seed, seed if own else 0) for seed in range(rows)])
    times, begun, first = [], 0.0, 0
    for snapshot in stack.descend():
        now = time.perf_counter()
        if not len(snapshot.rows) and snapshot.step >= steps / 2:  # measuring at the recorded steps is left out
            if first and snapshot.step - first >= steps * 0.9:
                times.append((now - begun) / (snapshot.step - first) / rows * 1e6)
                first = 0
            if not first:
                begun, first = time.perf_counter(), snapshot.step
    return statistics.median(times)


def _config(batch_size: int, steps: int, init: int, batches: int) -> dict[str, Any]:
    return {
        "problem": {
            "name": "network",
            "data": {"name": "mnist"},
            "hidden": [16, 16],
            "activation": "sigmoid",
            "output": "sigmoid",
            "cost": "quadratic",
            "initializer": "scaled_normal",
            "dtype": "float32",
            "batch_size": batch_size,
            "examples": 100,
        },
        "optimizer": {"name": "gradient_descent", "learning_rate": 1.0},
        "schedule": {"name": "constant"},
        "stop": {
            "max_epochs": None,
            "max_steps": steps,
            "diverged_above": 1000.0,
            "gradient_tolerance": 0.0,
            "cost_tolerance": None,
        },
        "record": {"points": 2},
        "seeds": {"init": init, "batches": batches},
    }


def commands(name: str, kind: str, batch_size: int, args: argparse.Namespace) -> Iterator[list[str]]:
    """What is started side by side to time something."""
    steps = max(EXAMPLES // batch_size // (RUNS if kind == SWEEP and name not in LONE_NAMES else 1), 20)
    count = ["--batch-size", str(batch_size), "--steps", str(-(-steps // 16) * 16)]
    if name in ("gdlab", OWN):
        for stacks in stack_sizes(batch_size, name == OWN) if kind == SWEEP else [[1]]:
            yield [
                sys.executable,
                __file__,
                "--measure",
                *map(str, stacks),
                *count,
                *(["--own"] if name == OWN else []),
            ]
        return
    one_by_one = kind == SWEEP and name not in TOGETHER
    threads = "1" if one_by_one or name == LIMIT else str(CORES)
    command = [args.peers_python, str(args.peers), "--peer", name, "--threads", threads, "--runs", str(RUNS), *count]
    yield from [command] * (CORES if one_by_one else 1)


LONE_NAMES = {name for name in PEERS[SWEEP] if name not in TOGETHER}


def stack_sizes(batch_size: int, own: bool) -> list[list[int]]:
    """The stacks that each core trains in a sweep, as gdlab cuts them."""
    from gdlab.sweeps.training import stacks

    runs = [_config(batch_size, 1, seed, seed if own else 0) for seed in range(RUNS)]
    sizes = [len(part) for part in stacks(runs, CORES)]
    return [sizes[core::CORES] for core in range(CORES)]


def measured(name: str, kind: str, batch_size: int, args: argparse.Namespace) -> float:
    """Microseconds for a run's step, from processes side by side that each do their part."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"} if name in ("gdlab", OWN) else dict(os.environ)
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        for command in commands(name, kind, batch_size, args)
    ]
    try:
        told = [process.communicate() for process in started]
    finally:
        for process in started:
            process.kill()
    for process, (_, errors) in zip(started, told, strict=True):
        if process.returncode:
            sys.exit(f"error: {name} could not be timed: {errors.strip().splitlines()[-1]}")
    return 1 / sum(1 / float(json.loads(out)["us_per_run_step"]) for out, _ in told)


def figure(rows: Sequence[dict[str, Any]], rounds: int) -> Any:
    """A panel for lone runs and one for sweeps; a line for each peer, a point for each batch size."""
    import pandas as pd
    import seaborn as sns
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    from analysis import style

    @style.theme()
    def draw() -> Figure:
        frame = pd.DataFrame(rows)
        kinds = frame["kind"].unique()
        fig = Figure(figsize=(style.COLUMN * 1.6, 3.2), layout="constrained")
        for axes, kind in zip(fig.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
            part = frame[frame["kind"] == kind]
            order = part.groupby("name")["microseconds"].median().sort_values().index
            colors = style.scale_colors()(range(0, 256, 80))[: part["batch_size"].nunique()].tolist()
            sns.stripplot(
                part,
                x="microseconds",
                y="name",
                order=order,
                hue="batch_size",
                palette=colors,
                jitter=False,
                log_scale=(True, False),
                size=5,
                ax=axes,
            )
            axes.set_title(kind)
            axes.set(xlabel="time of a run's step (µs)", ylabel="")
            axes.grid(True, axis="both", alpha=0.4)
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
            handles, labels = axes.get_legend_handles_labels()
            axes.get_legend().remove()
        fig.legend(handles, labels, title="batch size", loc="outside right upper")
        fig.suptitle(f"Median of {rounds} rounds, {CORES} cores; gemm: the machine's limit", fontsize="medium")
        return fig

    return draw()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="the script that times the peers; without it gdlab is timed alone")
    parser.add_argument("--peers-python", default=sys.executable, help="a Python with PyTorch, JAX and scikit-learn")
    parser.add_argument("--kind", nargs="+", choices=("lone", "sweep"), default=("lone", "sweep"))
    parser.add_argument("--batch-size", type=int, nargs="+", help="instead of 10, 32, 128 (and 1000 in sweeps)")
    parser.add_argument("--only", nargs="+", help="only these beside gdlab")
    parser.add_argument("--steps", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", type=int, nargs="+", help=argparse.SUPPRESS)  # stack sizes: time gdlab once
    parser.add_argument("--own", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        time_taken = microseconds_per_run_step(args.measure, args.batch_size[0], args.steps, args.own)
        print(json.dumps({"us_per_run_step": time_taken}))
        return

    rows: list[dict[str, Any]] = []
    for kind in [{"lone": LONE, "sweep": SWEEP}[word] for word in args.kind]:
        names = ["gdlab", *([OWN] if kind == SWEEP else []), *(PEERS[kind] if args.peers else [])]
        if args.only:
            names = [name for name in names if name in ("gdlab", OWN, *args.only)]
        for batch_size in args.batch_size or BATCHES[kind]:
            rounds = [{name: measured(name, kind, batch_size, args) for name in names} for _ in range(args.rounds)]
            print(f"{kind}, batch {batch_size}: microseconds for a run's step, times as long as gdlab")
            for name in names:
                took = statistics.median(each[name] for each in rounds)
                ratio = statistics.median(each[name] / each["gdlab"] for each in rounds)
                print(f"  {name:18} {took:9.1f} {ratio:8.2f}", flush=True)
                rows.append(
                    {"kind": kind, "batch_size": batch_size, "name": name, "microseconds": took, "times_gdlab": ratio}
                )
    RESULTS.mkdir(parents=True, exist_ok=True)
    with (RESULTS / "steps.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    figure(rows, args.rounds).savefig(RESULTS / "steps.png", dpi=150, bbox_inches="tight")
    print(f"wrote {RESULTS / 'steps.csv'} and {RESULTS / 'steps.png'}")


if __name__ == "__main__":
    main()
