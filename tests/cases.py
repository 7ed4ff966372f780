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
from gdlab.descent.stopping import Stopping
from gdlab.problems.activations import ACTIVATIONS
from gdlab.problems.costs import COSTS
from gdlab.problems.data import Data
from gdlab.problems.network import Network
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
        return OmegaConf.to_container(compose("train", list(overrides)), resolve=True)


def config(*overrides: str) -> Any:
    """What the command line's overrides compose to, as plain mappings."""
    return copy.deepcopy(_composed(*overrides))


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
