"""The commands, as a person types them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def train(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run experiments/train.py in `folder`."""
    command = [sys.executable, str(ROOT / "experiments" / "train.py"), *arguments]
    env = {**os.environ, **variables}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The same in the background, as a process group of its own."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "experiments" / "train.py"), *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def count(folder: Path, query: str) -> int:
    """What the folder's store answers to "SELECT COUNT(*) …"; 0 until it has tables, which MLflow would make."""
    try:
        with closing(sqlite3.connect(f"file:{folder / 'mlflow.db'}?mode=ro", uri=True)) as database:
            return database.execute(f"SELECT COUNT(*) {query}").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def single_line(text: str) -> str:
    """The only line of a text."""
    (line,) = text.strip().splitlines()
    return line
