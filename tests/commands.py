"""The commands, as a person types them."""

from __future__ import annotations

import os
import subprocess
import sys
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


def single_line(text: str) -> str:
    """The only line of a text."""
    (line,) = text.strip().splitlines()
    return line
