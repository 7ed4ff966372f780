"""Default hyperparameters, read from conf/, the only place that states them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PACKAGED, SOURCE = Path(__file__).parent / "conf", Path(__file__).parents[1] / "conf"

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def defaults(group: str, name: str) -> Mapping[str, Any]:
    """The values in `conf/<group>/<name>.yaml` for its own section, without `name` and Hydra's `defaults`."""
    content = file(f"{group}/{name}")
    section = content.get(group, content)
    return {key: value for key, value in section.items() if key not in ("name", "defaults")}


@cache
def file(name: str) -> Mapping[str, Any]:
    """The contents of `conf/<name>.yaml`, from the installed package or from a source checkout."""
    path = (PACKAGED if PACKAGED.is_dir() else SOURCE) / f"{name}.yaml"
    return dict(yaml.load(path.read_text(encoding="utf-8"), _Loader) or {})  # noqa: S506  # a safe loader
