"""The Python API, for notebooks, tests and benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gdlab import defaults
from gdlab.arrays import Theta, columns, stacked
from gdlab.checks import per_run
from gdlab.descent.schedules import SCHEDULES, Schedule
from gdlab.descent.stopping import Stopping
from gdlab.descent.trajectory import Trajectory, recorded
from gdlab.optimizers import Optimizer
from gdlab.problems import PROBLEMS
from gdlab.problems.problem import Problem
from gdlab.seeds import INIT_STREAM, stream
from gdlab.sweeps.configuration import Record, Stack

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Trajectories(Sequence[Trajectory]):
    """The runs of a stack in order; `varied` holds the hyperparameters in which they differ."""

    runs: Sequence[Trajectory]
    varied: Mapping[str, np.ndarray]

    def __getitem__(self, place: Any) -> Any:
        return self.runs[place]

    def __len__(self) -> int:
        return len(self.runs)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per run and recorded step: `run`, the hyperparameters that vary, `step`, `epoch`, and the metrics.

        `learning_rate` is the rate at that step, after any schedule.
        """
        import pandas as pd

        frames = []
        for place, run in enumerate(self.runs):
            varied = {name: values[place] for name, values in self.varied.items() if name not in run.columns}
            frames.append(pd.DataFrame({"run": place, **varied, **run.columns}))
        return pd.concat(frames, ignore_index=True)

    @property
    def outcomes(self) -> list[str]:
        """Each run's outcome."""
        return [run.outcome for run in self.runs]

    @property
    def start(self) -> Theta:
        """The starting points, (runs, parameters)."""
        return np.stack([run.start for run in self.runs])

    @property
    def theta(self) -> Theta:
        """The final points, (runs, parameters)."""
        return np.stack([run.end for run in self.runs])


def run(
    problem: Problem | Sequence[Problem],
    optimizer: Optimizer,
    *,
    schedule: Schedule | None = None,
    stopping: Stopping | None = None,
    max_steps: int | None = None,
    max_epochs: int | None = None,
    seed: int | Sequence[int] = 0,
    theta: Theta | None = None,
    **record: Any,
) -> Trajectories:
    """Train a stack of runs in this process, untracked.

    Hyperparameters of the optimizer and of the schedule may be lists with a value for each run, and so may the seed.

    Parameters
    ----------
    problem
        One for all runs, or one for each run; these may differ only in where runs start.
    stopping
        The stopping rules; by default those in conf/ for this problem, with `max_steps` or `max_epochs` as the budget.
    seed
        Seeds the starting point and the order of mini-batches.
    theta
        The starting points, (runs, parameters), in place of those drawn from the seeds.
    record
        `points`, `spacing`, `sharpness` and `path`, as in the section `record` of a configuration.

    Raises
    ------
    ValueError
        If lists differ in length, or a value is out of its range.

    """
    problems = list(problem) if isinstance(problem, Iterable) else [problem]
    seeds = [seed] if isinstance(seed, int) else list(map(int, seed))
    schedule = schedule or SCHEDULES["constant"]()
    hyperparameters = {name: _values(rule, name) for rule in (optimizer, schedule) for name in columns(rule)}
    lists: dict[str, Any] = {
        "problem": problems,
        "seed": seeds,
        **hyperparameters,
        **({} if theta is None else {"theta": theta}),
    }
    runs = _common_length(lists)
    problems, seeds = (problems * runs)[:runs], (seeds * runs)[:runs]
    stack = Stack(
        problem=problems[0],
        theta=_starts(problems, seeds) if theta is None else np.broadcast_to(theta, (runs, theta.shape[1])),
        optimizer=optimizer,
        schedule=schedule,
        stopping=stopping or _stopping(problems[0], max_steps, max_epochs),
        seeds=seeds,
        record=Record(**{**defaults.file("train")["record"], **record}),
    )
    varied = {name: np.asarray(values) for name, values in {"seed": seeds, **hyperparameters}.items()}
    return Trajectories(
        recorded(stack.descend(), stack.theta, stack.record.path),
        {name: values for name, values in varied.items() if len(values) > 1 and len(set(values.tolist())) > 1},
    )


def _values(rule: Optimizer | Schedule, name: str) -> np.ndarray:
    return per_run(name, getattr(rule, name))[:, 0]


def _common_length(lists: Mapping[str, Sequence[Any] | np.ndarray]) -> int:
    """The length of all lists that hold more than one value."""
    runs = max(map(len, lists.values()))
    for name, values in lists.items():
        if len(values) not in (1, runs):
            raise ValueError(f"{name} must have one value or {runs}, one for each run, got {len(values)}")
    return runs


def _starts(problems: Sequence[Problem], seeds: Sequence[int]) -> Theta:
    points = [problem.initial(stream(seed, INIT_STREAM)) for problem, seed in zip(problems, seeds, strict=True)]
    return stacked(points, problems[0].dtype)


def config(
    problem: Mapping[str, Any] | str = "network",
    optimizer: Mapping[str, Any] | str = "gradient_descent",
    schedule: Mapping[str, Any] | str = "constant",
    *,
    stop: Mapping[str, Any] | None = None,
    record: Mapping[str, Any] | None = None,
    measurement: Mapping[str, Any] | str | None = None,
    seed: int = 0,
    seeds: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """A configuration for `gdlab.sweep`, as `experiments/train.py` composes it, with defaults from conf/.

    A section is a mapping with a `name`, or just the name: `config("parabola", {"name": "adam", "beta1": 0.5})`.
    """
    chosen = _section("problem", problem)
    file = defaults.file(f"problem/{chosen['name']}")
    if chosen["name"] == "network":
        chosen["data"] = _section("problem/data", chosen.get("data", "mnist_5k"))
    rule = optimizer if isinstance(optimizer, Mapping) else {"name": optimizer}
    return {
        "problem": chosen,
        "optimizer": _section("optimizer", {**file.get("optimizer", {}), **rule}),
        "schedule": _section("schedule", schedule),
        "stop": {**_budget(file), **(stop or {})},
        "record": {**defaults.file("train")["record"], **(record or {})},
        **({} if measurement is None else {"measurement": _section("measurement", measurement)}),
        "seed": seed,
        "seeds": {"init": seed, "batches": seed, **(seeds or {})},
    }


def _section(group: str, stated: Mapping[str, Any] | str) -> dict[str, Any]:
    """A section completed with the defaults in conf/."""
    values = dict(stated) if isinstance(stated, Mapping) else {"name": stated}
    return {**defaults.defaults(group, values["name"]), **values}


def _budget(file: Mapping[str, Any]) -> Mapping[str, Any]:
    """The section `stop` that a problem's file in conf/ selects."""
    chosen = [entry["override /stop"] for entry in file.get("defaults", ()) if "override /stop" in entry]
    return defaults.defaults("stop", chosen[0] if chosen else "epochs")


def _stopping(problem: Problem, max_steps: int | None, max_epochs: int | None) -> Stopping:
    rules = dict(_budget(defaults.file(f"problem/{PROBLEMS.name_of(problem)}")))
    if max_steps is not None or max_epochs is not None:
        rules |= {"max_steps": max_steps, "max_epochs": max_epochs}
    return Stopping(**rules)
