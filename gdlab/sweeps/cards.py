"""What runs, cells and sweeps are called, and what is logged of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gdlab.sweeps import configuration
from gdlab.sweeps.configuration import Config
from gdlab.sweeps.plan import Job
from gdlab.tracking import RunCard

SEED_KEYS = ("seed", "seeds.init", "seeds.batches")
MOST_LISTED = 6  # values of an axis in a param


def card(job: Job, job_key: str, tags: Mapping[str, str] | None = None) -> RunCard:
    """What is logged of a run before it starts; only its configuration, if it has no key."""
    params = configuration.flat(job.config)
    if not job_key:
        return RunCard(name=job.name, config=job.config, params=params, key=job_key, tags=tags or {})
    problem = configuration.problem(job.config)
    data = getattr(problem, "data", None)
    return RunCard(
        name=job.name,
        config=job.config,
        params={**params, "parameters": problem.parameters},
        key=job_key,
        dataset=data.facts if data else None,
        tags=tags or {},
    )


def differences(configs: Sequence[Config]) -> list[str]:
    """A name for each configuration, made of the keys in which configurations differ and their values."""
    differing, flats = _axes(configs)
    return [
        " ".join(f"{label(name)}={flat[name]}" for name in differing if name in flat) or "defaults" for flat in flats
    ]


def cell_label(config: Config, axes: Sequence[str]) -> str:
    """The values of a cell in the axes of its sweep: `0.1 64`."""
    flat = configuration.flat(config)
    return " ".join(str(flat[name]) for name in axes if name in flat)


def axes(configs: Sequence[Config]) -> list[str]:
    """The keys in which configurations differ; `seed` stands for all seeds where it is one of them."""
    return _axes(configs)[0]


def sweep_title(configs: Sequence[Config]) -> str:
    """The axes of a sweep and how many values each has: `25 learning_rate × 40 seed`."""
    differing, flats = _axes(configs)
    counts = {name: len({repr(flat[name]) for flat in flats if name in flat}) for name in differing}
    return " × ".join(f"{count} {label(name)}" for name, count in counts.items()) or "one run"


def sweep_params(configs: Sequence[Config]) -> dict[str, str]:
    """The params of a sweep: the values that its runs share, and of an axis the values along it."""
    _, flats = _axes(configs)
    params = {}
    for name in dict.fromkeys(name for flat in flats for name in flat):
        values = list(dict.fromkeys(str(flat[name]) for flat in flats if name in flat))
        listed = ", ".join(values) if len(values) <= MOST_LISTED else f"{values[0]}, {values[1]}, …, {values[-1]}"
        params[name] = listed if len(values) == 1 else f"{listed} ({len(values)} values)"
    return params


def label(key: str) -> str:
    """The last part of a key; of `optimizer.name`, `optimizer`."""
    return key.removesuffix(".name").rpartition(".")[2]


def _axes(configs: Sequence[Config]) -> tuple[list[str], list[dict[str, Any]]]:
    flats = [configuration.flat(config) for config in configs]
    keys = dict.fromkeys(name for flat in flats for name in flat)
    differing = [name for name in keys if _differs(name, flats)]
    hidden = SEED_KEYS[1:] if "seed" in differing else ()
    return [name for name in differing if name not in hidden], flats


def _differs(key: str, flats: Sequence[Config]) -> bool:
    """Whether configurations state several values for a key, or some choose by it and others have no such section."""
    values = [repr(flat[key]) for flat in flats if key in flat]
    return len(set(values)) > 1 or (key.endswith(".name") and len(values) < len(flats))
