"""The provenance of a run: code, versions, process."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import socket
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

import gdlab

CLOCK_SECONDS = 2.0  # by which the start of one process may seem to move when the clock is set

MADE_BY = (
    "mlflow.source.git.commit",
    "gdlab.git_dirty",
    "gdlab.version",
    "gdlab.numpy_version",
    "gdlab.mlflow_version",
    "gdlab.python_version",
)


@cache
def provenance() -> dict[str, str]:
    """Tags that name the code that made a run, and its versions."""
    tags = {f"gdlab.{name}_version": importlib.metadata.version(name) for name in ("numpy", "mlflow")}
    tags |= {"gdlab.version": gdlab.__version__, "gdlab.python_version": platform.python_version()}
    root = Path(gdlab.__file__).parents[1]
    with suppress(OSError, subprocess.SubprocessError):
        git = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        commit = subprocess.run(git, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
        tags["mlflow.source.git.commit"] = commit.removesuffix("-dirty")
        tags["gdlab.git_dirty"] = str(commit.endswith("-dirty")).lower()
    return tags


@cache
def this_process() -> str:
    """An identifier of this process, unique on this machine."""
    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time()}"


def has_ended(process: str) -> bool:
    """True if a process of this machine has ended; False if it runs, or is of another machine."""
    host, number, created = process.rsplit(" ", 2)
    if host != socket.gethostname():
        return False
    try:
        return abs(psutil.Process(int(number)).create_time() - float(created)) > CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return True
