"""The Python API: what notebooks, tests and benchmarks use beside the classes of the packages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gdlab import defaults
from gdlab.arrays import Theta, columns, spread, stacked
from gdlab.checks import per_run
from gdlab.descent.schedules import SCHEDULES, Schedule
from gdlab.descent.stopping import Stopping
from gdlab.descent.trajectory import Trajectory
from gdlab.optimizers import Optimizer
from gdlab.problems import PROBLEMS
from gdlab.problems.problem import Problem
from gdlab.seeds import INIT_STREAM, stream
from gdlab.sweeps.configuration import Record, Stack

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Trajectories(Sequence[Trajectory]):
    """The runs of a stack, in their order, each a `Trajectory`; `varied` are the hyperparameters they differ in."""

    runs: Sequence[Trajectory]
    varied: Mapping[str, np.ndarray]

    def __getitem__(self, place: Any) -> Any:
        return self.runs[place]

    def __len__(self) -> int:
        return len(self.runs)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each run and recorded step: `run`, what the runs differ in, `step`, `epoch`, and what was measured.

        `learning_rate` is the rate of the step; of a schedule, the scheduled one.
        """
        import pandas as pd

        frames = []
        for place, run in enumerate(self.runs):
            varied = {name: values[place] for name, values in self.varied.items() if name not in run.columns}
            frames.append(pd.DataFrame({"run": place, **varied, **run.columns}))
        return pd.concat(frames, ignore_index=True)

    @property
    def outcomes(self) -> list[str]:
        """How each run ended."""
        return [run.outcome for run in self.runs]

    @property
    def start(self) -> Theta:
        """Where each run started."""
        return np.stack([run.start for run in self.runs])

    @property
    def theta(self) -> Theta:
        """Where each run ended."""
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
    """Let a stack of runs descend in this process, untracked.

    Hyperparameters of the optimizer and the schedule may be lists, and so may the seed: they are values for the runs,
    one each, and must be equally many.

    Parameters
    ----------
    problem
        One for all runs, or problems that differ in nothing but where runs start, one a run.
    stopping
        The budget and the other ends; by default those of the problem's configuration, with `max_steps` or
        `max_epochs` in place of its budget.
    seed
        Decides where a run starts and the order of its mini-batches.
    theta
        Where the runs start, (runs, parameters), in place of what the problem and the seed say.
    record
        `points`, `spacing`, `sharpness` and `path`, as in the section `record` of a configuration.

    Raises
    ------
    ValueError
        If lists are of different lengths, or a value is out of its range.

    """
    problems = list(problem) if isinstance(problem, Iterable) else [problem]
    seeds = [seed] if isinstance(seed, int) else [int(each) for each in seed]
    schedule = schedule or SCHEDULES["constant"]()
    sizes = {
        "problem": len(problems),
        "seed": len(seeds),
        **({"theta": len(theta)} if theta is not None else {}),
        **{name: per_run(name, getattr(rule, name)).size for rule in (optimizer, schedule) for name in columns(rule)},
    }
    runs = max(sizes.values())
    for name, size in sizes.items():
        if size not in (1, runs):
            raise ValueError(f"{name} must have one value or {runs}, one for each run, got {size}")
    problems = problems * runs if len(problems) == 1 else problems
    seeds = seeds * runs if len(seeds) == 1 else seeds
    if theta is None:
        theta = stacked(
            [p.initial(stream(s, INIT_STREAM)) for p, s in zip(problems, seeds, strict=True)], problems[0].dtype
        )
    elif len(theta) == 1:
        theta = np.repeat(theta, runs, axis=0)
    stack = Stack(
        problem=problems[0],
        theta=theta,
        optimizer=optimizer,
        schedule=schedule,
        stopping=stopping or _stopping(problems[0], max_steps, max_epochs),
        seeds=seeds,
        record=Record(**{**defaults.file("train")["record"], **record}),
    )
    varied = {
        field.name: spread(rule, runs, np.float64).__dict__[field.name][:, 0]
        for rule in (schedule, optimizer)
        for field in fields(rule)  # type: ignore[arg-type]  # rules are dataclasses
        if sizes.get(field.name, 1) > 1
    }
    if len(set(seeds)) > 1:
        varied["seed"] = np.array(seeds)
    results = stack.results()
    return Trajectories([result for result in results if isinstance(result, Trajectory)], varied)


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
    """A configuration for `gdlab.sweep`, as `experiments/train.py` composes it: sections state what differs from conf/.

    A section is a mapping with a `name`, or the name alone: `config("parabola", {"name": "adam", "beta1": 0.5})`.
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
        "measurement": None if measurement is None else _section("measurement", measurement),
        "seed": seed,
        "seeds": {"init": seed, "batches": seed, **(seeds or {})},
    }


def _section(group: str, stated: Mapping[str, Any] | str) -> dict[str, Any]:
    """A section, complete: what is stated, and the rest from conf/."""
    given = dict(stated) if isinstance(stated, Mapping) else {"name": stated}
    return {**defaults.defaults(group, given["name"]), **given}


def _budget(file: Mapping[str, Any]) -> Mapping[str, Any]:
    """The section `stop` that a problem's file in conf/ chooses."""
    chosen = [entry["override /stop"] for entry in file.get("defaults", ()) if "override /stop" in entry]
    return defaults.defaults("stop", chosen[0] if chosen else "epochs")


def _stopping(problem: Problem, max_steps: int | None, max_epochs: int | None) -> Stopping:
    rules = dict(_budget(defaults.file(f"problem/{PROBLEMS.name_of(problem)}")))
    if max_steps is not None or max_epochs is not None:
        rules |= {"max_steps": max_steps, "max_epochs": max_epochs}
    return Stopping(**rules)
