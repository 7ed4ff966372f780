"""Runs as a study loads them, made up or descended here and now, and what its figures show."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from unittest.mock import patch

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D

from analysis import study
from gdlab import tracking
from gdlab.sweeps import configuration, launch
from gdlab.sweeps.plan import Job

RATE = "optimizer.learning_rate"
DIGITS = ("problem/data=digits", "problem.hidden=[4]", "problem.examples=50")  # a small network on small images

Frames = tuple[pd.DataFrame, pd.DataFrame]


def made_up(costs: Mapping[float, Sequence[float]], **params: Any) -> Frames:
    """Runs from final costs by learning rate, a seed each: a cost of 1 is a dead network, one above 100 diverged.

    Each takes its cost from 2 at step 0 to its last in 64 steps, or in 8 if it is dead or diverged.
    """
    runs = pd.DataFrame(
        {
            "run_id": f"{rate:g}/{seed}",
            RATE: rate,
            "seed": seed,
            "final_cost": cost,
            "final_accuracy": 0.1 if cost >= 1 else 1 - cost,
            "regime": regime(cost),
            "outcome": {"saturated": "saturated", "diverged": "diverged"}.get(regime(cost), "budget"),
            "optimizer.name": "gradient_descent",
            "problem.name": "network",
            "problem.data.name": "mnist_5k",
            "problem.hidden": "[16, 16]",
            "problem.activation": "sigmoid",
            "problem.output": "sigmoid",
            "problem.cost": "quadratic",
            "problem.batch_size": 32.0,
            "problem.examples": 4000.0,
            "stop.max_epochs": 20.0,
            "stop.max_steps": None,
            "parameters": 13002.0,
            **params,
        }
        for rate, row in costs.items()
        for seed, cost in enumerate(row)
    )
    steps = []
    for _, run in runs.iterrows():
        at = [0, 1, 8] if run["regime"] in ("saturated", "diverged") else [0, 1, 8, 64]
        shared = {name: run[name] for name in runs if "." in name or name in ("run_id", "seed", "outcome", "regime")}
        steps.append(pd.DataFrame({"step": at, "cost": [2.0] * (len(at) - 1) + [run["final_cost"]]}).assign(**shared))
    return runs, pd.concat(steps, ignore_index=True)


def regime(cost: float) -> str:
    """What a made-up run of this final cost did."""
    if not cost <= 100:
        return "diverged"
    return "saturated" if cost == 1 else "converging" if cost < 0.5 else "crawling"


def descended(*configs: Mapping[str, Any]) -> Frames:
    """What a study loads of these runs, descended in this process and not tracked."""
    rows, steps = [], []
    for number, config in enumerate(configs):
        (trajectory,) = configuration.train_stack([config])
        params = launch.card(Job(name="", config=config), "key").params
        told = {name: str(value) if isinstance(value, list) else value for name, value in params.items()}
        run = {"run_id": f"run {number}", "outcome": trajectory.outcome}
        rows.append({**told, **trajectory.final, **run})
        steps.append(pd.DataFrame(trajectory.columns).assign(run_id=run["run_id"]))
    read = {"runs": pd.DataFrame(rows), "trajectories": pd.concat(steps, ignore_index=True)}
    with patch.multiple(tracking, **{name: lambda *_, frame=frame: frame for name, frame in read.items()}):
        return study.load("", "descended")


def over(config: Mapping[str, Any], rates: Iterable[float], seeds: Iterable[int] = (0,)) -> list[dict[str, Any]]:
    """A configuration at other learning rates and seeds."""
    seeds, varied = list(seeds), []
    for rate in rates:
        for seed in seeds:
            one = dict(copy.deepcopy(config))
            one["optimizer"]["learning_rate"] = rate
            one |= {"seed": seed, "seeds": {"init": seed, "batches": seed}}
            varied.append(one)
    return varied


def points(ax: Axes) -> list[tuple[float, float, tuple[float, ...]]]:
    """Every dot of a panel, with its colour."""
    return [
        (x, y, tuple(dots.get_facecolor()[0][:3]))
        for dots in ax.collections
        if isinstance(dots, PathCollection)
        for x, y in dots.get_offsets().tolist()
    ]


def lines(ax: Axes) -> list[Line2D]:
    """The lines of a panel that show data: a reference line runs across all of it, from 0 to 1."""
    return [
        line
        for line in ax.get_lines()
        if len(line.get_xdata()) and [0, 1] not in (list(line.get_xdata()), list(line.get_ydata()))
    ]


def levels(ax: Axes) -> list[float]:
    """Where a panel's level lines lie."""
    return sorted(line.get_ydata()[0] for line in ax.get_lines() if list(line.get_xdata()) == [0, 1])


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]
