"""From plain configurations to a stack that can descend.

A configuration is a mapping as a config file states it, resolved, with the sections `problem`, `optimizer`, `schedule`,
`stop`, `record` and `seeds`. `_target_` names what a section builds, and only what gdlab itself offers can be built.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

import gdlab
from gdlab import curvature, data, landscapes, measurements, network, optimizers, schedules, stopping
from gdlab.arrays import Costs, Theta, columns, stacked
from gdlab.batches import stream
from gdlab.checks import choice, whole
from gdlab.descent import SPACINGS, Also, Problem, Snapshot, descend, one_thread
from gdlab.trajectory import Measured

Config = Mapping[str, Any]

START_STREAM = 0  # the first of a seed's random streams; the second orders the mini-batches

BUILDABLE: dict[str, dict[str, Any]] = {
    "problem": {
        "gdlab.network.Network": network.Network,
        **{
            f"gdlab.landscapes.{kind.__name__}": kind
            for kind in (
                landscapes.Parabola,
                landscapes.Bowl,
                landscapes.Ravine,
                landscapes.DoubleWell,
                landscapes.Himmelblau,
                landscapes.Rosenbrock,
                landscapes.Rastrigin,
                landscapes.Saddle,
            )
        },
    },
    "problem.data": {"gdlab.data.load": data.load},
    "optimizer": {f"gdlab.optimizers.{name}": getattr(optimizers, name) for name in optimizers.RULES},
    "schedule": {f"gdlab.schedules.{name}": getattr(schedules, name) for name in schedules.SHAPES},
    "stop": {"gdlab.stopping.Stopping": stopping.Stopping},
    "measurement": {f"gdlab.measurements.{kind.__name__}": kind for kind in measurements.MEASUREMENTS},
}
SECTIONS = ("problem", "optimizer", "schedule", "stop", "record", "seeds")
MOST_PROBLEMS = 256  # that are kept; one with its data is some 100 MB, but the data is shared

_problems: dict[str, Problem] = {}

OWN_STARTS = ("start", "initializer")  # keys of a problem that decide only where a run starts


class ConfigurationError(ValueError):
    """A configuration that cannot be run; the message names the key, the rule and the value."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """Which steps are recorded, `spacing` being a key of `SPACINGS`, and at which of them the sharpness is: at none of
    them (`never`), the first (`start`), or all (`always`). `path`: whether theta itself is kept at all of them.
    """

    points: Any
    spacing: Any
    sharpness: Any
    path: Any

    def __post_init__(self) -> None:
        whole("points", self.points, 2)
        choice("spacing", self.spacing, SPACINGS)
        choice("sharpness", self.sharpness, ("never", "start", "always"))
        if not isinstance(self.path, bool):
            raise ValueError(f"path must be true or false, got {self.path!r}")

    def also(self, problem: Problem) -> Also | None:
        """What is recorded beside what the problem measures."""
        if self.sharpness == "never":
            return None
        known = cast(network.Network | landscapes.Landscape, problem)

        def sharpness(step: int, theta: Theta) -> dict[str, Costs]:
            if self.sharpness == "start" and step > 0:
                return {"sharpness": np.full(len(theta), np.nan)}
            return {"sharpness": curvature.sharpness(known, theta)}

        return sharpness


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Runs that share all but their hyperparameters, starts and seeds, ready to descend."""

    problem: Problem
    theta: Theta
    optimizer: optimizers.Optimizer
    schedule: schedules.Schedule
    stopping: stopping.Stopping
    seeds: Sequence[int]
    record: Record
    measurement: measurements.Measurement | None = None

    @property
    def steps(self) -> int:
        """The budget of each run, in steps."""
        return self.stopping.steps(self.problem.steps_per_epoch)

    def descend(self) -> Iterator[Snapshot]:
        return descend(
            self.problem,
            self.theta,
            self.optimizer,
            schedule=self.schedule,
            stopping=self.stopping,
            seeds=self.seeds,
            points=self.record.points,
            spacing=self.record.spacing,
            also=self.record.also(self.problem),
        )

    def measure(self) -> Measured:
        """What the measurement, which must be there, makes of the first run's configuration."""
        assert self.measurement is not None
        with _within("measurement"), one_thread():
            return self.measurement(
                self.problem, self.theta[:1], self.optimizer, self.schedule, self.stopping, self.seeds[0]
            )


