"""Axes of a sweep: from overrides, some of which have many values, to jobs, whose overrides have one value each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product

from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

GEOMSPACE = "geomspace:"
FORM = "geomspace:START:STOP:COUNT, like geomspace:0.001:1000:25, with positive ends and a count of at least 2"
DIGITS = 4


def grid(overrides: Sequence[Override], zipped: Sequence[Sequence[str]] = ()) -> list[list[str]]:
    """All combinations of the overrides' values, each as a job's overrides; axes that are zipped count as one."""
    axes = {override.get_key_element(): values(override) for override in overrides}
    check_zip(axes, zipped)
    group = {key: keys for keys in zipped for key in keys}
    bundles: list[list[dict[str, str]]] = []
    for key in axes:
        keys = [name for name in axes if name in group.get(key, [key])]
        if key == keys[0]:
            rows = zip(*(axes[name] for name in keys), strict=True)
            bundles.append([dict(zip(keys, row, strict=True)) for row in rows])
    jobs = [{key: text for bundle in combination for key, text in bundle.items()} for combination in product(*bundles)]
    return [[job[key] for key in axes] for job in jobs]


def values(override: Override) -> list[str]:
    """One override for each value along the axis."""
    key, line = override.get_key_element(), override.input_line
    if override.is_delete():
        return [str(line)]
    if override.is_sweep_override():
        if not override.is_discrete_sweep():
            raise HydraException(f"{key} must list its values, or give them as {FORM}")
        texts = [f"{key}={value}" for value in override.sweep_string_iterator()]
        if not texts:
            raise HydraException(f"{line} has no values to sweep over")
        return texts
    value = override.value()
    if isinstance(value, str) and value.startswith(GEOMSPACE):
        return [f"{key}={number!r}" for number in geomspace(key, value)]
    return [f"{key}={override.get_value_element_as_str()}"]


def geomspace(key: str, text: str) -> list[float]:
    """Log-spaced values including both ends, as NumPy's geomspace, rounded."""
    try:
        start, stop, count = text.removeprefix(GEOMSPACE).split(":")
        low, high, points = float(start), float(stop), int(count)
        if not (0 < low < math.inf and 0 < high < math.inf and low != high and points >= 2):
            raise ValueError
    except ValueError:
        raise HydraException(f"{key} must be {FORM}, got {text}") from None
    ratio = abs(math.log(high / low)) / (points - 1)
    digits = max(DIGITS, math.ceil(2.4 - math.log10(ratio)))  # rounding moves no value by 2% of the way to the next
    inner = [low * (high / low) ** (i / (points - 1)) for i in range(1, points - 1)]
    return [low, *(float(f"{value:.{digits}g}") for value in inner), high]


def check_zip(axes: Mapping[str, Sequence[str]], zipped: Sequence[Sequence[str]]) -> None:
    """Check that zipped axes are axes of this sweep, in one group each, with equally many values in a group."""
    named = [key for keys in zipped for key in keys]
    for key in named:
        if named.count(key) > 1:
            raise HydraException(f"hydra.sweeper.zip names {key} twice")
        if key not in axes:
            raise HydraException(f"hydra.sweeper.zip names {key}, which this sweep does not vary")
    for keys in zipped:
        counts = {key: len(axes[key]) for key in keys}
        if len(set(counts.values())) > 1:
            listing = ", ".join(f"{key} has {count}" for key, count in counts.items())
            raise HydraException(f"axes in hydra.sweeper.zip must have the same number of values, but {listing}")
