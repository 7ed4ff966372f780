"""The provenance of a run: code, versions, process."""

from __future__ import annotations

import getpass
import importlib.metadata
import os
import platform
import socket
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

import gdlab
from gdlab.machine import BLAS, PROCESSOR, machine

INITIAL_NAMESPACE = "pid:[4026531836]"  # Linux's number for it
CLOCK_SECONDS = 2.0  # by which the start of one process may seem to move when the clock is set

MADE_BY = (
    "mlflow.source.git.commit",
    "gdlab.git_dirty",
    "gdlab.version",
    "gdlab.numpy_version",
    "gdlab.mlflow_version",
    "gdlab.python_version",
    PROCESSOR,
    BLAS,
)


@cache
def provenance() -> dict[str, str]:
    """Tags that name the code that made a run, its versions, and this machine."""
    tags = {f"gdlab.{name}_version": importlib.metadata.version(name) for name in ("numpy", "mlflow")}
    tags |= {"gdlab.version": gdlab.__version__, "gdlab.python_version": platform.python_version()}
    tags |= machine()
    tags |= {"mlflow.source.name": Path(sys.argv[0]).name or "python", "mlflow.source.type": "LOCAL"}
    with suppress(OSError, KeyError, ImportError):  # where the user has no name
        tags["mlflow.user"] = getpass.getuser()
    root = Path(gdlab.__file__).parents[1]
    with suppress(OSError, subprocess.SubprocessError):
        git = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        commit = subprocess.run(git, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
        tags["mlflow.source.git.commit"] = commit.removesuffix("-dirty")
        tags["gdlab.git_dirty"] = str(commit.endswith("-dirty")).lower()
    return tags


@cache
def this_process() -> str:
    """An identifier of this process: its machine since when, its number there, and when it began."""
    return " ".join([*_machine(), str(os.getpid()), str(psutil.Process().create_time())])


def has_ended(process: str) -> bool:
    """True if a process of this machine has ended; False if it runs, or may run elsewhere."""
    *machine, number, created = process.rsplit(" ", 4)
    if len(machine) != len(_machine()) or machine[0] != _machine()[0]:
        return False
    if machine != _machine():
        return _is_own_system(machine) and _is_own_system(_machine()) and machine[1] != _machine()[1]
    try:
        return abs(psutil.Process(int(number)).create_time() - float(created)) > CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return True


@cache
def _machine() -> list[str]:
    """The name of this machine, its boot, and the namespace of process numbers, of which a container has its own."""
    boot, namespace = "unknown", "unknown"
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    with suppress(OSError):
        namespace = str(Path("/proc/self/ns/pid").readlink())
    return [socket.gethostname().replace(" ", "-"), boot, namespace]


def _is_own_system(machine: list[str]) -> bool:
    """True if processes are numbered by the machine itself, so that none outlives a boot."""
    return machine[2] == INITIAL_NAMESPACE
