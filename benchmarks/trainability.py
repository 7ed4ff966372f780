"""Time the pixels of the study of trainability: gdlab beside a plain JAX `vmap` of the same training.

Both train the pixels of the same window, a tanh network with one hidden layer of 16 on 272 random examples, a learning
rate for each of its two layers, 500 steps, float64, and give each pixel's verdict. JAX vectorizes `value_and_grad` over
all pixels and compiles the step; its pixels stay to the end. Each has one thread, and the two take turns, each in its
own process. The table shows the seconds, those of the processor, and the time per pixel-step: the seconds over the
pixels times the steps of the whole training, whether a pixel takes them or has left; and how many verdicts agree.

    pip install 'jax>=0.6'  # into any environment, and then, with its Python:
    python benchmarks/trainability.py --jax-python PATH/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
PEER = Path(__file__).with_name("trainability_jax.py")
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


def main() -> None:
    """Time, print the table, write it."""
    options = command_line().parse_args()
    if options.only_gdlab:
        print(json.dumps(timed(options)))
        return
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        start = Path(folder) / "start.npz"
        np.savez(start, allow_pickle=False, **the_same_start(options.pixels))
        own = [sys.executable, __file__, "--only-gdlab", "--pixels", str(options.pixels), "--steps", str(options.steps)]
        commands = {"gdlab": own}
        if options.jax_python:
            commands["jax vmap"] = [options.jax_python, str(PEER), str(start), str(options.steps)]
        rounds = [{name: run(command) for name, command in commands.items()} for _ in range(options.rounds)]
    table = pd.DataFrame([row(name, rounds, options) for name in commands])
    print(table.to_string(index=False, float_format=lambda value: f"{value:.2f}"))
    path = options.output / "trainability.csv"
    table.to_csv(path, index=False)
    print(f"wrote {path}")


def command_line() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jax-python", help="a Python with JAX; without it, gdlab alone is timed")
    parser.add_argument("--pixels", type=int, default=32, help="along each side of the window (%(default)s)")
    parser.add_argument("--steps", type=int, default=500, help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"), help="a folder (%(default)s)")
    parser.add_argument("--only-gdlab", action="store_true", help=argparse.SUPPRESS)
    return parser


def run(command: list[str]) -> dict[str, Any]:
    """What a timing prints, from a process of its own with one thread."""
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        sys.exit(f"error: {command[1]} could not be timed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return json.loads(done.stdout)


def row(name: str, rounds: list[dict[str, dict[str, Any]]], options: argparse.Namespace) -> dict[str, Any]:
    """A row of the table: medians over the rounds."""
    seconds, processor = (statistics.median(done[name][key] for done in rounds) for key in ("seconds", "processor"))
    pixel_steps = options.pixels**2 * options.steps
    agree = np.mean(np.array(rounds[0][name]["trained"]) == np.array(rounds[0]["gdlab"]["trained"]))
    return {
        "name": name,
        "seconds": seconds,
        "processor_seconds": processor,
        "us_per_pixel_step": seconds / pixel_steps * 1e6,
        "processor_us_per_pixel_step": processor / pixel_steps * 1e6,
        "verdicts_equal_to_gdlab": float(agree),
    }


def the_same_start(pixels: int) -> dict[str, np.ndarray]:
    """The examples, the weights at the start and the window's learning rates."""
    from gdlab.problems import RandomRegression
    from gdlab.seeds import INIT_STREAM, stream

    problem = RandomRegression()
    weights = problem.initial(stream(0, INIT_STREAM))
    along = 10 ** (1.5 + ((np.arange(pixels) + 0.5) / pixels - 0.5) * 9.0)
    last, first = np.meshgrid(along, along, indexing="ij")
    return {
        "inputs": problem.inputs,
        "targets": problem.targets,
        "hidden": weights[:256].reshape(16, 16),
        "output": weights[256:],
        "rates": np.stack([first.ravel(), last.ravel()], axis=1),
    }


def timed(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the window with gdlab."""
    import gdlab
    from gdlab.sweeps.configuration import build

    config = gdlab.config(
        {"name": "random_regression"},
        measurement={"name": "trainability", "pixels": options.pixels, "stride": 1},
        stop={"max_steps": options.steps},
    )
    stack = build([config])
    clock, processor = time.perf_counter(), time.process_time()
    (result,) = stack.results()
    return {
        "seconds": time.perf_counter() - clock,
        "processor": time.process_time() - processor,
        "trained": result.columns["trained"].astype(int).tolist(),
    }


if __name__ == "__main__":
    main()
