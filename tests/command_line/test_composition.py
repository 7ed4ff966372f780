"""Jobs composed together are what Hydra composes one by one."""

from pathlib import Path

import pytest
from commands import ROOT
from hydra._internal.callbacks import Callbacks
from hydra.types import HydraContext
from omegaconf import MissingMandatoryValue, OmegaConf, open_dict
from plugins import multirun

from hydra_plugins._composition import Composition
from hydra_plugins._family import resolved
from hydra_plugins._internals import plain, yaml_text
from hydra_plugins.stacked_launcher import StackedLauncher, stackable

EXPERIMENTS = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml"))
JOBS = {
    "values": [["optimizer.learning_rate=0.1", "seed=1"], ["optimizer.learning_rate=1e-3", "seed=2"]],
    "lists and texts": [["problem.hidden=[8]", "problem.activation=tanh"], ["problem.hidden=[16,4]", "seed=3"]] * 2,
    "null": [["problem.batch_size=null"], ["problem.batch_size=8"], ["problem.batch_size=null"]],
    "interpolations": [["seeds.init=7"], ["seeds.init=${seed}"], ["seeds.init=8"], ["seeds.batches=${seeds.init}"]],
    "texts of several keys": [
        ["tracking.experiment=${optimizer.name}_${seed}_${stop.max_steps}", f"seed={n}"] for n in (1, 2)
    ],
    "keys of Hydra's": [["tracking.experiment=${hydra.job.num}", f"seed={n}"] for n in (1, 2)],
    "the environment": [["tracking.experiment=${oc.env:HOME}", f"seed={n}"] for n in (1, 2)],
    "resolvers": [
        ["seed=1", "seeds.init=${oc.select:seed}"],
        ["seed=2", "seeds.init=3"],
        ["seed=3", "seeds.init=${seed}"],
    ],
    "a section's copy": [["seed=1", "problem.initializer=${optimizer}"], ["seed=2", "problem.initializer=constant"]],
    "escapes": [["tracking.experiment='\\${seed}'"], ["tracking.experiment='\\\\${seed}'"], ["tracking.experiment=a"]],
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
        config.hydra.runtime.output_dir = str(Path(config.hydra.sweep.dir, str(config.hydra.sweep.subdir)).absolute())
    return config


def assert_same(composition, hydra, master, jobs):
    assert master.hydra.sweep.dir  # as in a sweep: its time is then that of all jobs
    for number, overrides in enumerate(jobs):
        expected = by_hydra(hydra, master, overrides, number)
        job = composition.job(overrides, number)
        assert OmegaConf.to_yaml(job.config()) == OmegaConf.to_yaml(expected)
        assert str(job.folder) == expected.hydra.runtime.output_dir
        task = [name for name in expected if name != "hydra"]
        assert repr(job.task()) == repr({name: resolved(expected[name]) for name in task})
        files = job.files()
        assert files["hydra.yaml"] == OmegaConf.to_yaml(OmegaConf.masked_copy(expected, ["hydra"]))
        assert files["config.yaml"] == OmegaConf.to_yaml(
            OmegaConf.masked_copy(expected, [n for n in expected if n in task])
        )
        assert files["overrides.yaml"] == OmegaConf.to_yaml(expected.hydra.overrides.task)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_is_composed_as_hydra_does(experiment):
    hydra, master = multirun(f"experiment={experiment}")
    listed = next(f"problem.{key}" for key in ("hidden", "start", "batch_size") if key in master.problem)
    jobs = [
        [f"experiment={experiment}", f"optimizer.learning_rate={rate}", f"seed={seed}", f"{listed}=[{values}]"]
        for rate, seed, values in ((0.1, 0, "16,16"), (3, 0, "8"), (3, 1, "8"))
    ]
    assert_same(Composition(hydra.config_loader, master), hydra, master, jobs)


@pytest.mark.parametrize("kind", JOBS)
def test_every_kind_of_override_is_composed_as_hydra_does(kind):
    hydra, master = multirun()
    assert_same(Composition(hydra.config_loader, master), hydra, master, JOBS[kind])


@pytest.mark.parametrize(
    "subdir",
    [
        "job_${hydra.job.num}_${seed}",
        "${hydra.job.override_dirname}",
        "${optimizer.name}/${optimizer.learning_rate}",
        "${oc.select:seed}",
    ],
)
def test_folders_are_named_as_by_hydra(subdir):
    hydra, master = multirun(f"hydra.sweep.subdir='{subdir}'")
    jobs = [[f"optimizer.learning_rate={rate}", f"seed={seed}"] for rate in (0.5, 1e-3) for seed in (7, 8)]
    assert_same(Composition(hydra.config_loader, master), hydra, master, jobs)


def test_a_value_that_is_missing_is_an_error_of_its_job():
    hydra, master = multirun()
    composition = Composition(hydra.config_loader, master)
    first, second, third = (composition.job([f"problem.hidden={value}"], 0) for value in ("[8]", "'???'", "[4]"))
    assert first.task()["problem"]["hidden"] == [8]
    with pytest.raises(MissingMandatoryValue, match="problem.hidden"):
        second.task()
    assert third.task()["problem"]["hidden"] == [4]


def test_jobs_are_composed_while_they_are_read():
    hydra, master = multirun()
    begun = []

    def run_jobs(jobs, /, **settings):
        assert len(jobs) == 3
        reading = iter(jobs)
        first = next(reading)
        begun.append((first.config["seed"], launcher.composition.loaded))
        begun.extend((job.config["seed"], launcher.composition.loaded) for job in reading)
        return ["a result"]

    launcher = StackedLauncher(workers=None, rows=None, engine="local", address=None)
    context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks())
    launcher.setup(hydra_context=context, task_function=stackable(run_jobs)(lambda config: None), config=master)
    results = launcher.launch([["seed=1"], ["seed=2"], ["optimizer=adam", "seed=3"]], initial_job_idx=0)
    assert begun == [(1, 1), (2, 1), (3, 2)]
    assert [result.overrides for result in results] == [["seed=1"], ["seed=2"], ["optimizer=adam", "seed=3"]]
    assert launcher.earlier == ["a result"]


def test_plain_values_are_composed_once(monkeypatch):
    hydra, master = multirun()
    composition = Composition(hydra.config_loader, master)
    loaded = []
    load = hydra.config_loader.load_sweep_config
    monkeypatch.setattr(hydra.config_loader, "load_sweep_config", lambda *a: loaded.append(a) or load(*a))
    for number in range(10):
        composition.job([f"seed={number}", "optimizer.learning_rate=0.1"], number)
    assert len(loaded) == 1


def test_text_is_omegaconfs():
    tricky = {"a": "1.0", "b": "yes", "c": 1e-8, "d": [1, "x y" * 60], "e": None, "f": "é: #", "g": {}, "h": "1e3"}
    config = OmegaConf.create(tricky)
    assert yaml_text(plain(config)) == OmegaConf.to_yaml(config)
