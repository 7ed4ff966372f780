"""Cells: the runs of a sweep that differ only in their seeds, summarized as one."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gdlab.sweeps import configuration
from gdlab.sweeps.configuration import Config
from gdlab.sweeps.summary import JobResult

SEEDS = ("seed", "seeds")
SUMMARIZED = ("final_cost", "final_accuracy")  # with an interval; of the other metrics only the mean is told
FEWEST_FOR_INTERVAL = 8  # below, the range says more
RESAMPLES, LEVEL, BOOTSTRAP_SEED = 2000, 0.95, 0
MOST_VALUES = 200_000  # resampled at a time


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The runs of a sweep with one configuration, by their places in the sweep; `config` is without the seeds."""

    config: Config
    places: Sequence[int]


def cells(configs: Sequence[Config]) -> list[Cell]:
    """The cells of a sweep with more than one run."""
    by_text: dict[str, list[int]] = defaultdict(list)
    for place, config in enumerate(configs):
        by_text[configuration.canonical_text(_without_seeds(config))].append(place)
    return [
        Cell(config=_without_seeds(configs[places[0]]), places=places) for places in by_text.values() if len(places) > 1
    ]


def metrics(results: Sequence[JobResult]) -> dict[str, float]:
    """The summary of a cell's results: the mean of each metric, under its own name, and `n`, the number of runs.

    Of `final_cost` and `final_accuracy` there are, too, the interquartile mean `.iqm`, and its interval from `.low` to
    `.high`; with fewer than eight runs these are the range. Values that are not finite are left out, and `.n` is how
    many there are, where some are; `outcome.diverged` and the like count the outcomes.
    """
    names = dict.fromkeys(name for result in results for name in result.final)
    summary = {"n": float(len(results))}
    for name in names:
        values = np.array([result.final[name] for result in results if math.isfinite(result.final.get(name, math.nan))])
        if not len(values):
            continue
        summary[name] = float(values.mean())
        if len(values) < len(results):
            summary[f"{name}.n"] = float(len(values))
        if name in SUMMARIZED:
            low, high = extent(values)
            summary |= {f"{name}.iqm": float(interquartile_mean(values)), f"{name}.low": low, f"{name}.high": high}
    counts = Counter(result.outcome for result in results if result.outcome)
    return {**summary, **{f"outcome.{name}": float(count) for name, count in counts.items()}}


def interquartile_mean(values: Float[np.ndarray, "*samples runs"]) -> np.ndarray | np.floating:
    """The mean of the middle half along the last axis (Agarwal et al. 2021)."""
    ordered = np.sort(values, axis=-1)
    cut = ordered.shape[-1] // 4
    return ordered[..., cut : ordered.shape[-1] - cut].mean(axis=-1)


def extent(values: Float[np.ndarray, " runs"]) -> tuple[float, float]:
    """The 95% bootstrap interval of the interquartile mean (percentiles, seeded); with few values, their range."""
    if len(values) < FEWEST_FOR_INTERVAL:
        return float(values.min()), float(values.max())
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    rows = max(1, MOST_VALUES // len(values))  # at a time: all resamples of ten thousand runs take 300 MB
    blocks = [min(rows, RESAMPLES - start) for start in range(0, RESAMPLES, rows)]
    samples = np.concatenate(
        [interquartile_mean(values[rng.integers(len(values), size=(block, len(values)))]) for block in blocks]
    )
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def note(results: Sequence[JobResult]) -> str:
    """What a cell's metrics are, in a sentence or two."""
    count = len(results)
    few = count < FEWEST_FOR_INTERVAL
    bounds = "the range of the runs" if few else f"{LEVEL:.0%} bootstrap interval of the interquartile mean"
    outcomes = Counter(result.outcome for result in results if result.outcome)
    counted = ", ".join(f"{number} {name}" for name, number in outcomes.most_common())
    return (
        f"{count} runs that differ in their seeds only: {counted}.\n\n"
        f"Each metric is their mean; `.iqm` is the interquartile mean, `.low` and `.high` are {bounds}, n = {count}."
    )


def _without_seeds(config: Config) -> dict[str, object]:
    """A configuration without its seeds; the step at which runs fork is not a seed."""
    rest = {name: section for name, section in config.items() if name not in SEEDS}
    step = config["seeds"].get("fork_step") if isinstance(config.get("seeds"), Mapping) else None
    return rest if step is None else {**rest, "seeds": {"fork_step": step}}
