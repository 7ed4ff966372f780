"""Time gdlab's step, in stacks of the sizes given, and print one line of JSON, as the script of the peers does.

The time includes mini-batches and the watch over the cost; evaluation at the recorded steps is left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator, Sequence

import gdlab
from gdlab.sweeps.configuration import Config, build

REPEATS = 3


def main() -> None:
    """Time the stacks one after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stacks", type=int, nargs="+", default=[1], help="runs in each stack (%(default)s)")
    parser.add_argument("--hidden", type=int, nargs="+", default=[16, 16], help="hidden units (%(default)s)")
    parser.add_argument("--batch-size", type=int, default=32, help="(%(default)s)")
    parser.add_argument("--steps", type=int, default=400, help="mini-batch steps in one timing (%(default)s)")
    parser.add_argument("--own-orders", action="store_true", help="each run has its own order of mini-batches")
    parser.add_argument("--data", default="mnist", help="the data set's name (%(default)s)")
    options = parser.parse_args()
    total = 0.0
    for rows in options.stacks:
        configs = [config(options, seed) for seed in range(rows)]
        total += rows * microseconds_per_run_step(configs, options.steps)
    print(json.dumps({"us_per_run_step": round(total / sum(options.stacks), 2)}))


def config(options: argparse.Namespace, seed: int) -> Config:
    """One run: sigmoid units, plain descent, for as many steps as are timed."""
    network = {"data": options.data, "hidden": options.hidden, "batch_size": options.batch_size, "examples": 100}
    return gdlab.config(
        {"name": "network", **network},
        stop={"max_epochs": None, "max_steps": options.steps * (REPEATS + 2), "gradient_tolerance": 0.0},
        record={"points": 2},
        seeds={"init": seed, "batches": seed if options.own_orders else 0},
    )


def microseconds_per_run_step(configs: Sequence[Config], steps: int) -> float:
    """The median time of a step over the stack's runs, after a warm-up of half as many steps as a timing has."""
    spans = list(timed_spans(configs, steps))
    return statistics.median(seconds / count for seconds, count in spans) / len(configs) * 1e6


def timed_spans(configs: Sequence[Config], steps: int) -> Iterator[tuple[float, int]]:
    """Spans of about `steps` steps that evaluate nothing: seconds, and how many steps they have."""
    start, first = 0.0, None
    for snapshot in build(configs).descend():
        now = time.perf_counter()
        if len(snapshot.rows) or snapshot.step < steps / 2:
            continue
        if first is not None and snapshot.step - first >= steps * 0.9:
            yield now - start, snapshot.step - first
            first = None
        if first is None:
            start, first = time.perf_counter(), snapshot.step


if __name__ == "__main__":
    main()
