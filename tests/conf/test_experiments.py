"""Every experiment in conf/: all of its jobs compose and build, and one of each kind takes two steps."""

from functools import cache

import pytest
from cases import changed
from commands import ROOT
from plugins import composed_jobs

import gdlab
from gdlab.sweeps import configuration, key

EXPERIMENTS = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml"))
MANY = {  # experiments of which some jobs stand for all: their cases with fewer seeds
    "ten_thousand_seeds": (
        "hydra.sweeper.cases=['seed=range(3)','seed=0 seeds.init=range(20000,20002) seeds.batches=range(20000,20002)',"
        "'seed=range(3) optimizer.learning_rate=2.0']",
    ),
    "fork": ("seed=range(1)",),
    "lr_schedules": ("seed=range(2)",),
    "lr_optimizers": ("seed=range(2)",),
    "double_descent": ("seed=range(1)",),
}
SMALL = {  # what a measurement is cut down to
    "basins": {"starts": 3},
    "batch_gradients": {"sizes": [1, 2], "draws": 2},
    "directions": {"count": 5},
    "scores": {},
    "slopes": {"count": 5},
    "trainability": {"zoom": 0, "pixels": 2, "stride": 1, "tile": 0},
}


@pytest.fixture(scope="module")
def jobs():
    """The configurations of an experiment's jobs, composed once."""
    return cache(lambda experiment: composed_jobs(experiment, *MANY.get(experiment, ())))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_job_of_an_experiment_composes_and_builds(jobs, experiment):
    keys = [key.key(config) for config in jobs(experiment) if configuration.build([config])]
    assert len(set(keys)) == len(keys) > 1


def kind(config):
    """What jobs that differ only in rates, starts and seeds have in common."""
    measurement = config.get("measurement")
    return key.shared(config), repr({**measurement, **SMALL[measurement["name"]]} if measurement else None)


def two_steps(config):
    """A job as small as it can be and still be the same in kind."""
    config = changed(config, stop={"max_steps": 2, "max_epochs": None}, record={"points": 2})
    return changed(config, measurement=SMALL[config["measurement"]["name"]]) if "measurement" in config else config


def test_one_job_of_each_kind_takes_two_steps_and_is_tracked(jobs, here):
    kinds = {}
    for experiment in EXPERIMENTS:
        for config in jobs(experiment):
            kinds.setdefault(kind(config), (experiment, config))
    assert len(kinds) > 50
    names = [f"{experiment} {number}" for number, (experiment, _) in enumerate(kinds.values())]
    results = gdlab.sweep(
        [two_steps(config) for _, config in kinds.values()], f"sqlite:///{here}/mlflow.db", "two steps", names=names
    )
    assert {result.name: result.failure.message for result in results if result.failure} == {}
    assert sorted(result.name for result in results) == sorted(names)
    for result in results:
        assert result.outcome in ("measured", "converged") or (result.outcome, result.final["steps"]) == ("budget", 2)
