"""Configurations, and the stacks built from them.

A configuration is a plain mapping, as config files state it, with interpolations resolved. Its sections are `problem`,
`optimizer`, `schedule`, `stop`, `record`, `seeds` and optionally `measurement`. The `name` in a section chooses from a
registry; nothing that is not registered can be built.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from gdlab.arrays import Point, Theta, columns, stacked
from gdlab.blas import one_thread
from gdlab.checks import hint, whole
from gdlab.descent.batches import Fork, Forks
from gdlab.descent.loop import Snapshot, descend
from gdlab.descent.schedules import SCHEDULES, Schedule
from gdlab.descent.stopping import Stopping
from gdlab.descent.trajectory import recorded
from gdlab.measure.measurements import MEASUREMENTS, Measurement, Setting
from gdlab.optimizers import OPTIMIZERS, Optimizer
from gdlab.problems import PROBLEMS
from gdlab.problems.data import load
from gdlab.problems.problem import Problem, steps_per_epoch
from gdlab.registry import Registry
from gdlab.results import Result
from gdlab.seeds import INIT_STREAM, stream
from gdlab.sweeps import progress
from gdlab.sweeps.record import NEVER, HasSharpness, Record

Config = Mapping[str, Any]

SECTIONS = ("problem", "optimizer", "schedule", "stop", "record", "seeds")
SEEDS, FORK = ("init", "batches"), ("fork_step", "fork")  # keys of the section `seeds`
MOST_PROBLEMS = 256  # kept in memory; one with its data takes some 100 MB, but problems share data

_problems: dict[str, Problem] = {}


class ConfigurationError(ValueError):
    """A configuration that cannot be run; the message names the key, the rule and the value."""


SINGLE: dict[str, Callable[..., Any]] = {"problem.data": load, "stop": Stopping, "record": Record}
REGISTRIES: dict[str, Registry[type[Any]]] = {
    "problem": PROBLEMS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "measurement": MEASUREMENTS,
}


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Runs that share all but their hyperparameters, starts and seeds, ready to descend."""

    problem: Problem
    theta: Theta
    optimizer: Optimizer
    schedule: Schedule
    stopping: Stopping
    seeds: Sequence[int]
    record: Record
    measurement: Measurement | None = None
    forks: Forks | None = None

    @property
    def steps(self) -> int:
        """The budget of each run, in steps."""
        return self.stopping.steps(steps_per_epoch(self.problem))

    def descend(self) -> Iterator[Snapshot]:
        """The snapshots of the descent."""
        return descend(
            self.problem,
            self.theta,
            self.optimizer,
            schedule=self.schedule,
            stopping=self.stopping,
            seeds=self.seeds,
            points=self.record.points,
            spacing=self.record.spacing,
            extra_metrics=self.record.extra_metrics(self.problem),
            forks=self.forks,
        )

    def measure(self) -> Result:
        """The result of the stack's measurement."""
        assert self.measurement is not None
        setting = Setting(
            problem=self.problem,
            theta=self.theta[:1],
            optimizer=self.optimizer,
            schedule=self.schedule,
            stopping=self.stopping,
            seed=self.seeds[0],
        )
        with _within("measurement"), one_thread():
            return self.measurement(setting)

    def results(self) -> Sequence[Result]:
        """Each run's trajectory, or the measurement's result."""
        if self.measurement:
            result = self.measure()
            progress.report(self.steps)
            return [result]
        return recorded(progress.watched(self.descend(), len(self.theta), self.steps), self.theta, self.record.path)


def build(configs: Sequence[Config]) -> Stack:
    """The stack of these runs, whose `key.shared` must be equal.

    Raises
    ------
    ConfigurationError, gdlab.problems.data.DataError
        For a value out of range, an unknown or missing key, a name that is not registered, or a measurement that
        does not apply to the problem.

    """
    first = configs[0]
    problems = [problem(config) for config in configs]
    own_seeds = [seeds(config) for config in configs]
    measurement = _build("measurement", [first["measurement"]]) if is_measurement(first) else None
    if measurement and not measurement.requires.is_met(problems[0]):
        raise ConfigurationError(
            f"measurement={MEASUREMENTS.name_of(measurement)} needs {measurement.requires.description}, "
            f"and the problem is {PROBLEMS.name_of(problems[0])}"
        )
    record = _build("record", [first["record"]])
    if record.sharpness != NEVER and not isinstance(problems[0], HasSharpness):
        raise ConfigurationError(
            f"record.sharpness={record.sharpness} needs a network or a landscape, "
            f"and the problem is {PROBLEMS.name_of(problems[0])}"
        )
    return Stack(
        problem=problems[0],
        theta=stacked(
            [_initial(p, s["init"]) for p, s in zip(problems, own_seeds, strict=True)],
            problems[0].dtype,
        ),
        optimizer=_build("optimizer", [config["optimizer"] for config in configs]),
        schedule=_build("schedule", [config["schedule"] for config in configs]),
        stopping=_build("stop", [first["stop"]]),
        seeds=[s["batches"] for s in own_seeds],
        record=record,
        measurement=measurement,
        forks=[fork(config) for config in configs],
    )


def _initial(problem: Problem, seed: int) -> Point:
    with _within("problem"):
        return problem.initial(stream(seed, INIT_STREAM))


