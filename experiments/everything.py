"""Run every study of the report, two at a time: a small version of each, or with --full the whole.

Finished runs are reused, and the small versions' runs are part of the whole's.
"""

from __future__ import annotations

import installation  # noqa: F401

# isort: split
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from analysis.claims.claim import SWEEP
from analysis.page import stamps
from analysis.studies import studies
from gdlab.options import Parser

TRAIN = Path(__file__).resolve().parent / "train.py"
AT_ONCE = 2
CODE = ("analysis", "conf", "gdlab", "experiments", "hydra_plugins")
STORE, STAMP = Path("mlflow.db"), Path("reports/.launched")


def main() -> None:
    """Launch all experiments, unless they are up to date."""
    parser = Parser(__doc__)
    parser.add_argument("--full", action="store_true", help="the whole of every study")
    full = parser.parse_args().full
    data = os.environ.get("GDLAB_PROBLEM_DATA", "")

    def digest() -> str:
        return stamps.digest(CODE, [STORE], str(full), data)

    if stamps.is_current(STAMP, digest()):
        print("every study is up to date")
        return
    overrides = experiments(full)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        succeeded = list(pool.map(partial(launch, overrides), overrides))
    if not all(succeeded):
        sys.exit(f"error: {succeeded.count(False)} of {len(succeeded)} studies failed")
    stamps.write(STAMP, digest())


def experiments(full: bool) -> dict[str, Sequence[str]]:
    """The overrides of every experiment by name, the longest first: the studies, and the claims' own runs."""
    by_duration = sorted(studies().values(), key=lambda study: -study.minutes)
    return {SWEEP: (), **{study.name: () if full else study.small for study in by_duration}}


def launch(overrides: Mapping[str, Sequence[str]], name: str) -> bool:
    """Run an experiment and print a line of what came of it; False if it failed."""
    start = time.perf_counter()
    workers = max(1, (os.cpu_count() or 1) // AT_ONCE)
    command = [sys.executable, str(TRAIN), "-m", f"experiment={name}", f"hydra.launcher.workers={workers}"]
    process = subprocess.run([*command, *overrides[name]], capture_output=True, text=True, check=False)
    if process.returncode == 0:
        summaries = [line for line in process.stdout.splitlines() if " trained" in line]
        result = "; ".join(summaries)
    else:
        result = process.stderr.strip() or process.stdout.strip()
    print(f"{name}: {result} [{time.perf_counter() - start:.0f} s]", flush=True)
    return process.returncode == 0


if __name__ == "__main__":
    main()