def build(configs: Sequence[Config]) -> Stack:
    """The stack of these runs, which must agree on all that `shared` holds.

    Raises
    ------
    ConfigurationError, gdlab.data.DataError
        For a value out of its range, a key that does not exist or is missing, a target that gdlab does not offer, a
        measurement that the problem cannot have.

    """
    first = configs[0]
    problems = [problem(config) for config in configs]
    seeds = [_keys("seeds", config["seeds"], ("init", "batches")) for config in configs]
    with _within("seeds"):
        for pair in seeds:
            for use, seed in pair.items():
                whole(use, seed, 0)
    measurement = _section("measurement", [first["measurement"]]) if measures(first) else None
    if measurement and not measurement.needs.met(problems[0]):
        what, given = type(measurement).__name__, type(problems[0]).__name__
        raise ConfigurationError(f"measurement: {what} needs {measurement.needs.words}, and the problem is a {given}")
    return Stack(
        problem=problems[0],
        theta=stacked(
            [p.initial(stream(s["init"], START_STREAM)) for p, s in zip(problems, seeds, strict=True)],
            problems[0].dtype,
        ),
        optimizer=_section("optimizer", [config["optimizer"] for config in configs]),
        schedule=_section("schedule", [config["schedule"] for config in configs]),
        stopping=_section("stop", [first["stop"]]),
        seeds=[s["batches"] for s in seeds],
        record=_section("record", [first["record"]]),
        measurement=measurement,
    )


def problem(config: Config) -> Problem:
    """The problem that a configuration states: the same object wherever the same is stated."""
    section = config["problem"]
    text = _text(section)
    if text not in _problems:
        if len(_problems) == MOST_PROBLEMS:
            _problems.clear()
        stated = dict(section)
        if "data" in stated:
            stated["data"] = _section("problem.data", [stated["data"]])
        _problems[text] = _section("problem", [stated])
    return _problems[text]


def measures(config: Config) -> bool:
    """Whether a configuration states a measurement and not a run."""
    return config.get("measurement") is not None


def shared(config: Config) -> str:
    """What must be equal for two runs to descend in one stack, as text."""
    parts = {name: dict(config[name]) for name in SECTIONS if name != "seeds"}
    for name in OWN_STARTS:
        parts["problem"].pop(name, None)
    for name in ("optimizer", "schedule"):
        for column in columns(_target(name, parts[name])):
            parts[name].pop(column, None)
    return _text(parts)


def order_seed(config: Config) -> int | None:
    """The seed that orders a run's mini-batches; None if it has none."""
    return None if config["problem"].get("batch_size") is None else config["seeds"]["batches"]


def row_bytes(config: Config, own_order: bool) -> int:
    """Memory that one run's steps go through: theta, its gradient, and its examples if no other run shares them."""
    stated = problem(config)
    gathered = getattr(stated, "gathered_bytes", 0) if own_order else 0
    return 2 * stated.parameters * np.dtype(stated.dtype).itemsize + gathered


def key(config: Config) -> str:
    """Hash of everything that can change a run's result: its configuration, its data's digest, gdlab's version."""
    parts = {name: config[name] for name in (*SECTIONS, *(["measurement"] if measures(config) else []))}
    digest = getattr(getattr(problem(config), "data", None), "digest", None)
    return hashlib.sha256(_text([parts, digest, gdlab.__version__]).encode()).hexdigest()[:32]


def flat(config: Config, prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined with dots."""
    leaves: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping):
            leaves |= flat(value, f"{prefix}{name}.")
        else:
            leaves[f"{prefix}{name}"] = value
    return leaves


def _text(value: Any) -> str:
    """The same text for the same values, 1 and 1.0 among them."""

    def simple(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: simple(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [simple(part) for part in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return json.dumps(simple(value), sort_keys=True)


def _keys(path: str, section: Any, known: Collection[str], optional: Collection[str] = ()) -> dict[str, Any]:
    """A section as a dict, if it has the `known` keys and no others."""
    if not isinstance(section, Mapping):
        raise ConfigurationError(f"{path} must be a section with {', '.join(known)}, got {section!r}")
    for name in section:
        if name not in known:
            raise ConfigurationError(f"{path}.{name} is not a key: {path} has {', '.join(known) or 'none'}")
    for name in known:
        if name not in section and name not in optional:
            raise ConfigurationError(f"{path}.{name} is missing")
    return dict(section)


def _target(path: str, section: Any) -> Any:
    """The class or function that a section's `_target_` names; a section of which there is one kind names none."""
    if path == "record":
        return Record
    named = section.get("_target_") if isinstance(section, Mapping) else section
    if named not in BUILDABLE[path]:
        raise ConfigurationError(f"{path}._target_ must be one of {', '.join(BUILDABLE[path])}, got {named!r}")
    return BUILDABLE[path][named]


def _section(path: str, sections: Sequence[Any]) -> Any:
    """Build what the runs' sections state: hyperparameters that may differ become columns, the rest is the first's."""
    target = _target(path, sections[0])
    parameters = inspect.signature(target).parameters
    optional = [name for name, parameter in parameters.items() if parameter.default is not parameter.empty]
    runs = [
        _keys(path, {name: value for name, value in section.items() if name != "_target_"}, parameters, optional)
        for section in sections
    ]
    may_differ = columns(target) if dataclasses.is_dataclass(target) else ()
    with _within(path):
        return target(
            **{name: [run[name] for run in runs] if name in may_differ else runs[0][name] for name in runs[0]}
        )


@contextmanager
def _within(path: str) -> Iterator[None]:
    """Put the section's name before the key that a message begins with."""
    try:
        yield
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        raise ConfigurationError(f"{path}.{error}") from None
