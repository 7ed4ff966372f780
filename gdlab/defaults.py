"""Default hyperparameters: they stand in conf/ and nowhere else, and are read from there for Python callers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PACKAGED, SOURCE = Path(__file__).parent / "conf", Path(__file__).parents[1] / "conf"


@cache
def defaults(group: str, name: str) -> Mapping[str, Any]:
    """The values that `conf/<group>/<name>.yaml` states for its own section, `name` and Hydra's `defaults` left out.

    The folder is part of the installed package; in a source checkout it is the one beside it.
    """
    folder = PACKAGED if PACKAGED.is_dir() else SOURCE
    content = yaml.load((folder / group / f"{name}.yaml").read_text(encoding="utf-8"), _Loader)  # noqa: S506  # a safe one
    section = content.get(group.rpartition("/")[2], content)
    return {key: value for key, value in section.items() if key not in ("name", "defaults")}


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
