"""Problems to test on, in one place."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import numpy as np
from commands import ROOT
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gdlab import problems
from gdlab.arrays import stacked
from gdlab.descent.schedules import SCHEDULES
from gdlab.descent.stopping import Stopping
from gdlab.measure.measurements import Setting
from gdlab.optimizers import OPTIMIZERS
from gdlab.problems.activations import ACTIVATIONS
from gdlab.problems.costs import COSTS
from gdlab.problems.data import Data
from gdlab.problems.network import Network
from gdlab.seeds import INIT_STREAM, stream
from hydra_plugins._internals import VERSION_BASE

LANDSCAPES = [
    problems.Parabola(),
    problems.Parabola(curvature=0.5, center=3.0),
    problems.Bowl(),
    problems.Ravine(curvature=5.0, condition=50.0),
    problems.DoubleWell(tilt=0.3),
    problems.Himmelblau(),
    problems.Rosenbrock(steepness=100.0),
    problems.Rastrigin(amplitude=10.0),
    problems.Saddle(),
    problems.UV(width=1, target=1.0),
    problems.UV(width=5, target=2.0),
]
NETWORKS = [(activation, output, cost) for activation in ACTIVATIONS for cost in COSTS for output in COSTS[cost].heads]


def small_data(examples: int = 40, features: int = 12, classes: int = 10) -> Data:
    """Random bytes with random labels: enough to differentiate."""
    rng = np.random.default_rng(7)
    uneven = np.concatenate([np.arange(classes), rng.integers(0, classes, examples)])  # every class, not equally often
    return Data(
        name="small",
        shape=(1, features),
        scale=1 / 255,
        train_features=rng.integers(0, 256, (examples, features), np.uint8),
        train_labels=rng.permutation(uneven[:examples]).astype(np.uint8),
        test_features=rng.integers(0, 256, (examples // 2, features), np.uint8),
        test_labels=rng.integers(0, classes, examples // 2).astype(np.uint8),
        classes=classes,
    )


def network(**changes: object) -> Network:
    """The lessons' network on small random data, with changes."""
    settings = {
        "data": small_data(),
        "hidden": (5, 4),
        "activation": "sigmoid",
        "output": "sigmoid",
        "cost": "quadratic",
        "initializer": "scaled_normal",
        "batch_size": None,
        "dtype": "float64",
        "examples": None,
    }
    return Network(**{**settings, **changes})


@cache
def _composed(*overrides: str) -> Any:
    with initialize_config_dir(str(ROOT / "conf"), **VERSION_BASE):
        composed = OmegaConf.to_container(compose("train", list(overrides)), resolve=True)
    return {name: section for name, section in composed.items() if name not in ("tracking", "resume", "dry_run")}


def config(*overrides: str) -> Any:
    """A run's configuration, as the command line's overrides compose to it."""
    return copy.deepcopy(_composed(*overrides))


def changed(config: Any, **sections: Any) -> Any:
    """A copy in which sections have other values, and keys outside of them."""
    new = copy.deepcopy(config)
    for name, values in sections.items():
        new[name] = {**new.get(name, {}), **values} if isinstance(values, dict) else values
    return new


def budget(steps: int, **changes: object) -> Stopping:
    """So many steps, with the default rules for other ends."""
    rules = {
        "max_epochs": None,
        "max_steps": steps,
        "diverged_above": 1000.0,
        "gradient_tolerance": 0.0,
        "cost_tolerance": None,
    }
    return Stopping(**{**rules, **changes})


def setting(problem: Any, learning_rate: float = 0.1, steps: int = 500, seed: int = 0) -> Setting:
    """Where a measurement is made: a problem's start, and plain descent from there."""
    return Setting(
        problem=problem,
        theta=stacked([problem.initial(stream(seed, INIT_STREAM))], problem.dtype),
        optimizer=OPTIMIZERS["gradient_descent"](learning_rate=learning_rate),
        schedule=SCHEDULES["constant"](),
        stopping=budget(steps),
        seed=seed,
    )
