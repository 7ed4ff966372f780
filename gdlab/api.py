"""The Python API, for notebooks, tests and benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gdlab import defaults
from gdlab.arrays import Theta, columns, stacked
from gdlab.checks import per_run, whole
from gdlab.descent.schedules import SCHEDULES, Schedule
from gdlab.descent.stopping import Stopping
from gdlab.descent.trajectory import Trajectory, recorded
from gdlab.optimizers import Optimizer
from gdlab.problems import PROBLEMS
from gdlab.problems.problem import Problem
from gdlab.seeds import INIT_STREAM, stream
from gdlab.sweeps.configuration import Stack
from gdlab.sweeps.key import OWN_STARTS
from gdlab.sweeps.record import Record

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
    seed: int | np.integer[Any] | Sequence[int] | np.ndarray = 0,
    theta: np.ndarray | Sequence[Sequence[float]] | None = None,
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
    seeds = np.atleast_1d(seed).tolist()
    for value in seeds:
        whole("seed", value, 0)
    schedule = schedule or SCHEDULES["constant"]()
    hyperparameters = _hyperparameters(optimizer, schedule)
    lists: dict[str, Any] = {"problem": problems, "seed": seeds, **hyperparameters}
    if theta is not None:
        lists["theta"] = theta = np.atleast_1d(np.asarray(theta, problems[0].dtype))
    runs = _common_length(lists)
    problems, seeds = (problems * runs)[:runs], (seeds * runs)[:runs]
    stack = Stack(
        problem=_common_problem(problems),
        theta=_starts(problems, seeds) if theta is None else _repeated(theta, runs, problems[0].parameters),
        optimizer=optimizer,
        schedule=schedule,
        stopping=_stopping(problems[0], stopping, max_steps, max_epochs),
        seeds=seeds,
        record=Record(**{**defaults.file("train")["record"], **record}),
    )
    varied = {name: np.asarray(values) for name, values in {"seed": seeds, **hyperparameters}.items()}
    return Trajectories(
        recorded(stack.descend(), stack.theta, stack.record.path),
        {name: values for name, values in varied.items() if len(values) > 1 and len(set(values.tolist())) > 1},
    )


def _hyperparameters(optimizer: Optimizer, schedule: Schedule) -> dict[str, np.ndarray]:
    """The values of each, a number or one number a run, by name; `schedule.every` where the optimizer has `every`."""
    values = {name: per_run(name, getattr(optimizer, name))[:, 0] for name in columns(optimizer)}
    scheduled = {name: per_run(name, getattr(schedule, name))[:, 0] for name in columns(schedule)}
    return {**values, **{f"schedule.{name}" if name in values else name: scheduled[name] for name in scheduled}}


def _common_length(lists: Mapping[str, Sequence[Any] | np.ndarray]) -> int:
    """The length of all lists that hold more than one value."""
    runs = max(map(len, lists.values()))
    for name, values in lists.items():
        if len(values) not in (1, runs) or not len(values):
            rule = f"one value or {runs}, one for each run" if runs > 1 else "at least one value"
            raise ValueError(f"{name} must have {rule}, got {len(values)}")
    return runs


def _common_problem(problems: Sequence[Problem]) -> Problem:
    """The first problem, if the others differ from it only in where runs start."""

    def shared(problem: Problem) -> list[Any]:
        own = [field.name for field in fields(problem) if field.name not in OWN_STARTS]  # type: ignore[arg-type]
        return [type(problem), *(getattr(problem, name) for name in own)]

    if any(shared(problem) != shared(problems[0]) for problem in problems):
        raise ValueError(f"problem must be the same for all runs but for {' and '.join(OWN_STARTS)}")
    return problems[0]


def _starts(problems: Sequence[Problem], seeds: Sequence[int]) -> Theta:
    points = [problem.initial(stream(seed, INIT_STREAM)) for problem, seed in zip(problems, seeds, strict=True)]
    return stacked(points, problems[0].dtype)


def _repeated(theta: np.ndarray, runs: int, parameters: int) -> Theta:
    """A starting point for each run, from one for each or one for all."""
    if theta.ndim != 2 or theta.shape[1] != parameters:
        raise ValueError(f"theta must have the shape (runs, {parameters}), got {theta.shape}")
    return np.broadcast_to(theta, (runs, parameters))


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
        "seeds": {**defaults.file("train")["seeds"], "init": seed, "batches": seed, **(seeds or {})},
    }


def _section(group: str, stated: Mapping[str, Any] | str) -> dict[str, Any]:
    """A section completed with the defaults in conf/."""
    values = dict(stated) if isinstance(stated, Mapping) else {"name": stated}
    return {**defaults.defaults(group, values["name"]), **values}


def _budget(file: Mapping[str, Any]) -> Mapping[str, Any]:
    """The section `stop` that a problem's file in conf/ selects."""
    chosen = [entry["override /stop"] for entry in file.get("defaults", ()) if "override /stop" in entry]
    return defaults.defaults("stop", chosen[0] if chosen else "epochs")


def _stopping(problem: Problem, stopping: Stopping | None, max_steps: int | None, max_epochs: int | None) -> Stopping:
    """The rules that were passed, or those in conf/ for this problem with another budget."""
    budget = {"max_steps": max_steps, "max_epochs": max_epochs}
    changed = any(limit is not None for limit in budget.values())
    if stopping is not None:
        if changed:
            raise ValueError("max_steps and max_epochs cannot be combined with stopping, which has a budget of its own")
        return stopping
    return Stopping(**{**_budget(defaults.file(f"problem/{PROBLEMS.name_of(problem)}")), **(budget if changed else {})})
