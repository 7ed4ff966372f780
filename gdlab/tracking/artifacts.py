"""The artifacts of a run."""

from __future__ import annotations

from collections.abc import Mapping
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

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    (folder / CONFIG).write_text(yaml.dump(dict(config), Dumper=dumper, sort_keys=False))
    pq.write_table(pa.table(result.columns), folder / f"{result.table}.parquet")
    if result.thetas:
        np.savez(folder / THETA, allow_pickle=False, **result.thetas)
