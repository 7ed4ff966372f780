"""The artifacts of a run: writing them, and checking that they are whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from gdlab.results import Result

TRAJECTORY, MEASUREMENT, THETA, CONFIG = "trajectory.parquet", "measurement.parquet", "theta.npz", "config.yaml"


def write_artifacts(folder: Path, config: Mapping[str, Any], result: Result) -> None:
    """Write a run's configuration, its exact table, and its thetas to a folder."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / CONFIG).write_text("".join(_section_text(json.dumps({name: config[name]})) for name in config))
    with (folder / f"{result.table}.parquet").open("wb") as file:
        pq.write_table(pa.table(result.columns), file, use_dictionary=False, write_page_checksum=True)
    if result.thetas:
        np.savez(folder / THETA, allow_pickle=False, **result.thetas)


@lru_cache(1024)
def _section_text(section: str) -> str:
    """A section of a configuration as YAML, from JSON; most sections of a sweep's runs are the same."""
    text: str = yaml.dump(json.loads(section), Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)
    return text


def sizes(folder: Path) -> dict[str, int]:
    """The sizes in bytes of the files in a folder and its subfolders, by their paths below it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def lacking(folder: Path, files: Mapping[str, int]) -> list[str]:
    """The names of files that are not in a folder with these sizes."""
    return [name for name, size in files.items() if _size(folder / name) != size]


def move(source: Path, target: Path) -> None:
    """Move a folder's files into another folder, each at once.

    Files that are in the target already, from an attempt that was cut off, are replaced.
    """
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                path.replace(place)
            except OSError:  # another file system
                _copy(path, place)
                path.unlink()


def _copy(path: Path, place: Path) -> None:
    """Copy a file to another place at once: a disk that is full leaves nothing of it."""
    copy = place.with_name(f".{place.name}.partial")  # the next attempt overwrites what a killed process leaves
    try:
        shutil.copyfile(path, copy)
        copy.replace(place)
    except OSError:
        copy.unlink(missing_ok=True)
        raise


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1
