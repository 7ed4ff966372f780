"""Reading the artifacts of a run, with checks of what they declare before memory is taken for it.

A damaged file raises a ValueError, or what zipfile, pyarrow and yaml have for it.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from gdlab.archives import read_arrays

if TYPE_CHECKING:
    import pyarrow as pa

VALUES_A_BYTE = 256  # of a table, at most: a constant column takes no space, but one of the others has a value a row
TYPES = {"bool", "int32", "int64", "float", "double", "string"}  # "float" is float32
LARGEST_CONFIG = 2**20  # bytes
MOST_CONFIG_VALUES = 100_000
DEEPEST_CONFIG = 50


def read_table(path: Path) -> pa.Table:
    """A table of a run, with at least one row.

    The checksums of its pages are verified. Those do not cover the names and types, which are written twice and must
    agree; only the types that runs have are taken, since others can be made of the same bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = path.read_bytes()
    with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as file:
        metadata = file.metadata
        if metadata.num_rows < 1:
            raise ValueError("it has no rows")
        if metadata.num_rows * metadata.num_columns > VALUES_A_BYTE * len(content):
            raise ValueError(f"it claims {metadata.num_rows} rows in {len(content)} bytes")
        for column in file.schema_arrow:
            if str(column.type) not in TYPES:
                raise ValueError(f"its column {column.name} is of type {column.type}")
        kept = (metadata.metadata or {}).get(b"ARROW:schema", b"")
        if not file.schema_arrow.equals(pa.ipc.read_schema(pa.py_buffer(base64.b64decode(kept)))):
            raise ValueError("its columns contradict its schema")
        table = file.read(use_threads=False)  # a file is too small to share out
        if table.num_rows != metadata.num_rows:
            raise ValueError(f"it claims {metadata.num_rows} rows and has {table.num_rows}")
        return table


def read_steps(path: Path) -> pa.Table:
    """The table of a trajectory, with the columns `step` and `cost`."""
    table = read_table(path)
    for name in ("step", "cost"):
        if name not in table.column_names:
            raise ValueError(f"it has no column {name}")
        if table.column(name).null_count:
            raise ValueError(f"its column {name} has gaps")
    return table


def read_thetas(path: Path) -> dict[str, np.ndarray]:
    """The points that a run keeps: `start` and `end`, (parameters,), and `path`, (points, parameters), if recorded."""
    thetas = read_arrays(path)
    if not {"start", "end"} <= set(thetas) <= {"start", "end", "path"}:
        raise ValueError(f"it must hold a start, an end and perhaps a path, got {str(sorted(thetas))[:100]}")
    start = thetas["start"]
    for name, theta in thetas.items():
        if theta.dtype.kind != "f" or theta.ndim != 1 + (name == "path"):
            raise ValueError(f"{name} is {_kind(theta)}")
        if theta.dtype != start.dtype or theta.shape[-1:] != start.shape:
            raise ValueError(f"start is {_kind(start)}, but {name} is {_kind(theta)}")
    return thetas


def _kind(array: np.ndarray) -> str:
    return f"{array.dtype}{list(array.shape)}"


def read_config(path: Path) -> dict[str, Any]:
    """The configuration of a run."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if path.stat().st_size > LARGEST_CONFIG:
        raise ValueError(f"it is larger than {LARGEST_CONFIG} bytes")
    text = path.read_text(encoding="utf-8")
    _check_extent(yaml.parse(text, loader))
    config = yaml.load(text, loader)  # noqa: S506  both are safe
    if not isinstance(config, dict):
        raise ValueError("it holds no configuration")
    return config


def _check_extent(events: Any) -> None:
    """Check, before anything is built, that a YAML text is not too deep, nor too large with its aliases expanded."""
    values = 0
    sizes: dict[str, int] = {}  # of what has an anchor, when it is complete
    unfinished: list[tuple[str | None, int]] = []
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            values += sizes.get(str(event.anchor), MOST_CONFIG_VALUES)  # what contains itself is without end
        elif isinstance(event, yaml.NodeEvent):
            unfinished.append((event.anchor, values))
            values += 1
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionEndEvent):
            anchor, before = unfinished.pop()
            sizes |= {anchor: values - before} if anchor else {}
        if len(unfinished) > DEEPEST_CONFIG:
            raise ValueError(f"it is nested more than {DEEPEST_CONFIG} deep")
        if values >= MOST_CONFIG_VALUES:
            raise ValueError(f"it holds {MOST_CONFIG_VALUES} values or more")
