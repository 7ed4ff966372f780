"""Runs found again by the overrides that asked for them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from gdlab import defaults
from gdlab.sweeps.configuration import flat

if TYPE_CHECKING:
    import pandas as pd

Params = Mapping[str, Any]

GROUPS = ("problem", "optimizer", "schedule", "measurement")


def jobs(case: str) -> Iterator[Params]:
    """The params that each job of a case must have, by name: `seed=0,1` asks for two jobs.

    A choice of a group stands for the section that its file in conf/ states, a group that the case leaves out for the
    name of its default.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser

    axes = [[_default_names()]]
    for override in OverridesParser.create().parse_overrides(shlex.split(case)):
        values = override.sweep_iterator() if override.is_sweep_override() else [override.value()]
        axes.append([_params(override.key_or_group, value) for value in values])
    for combination in product(*axes):
        yield {name: value for params in combination for name, value in params.items()}


def select(runs: pd.DataFrame, cases: Sequence[str]) -> pd.DataFrame:
    """For each job of some cases the newest run that has its params, in the order of the jobs.

    Raises
    ------
    LookupError
        If a job has no such run.

    """
    labels = []
    for job in (job for case in cases for job in jobs(case)):
        found = runs
        for name, value in job.items():
            found = _having(found, name, value)
        if found.empty:
            raise LookupError(f"no run has {dict(job)}")
        labels.append(found.index[-1])
    return runs.loc[labels]


def _default_names() -> Params:
    """The names of what is chosen by default, from conf/train.yaml."""
    entries = [entry for entry in defaults.file("train")["defaults"] if isinstance(entry, Mapping)]
    return {f"{group}.name": entry[group] for entry in entries for group in GROUPS if group in entry}


def _params(key: str, value: Any) -> Params:
    """The params that one override sets."""
    if "." in key or not isinstance(value, str):
        return {key: value}
    file = defaults.file(f"{key}/{value}")
    section = file.get(key, file)
    return flat({name: setting for name, setting in section.items() if name != "defaults"}, f"{key.replace('/', '.')}.")


def _having(runs: pd.DataFrame, name: str, value: Any) -> pd.DataFrame:
    """The runs that have a param; MLflow stores lists and truth values as text."""
    if value is None:
        return runs[runs[name].isna()] if name in runs else runs
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return runs[runs[name] == (value if is_number else str(value))] if name in runs else runs[:0]
