"""Jobs composed together are what Hydra composes one by one."""

import pytest
from commands import ROOT
from omegaconf import OmegaConf, open_dict
from plugins import multirun

from hydra_plugins._composition import Composition
from hydra_plugins._internals import plain, yaml_text

EXPERIMENTS = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml"))
JOBS = {
    "values": [["optimizer.learning_rate=0.1", "seed=1"], ["optimizer.learning_rate=1e-3", "seed=2"]],
    "lists and texts": [["problem.hidden=[8]", "problem.activation=tanh"], ["problem.hidden=[16,4]", "seed=3"]] * 2,
    "null": [["problem.batch_size=null"], ["problem.batch_size=8"], ["problem.batch_size=null"]],
    "interpolations": [["seeds.init=7"], ["seeds.init=${seed}"], ["seeds.init=8"], ["seeds.batches=${seeds.init}"]],
    "groups": [["optimizer=adam", "seed=1"], ["optimizer=momentum", "seed=1"], ["optimizer=adam", "seed=2"]],
    "a group and its keys": [
        ["problem=parabola", "problem.start=[1.0]", "stop.max_steps=5"],
        ["problem=bowl", "problem.start=[1.0,2.0]", "stop.max_steps=5"],
        ["problem=parabola", "problem.start=[2.0]", "stop.max_steps=6"],
    ],
    "additions": [["+optimizer.extra=1", "seed=1"], ["+optimizer.extra=2", "seed=2"], ["++seed=3"]],
    "deletions": [["~record.points"], ["seed=1"], ["~record.points", "seed=2"]],
    "sections": [["seeds={init:1}"], ["seeds={batches:2}"], ["seeds.init=3"]],
    "a section's own group": [["problem/data=digits", "seed=1"], ["problem/data=mnist", "seed=1"]],
    "quoted": [["tracking.experiment='a b'"], ["tracking.experiment='1.0'"], ["tracking.experiment=x-y"]],
    "Hydra's own": [["hydra.job.name=first", "seed=1"], ["hydra.job.name=second", "seed=2"]],
}


def by_hydra(hydra, master, overrides, number):
    config = hydra.config_loader.load_sweep_config(master, list(overrides))
    with open_dict(config):
        config.hydra.job.id = str(number)
        config.hydra.job.num = number
    return config


def assert_same(composition, hydra, master, jobs):
    for number, overrides in enumerate(jobs):
        expected = by_hydra(hydra, master, overrides, number)
        config = composition.config(overrides, number)
        assert OmegaConf.to_yaml(config) == OmegaConf.to_yaml(expected)
        task = {name for name in config if name != "hydra"}
        for name in task:
            assert str(config[name]) == str(expected[name])
        files = composition.files(config)
        assert files["hydra.yaml"] == OmegaConf.to_yaml(OmegaConf.masked_copy(expected, ["hydra"]))
        assert files["config.yaml"] == OmegaConf.to_yaml(
            OmegaConf.masked_copy(expected, [n for n in expected if n in task])
        )
        assert files["overrides.yaml"] == OmegaConf.to_yaml(expected.hydra.overrides.task)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_is_composed_as_hydra_does(experiment):
    hydra, master = multirun(f"experiment={experiment}")
    listed = "problem.hidden" if "hidden" in master.problem else "problem.start"
    jobs = [
        [f"experiment={experiment}", f"optimizer.learning_rate={rate}", f"seed={seed}", f"{listed}=[{values}]"]
        for rate, seed, values in ((0.1, 0, "16,16"), (3, 0, "8"), (3, 1, "8"))
    ]
    assert_same(Composition(hydra.config_loader, master), hydra, master, jobs)


@pytest.mark.parametrize("kind", JOBS)
def test_every_kind_of_override_is_composed_as_hydra_does(kind):
    hydra, master = multirun()
    assert_same(Composition(hydra.config_loader, master), hydra, master, JOBS[kind])


def test_plain_values_are_composed_once(monkeypatch):
    hydra, master = multirun()
    composition = Composition(hydra.config_loader, master)
    loaded = []
    load = hydra.config_loader.load_sweep_config
    monkeypatch.setattr(hydra.config_loader, "load_sweep_config", lambda *a: loaded.append(a) or load(*a))
    for number in range(10):
        composition.config([f"seed={number}", "optimizer.learning_rate=0.1"], number)
    assert len(loaded) == 1


def test_text_is_omegaconfs():
    tricky = {"a": "1.0", "b": "yes", "c": 1e-8, "d": [1, "x y" * 60], "e": None, "f": "é: #", "g": {}, "h": "1e3"}
    config = OmegaConf.create(tricky)
    assert yaml_text(plain(config)) == OmegaConf.to_yaml(config)
