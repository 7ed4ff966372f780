"""Run every study of the report, two at a time: a small version of each, or with --full the whole.

What is finished already is not run again, and the small versions' runs are part of the whole's.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from analysis import stamps

TRAIN = Path(__file__).resolve().parent / "train.py"
AT_ONCE = 2
CODE = ("conf", "gdlab", "experiments", "hydra_plugins")
STORE, STAMP = Path("mlflow.db"), Path("reports/.launched")
SMALL = {  # the longest first; what is overridden to make it small
    "edge_of_stability": ["optimizer.learning_rate=0.1", "seed=0"],
    "lessons": [],
    "lr_border": [
        "hydra.sweeper.cases=["
        "'problem=parabola problem.curvature=0.5','problem=parabola problem.curvature=2',"
        "'problem=bowl problem.curvature=0.1','problem=ravine problem.curvature=5 problem.condition=100',"
        "'problem=parabola optimizer=momentum optimizer.momentum=0.9']"
    ],
    "lr_optimizers": ["seed=range(2)"],
    "seed_minima": ["seed=range(1,7)"],
    "gallery": [],
    "width": ["problem.hidden=[8,8],[16,16],[32,32]", "seed=range(4)"],
    "lr_divergence": ["optimizer.learning_rate=geomspace:0.001:1000:13", "seed=range(3)"],
    "basins": [],
    "lr_schedules": ["seed=range(2)"],
    "lr_batch": ["problem.batch_size=1,16,256", "seed=range(1)"],
    "lr_explosion": ["seed=range(3)"],
    "symmetry": ["seed=range(2)"],
    "lr_parabola": [],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="the whole of every study")
    full = parser.parse_args().full
    workers = max(1, (os.cpu_count() or 1) // AT_ONCE)
    data = os.environ.get("GDLAB_PROBLEM_DATA", "")

    def stamp() -> str:
        return stamps.digest(CODE, [STORE], str(full), data)

    if stamps.unchanged(STAMP, stamp()):
        print("every study is run already, and nothing has changed since")
        return

    def launch(name: str) -> bool:
        begun = time.perf_counter()
        command = [sys.executable, str(TRAIN), "-m", f"experiment={name}", f"hydra.launcher.workers={workers}"]
        done = subprocess.run(command + ([] if full else SMALL[name]), capture_output=True, text=True, check=False)
        counted = [line for line in done.stdout.splitlines() if " runs: " in line]
        told = "; ".join(counted) if done.returncode == 0 else done.stderr.strip() or done.stdout.strip()
        print(f"{name}: {told} [{time.perf_counter() - begun:.0f} s]", flush=True)
        return done.returncode == 0

    with ThreadPoolExecutor(AT_ONCE) as pool:
        sound = list(pool.map(launch, SMALL))
    if not all(sound):
        sys.exit(f"error: {sound.count(False)} of {len(sound)} studies failed")
    stamps.put(STAMP, stamp())


if __name__ == "__main__":
    main()
