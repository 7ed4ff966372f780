"""Runs as a study loads them, made up or descended here and now; and the contents of its figures."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D

from analysis import frames
from analysis.stats.verdicts import FAILS, HOLDS, UNDECIDED, Verdict
from gdlab import tracking
from gdlab.sweeps import cards, configuration
from gdlab.sweeps.plan import Job

RATE = "optimizer.learning_rate"
DIGITS = ("problem/data=digits", "problem.hidden=[4]", "problem.examples=50")  # a small network on small images

COSTS = {0.01: [0.8, 0.9, 0.85, 0.6], 0.1: [0.05, 0.03, 0.04, 0.09], 10.0: [1.0, 1.0, 1.0, 1.0]}
EXPLODED = {0.01: [0.5, 0.4, 0.6], 0.1: [np.inf, np.nan, 0.7], 1.0: [np.inf, 1e30, np.inf]}

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
            "outcome": {"dead": "saturated", "exploding": "diverged"}.get(regime(cost), "budget"),
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
        at = [0, 1, 8] if run["regime"] in ("dead", "exploding") else [0, 1, 8, 64]
        shared = {name: run[name] for name in runs if "." in name or name in ("run_id", "seed", "outcome", "regime")}
        steps.append(pd.DataFrame({"step": at, "cost": [2.0] * (len(at) - 1) + [run["final_cost"]]}).assign(**shared))
    return runs, pd.concat(steps, ignore_index=True)


def regime(cost: float) -> str:
    """The regime of a made-up run of this final cost."""
    if not cost <= 100:
        return "exploding"
    return "dead" if cost == 1 else "converging" if cost < 0.5 else "little learnt"


def valley(
    steep: float,
    best: float = 0.3,
    rates: Iterable[float] = np.geomspace(0.004, 40, 9),
    spread: Sequence[float] = (1.0,),
    **params: Any,
) -> pd.DataFrame:
    """Runs whose final cost is a V on log axes, with its tip at (best, 0.01) and sides of this slope."""
    costs = {rate: 0.01 * 10 ** (steep * abs(np.log10(rate / best))) for rate in [*rates, best]}
    return made_up({rate: [cost * factor for factor in spread] for rate, cost in costs.items()}, **params)[0]


def two_optimizers() -> pd.DataFrame:
    """Two optimizers, of which the second has the wider range of usable learning rates."""
    narrow = valley(3.0, spread=[0.9, 1.1], **{"optimizer.name": "gradient_descent"})
    wide = valley(1.0, best=3.0, spread=[0.8, 1.2], **{"optimizer.name": "rmsprop"})
    return pd.concat([narrow, wide.assign(run_id="wide " + wide["run_id"])], ignore_index=True)


def phase_runs() -> pd.DataFrame:
    """Two batch sizes, the whole set among them, at three learning rates, with two seeds."""
    costs = {
        8.0: {0.1: [0.6, 0.4], 1.0: [0.3, 0.2], 10.0: [0.4, np.inf]},
        np.nan: {0.1: [0.8, 0.9], 1.0: [0.7, 0.6], 10.0: [1.0, 1.0]},
    }
    frames = [made_up(rows, **{"problem.batch_size": size})[0] for size, rows in costs.items()]
    return pd.concat(
        [frame.assign(run_id=frame["run_id"] + f"/{i}") for i, frame in enumerate(frames)], ignore_index=True
    )


def border_case(
    rates: Iterable[float],
    border: float,
    sharpness: float,
    target: str = "parabola",
    momentum: float | None = None,
    rise: float = 100.0,
    seeds: Iterable[int] = (0,),
    **params: Any,
) -> pd.DataFrame:
    """Runs at these learning rates, of which those above the border diverged."""
    optimizer: dict[str, Any] = {"optimizer.name": "gradient_descent"}
    if momentum is not None:
        optimizer = {"optimizer.name": "momentum", "optimizer.momentum": momentum}
    return pd.DataFrame(
        {
            "run_id": f"{target}/{momentum}/{rise}/{rate}/{seed}",
            RATE: rate,
            "seed": seed,
            "final_cost": np.inf if rate > border else 0.1,
            "outcome": "diverged" if rate > border else "budget",
            "regime": "exploding" if rate > border else "converging",
            "start_sharpness": sharpness,
            "problem.name": target,
            "stop.diverged_above": rise,
            "stop.max_steps": 1000.0,
            **optimizer,
            **params,
        }
        for rate in rates
        for seed in seeds
    )


def three_borders() -> pd.DataFrame:
    """A parabola whose border is as predicted, one with momentum, a network whose border is not as predicted."""
    units = {"problem.activation": "tanh", "problem.output": "identity"}
    cases = [
        border_case([2.0, 0.5, 0.999, 1.008, 4.0], 1.0, 2.0),
        border_case([0.1, 3.79, 3.81, 9.0], 3.8, 1.0, momentum=0.9),
        border_case([0.1, 0.3, 0.31, 1.0], 0.305, 4.0, "network", **units),
    ]
    return pd.concat(cases, ignore_index=True)


def descended(*configs: Mapping[str, Any]) -> Frames:
    """The frames that a study loads of these runs, which descend in this process and are not tracked."""
    rows, steps = [], []
    for number, config in enumerate(configs):
        (trajectory,) = configuration.train_stack([config])
        params = cards.card(Job(name="", config=config), "key").params
        as_text = {name: str(value) if isinstance(value, list) else value for name, value in params.items()}
        run = {"run_id": f"run {number}", "outcome": trajectory.outcome}
        rows.append({**as_text, **trajectory.final, **run})
        steps.append(pd.DataFrame(trajectory.columns).assign(run_id=run["run_id"]))
    read = {"runs": pd.DataFrame(rows), "trajectories": pd.concat(steps, ignore_index=True)}
    with patch.multiple(tracking, **{name: lambda *_, frame=frame: frame for name, frame in read.items()}):
        return frames.load("", "descended")


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
    """The levels of a panel's level lines."""
    return sorted(line.get_ydata()[0] for line in ax.get_lines() if list(line.get_xdata()) == [0, 1])


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def verdict(outcome, n=8):
    low, high = {HOLDS: (0.1, 0.3), FAILS: (-0.3, -0.1), UNDECIDED: (-0.1, 0.1)}[outcome]
    return Verdict(arm="a", hypothesis="h", statistic="s", value=(low + high) / 2, low=low, high=high, n=n)