def train_stack(configs: Sequence[Config]) -> Sequence[Result]:
    """Build a stack, and train it or measure: a worker's task."""
    return build(configs).results()


def load_problem(config: Config) -> None:
    """Load a configuration's problem with its data, which the process then keeps: a worker's first task."""
    problem(config)


def problem(config: Config) -> Problem:
    """A configuration's problem; equal sections share one object."""
    text = canonical_text(section := config["problem"])
    found = _problems.get(text)
    if found is None:
        if len(_problems) >= MOST_PROBLEMS:
            _problems.clear()
        arguments = dict(section) if isinstance(section, Mapping) else section
        if isinstance(arguments, dict) and "data" in arguments:
            arguments["data"] = _build("problem.data", [arguments["data"]])
        found = _problems[text] = _build("problem", [arguments])
    return found


def seeds(config: Config) -> dict[str, Any]:
    """A configuration's seeds, and the step and the seed of its fork, checked."""
    checked = _checked_keys("seeds", config["seeds"], (*SEEDS, *FORK), FORK)
    with _within("seeds"):
        for use in SEEDS:
            whole(use, checked[use], 0)
        given = [name for name in FORK if checked.get(name) is not None]
        for name in given:
            whole(name, checked[name], 0)
        if len(given) == 1:
            raise ValueError(f"{FORK[0]} and {FORK[1]} must be given together, got {given[0]} alone")
        if given and config["problem"].get("batch_size") is None:
            raise ValueError(f"{FORK[0]} changes the order of mini-batches, of which there are none: leave it null")
    return checked


def fork(config: Config) -> Fork | None:
    """The change of a configuration's order of mini-batches; None if it has none."""
    step, seed = (seeds(config).get(name) for name in FORK)
    return None if step is None or seed is None else Fork(step, seed)


def optimizer(section: Mapping[str, Any]) -> Optimizer:
    """The optimizer of a section; raises as `build` does."""
    return cast(Optimizer, _build("optimizer", [section]))


def is_measurement(config: Config) -> bool:
    """True if a configuration asks for a measurement in place of a run."""
    return config.get("measurement") is not None


def flat(config: Config, prefix: str = "") -> dict[str, Any]:
    """A nested mapping flattened, its keys joined with dots."""
    leaves: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping):
            leaves |= flat(value, f"{prefix}{name}.")
        else:
            leaves[f"{prefix}{name}"] = value
    return leaves


def canonical_text(value: Any) -> str:
    """JSON that is the same for equal values, 1 and 1.0 among them."""

    def simple(value: Any) -> Any:
        if isinstance(value, float):
            return int(value) if value.is_integer() else value
        if isinstance(value, str):  # most values are texts, and the next question is slow
            return value
        if isinstance(value, Mapping):
            return {name: simple(part) for name, part in value.items()}
        return [simple(part) for part in value] if isinstance(value, list | tuple) else value

    return json.dumps(simple(value), sort_keys=True)


def builder(path: str, section: Any) -> Callable[..., Any]:
    """The class or function that builds a section: the one its `name` chooses from a registry, if it has a registry."""
    if path in SINGLE:
        return SINGLE[path]
    name = section.get("name") if isinstance(section, Mapping) else section
    if not isinstance(name, str) or name not in REGISTRIES[path]:
        known = REGISTRIES[path]
        raise ConfigurationError(f"{path}.name must be one of {', '.join(known)}, got {name!r}{hint(name, known)}")
    return REGISTRIES[path][name]


def _checked_keys(
    path: str,
    section: Any,
    known: Collection[str],
    optional: Collection[str] = (),
    others: Collection[str] = (),
) -> dict[str, Any]:
    """A section as a dict, with all `known` keys and no unknown ones; the keys in `others` are removed."""
    if not isinstance(section, Mapping):
        raise ConfigurationError(f"{path} must be a section with the keys {', '.join(known)}, got {section!r}")
    values = {name: value for name, value in section.items() if name not in others}
    for name in values:
        if name not in known:
            raise ConfigurationError(
                f"unknown key {path}.{name}; valid keys of {path}: {', '.join(known) or 'none'}{hint(name, known)}"
            )
    for name in known:
        if name not in values and name not in optional:
            raise ConfigurationError(f"{path}.{name} is missing")
    return values


def _build(path: str, sections: Sequence[Any]) -> Any:
    """The object that the runs' sections describe: hyperparameters that may differ become columns."""
    build = builder(path, sections[0])
    parameters = _parameters(build)
    optional = [name for name, parameter in parameters.items() if parameter.default is not parameter.empty]
    chosen_by = ("name",) if path in REGISTRIES else ()
    runs = [_checked_keys(path, section, parameters, optional, chosen_by) for section in sections]
    may_differ = columns(build) if dataclasses.is_dataclass(build) else ()
    with _within(path):
        return build(**{name: [run[name] for run in runs] if name in may_differ else runs[0][name] for name in runs[0]})


@cache
def _parameters(build: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(build).parameters


@contextmanager
def _within(path: str) -> Iterator[None]:
    """Prefix the key that an error message begins with by its section."""
    try:
        yield
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        raise ConfigurationError(f"{path}.{error}") from None
