"""A store of small sweeps, and the report made of it, once for all tests of the page."""

import shutil
import sys

import pytest
from launches import changed, config, sweep

from analysis import figures, report, scripts

LEARNING_RATES = {
    "lr_parabola": (0.001, 0.1, 1.0, 2.0),
    "lr_border": (0.5, 0.995, 1.004, 2.0),
    "lr_divergence": (0.1, 3.0, 300.0),
    "lr_optimizers": (0.1, 1.0),
    "lr_batch": (0.1, 3.0),
    "edge_of_stability": (0.01, 0.05),
}


def small(name, **sections):
    """A run of a study, on a tiny network and with few steps."""
    run = config(f"experiment={name}")
    if run["problem"]["name"] == "network":
        problem = {"hidden": [4], "data": {"name": "digits"}}
        run = changed(run, problem=problem, stop={"max_steps": 30, "max_epochs": None}, record={"points": 4})
    return changed(run, **sections)


def jobs(name):
    """The runs of a study, by name."""
    if name == "lr_parabola":
        bases, seeds = [small(name)], [0]
    elif name == "lr_border":
        overrides = ("problem=parabola", "problem.start=[5.0]", "record.sharpness=start", "stop.diverged_above=100")
        bases, seeds = [config(*overrides)], [0]
    elif name == "lr_batch":
        bases, seeds = [small(name, problem={"batch_size": size}) for size in (4, None)], [0, 1]
    elif name == "lr_optimizers":
        adam = config("optimizer=adam")["optimizer"]
        bases, seeds = [small(name), {**small(name), "optimizer": adam}], [0, 1]
    else:
        bases, seeds = [small(name)], [0] if name == "edge_of_stability" else [0, 1]
    return {
        f"{number} {rate} {seed}": changed(
            base, optimizer={"learning_rate": rate}, seed=seed, seeds={"init": seed, "batches": seed}
        )
        for number, base in enumerate(bases)
        for rate in LEARNING_RATES[name]
        for seed in seeds
    }


@pytest.fixture(scope="session")
def folder(tmp_path_factory, empty_store):
    """A store with some of the studies, small."""
    folder = tmp_path_factory.mktemp("store")
    shutil.copy(empty_store, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        uri = f"sqlite:///{folder}/mlflow.db"
        for name in LEARNING_RATES:
            assert not [result for result in sweep(uri, name, jobs(name)) if result.failure]
        walk = config(
            "problem=parabola", "problem.start=[5.0]", "stop.max_steps=7", "record.points=8", "record.spacing=even"
        )
        sweep(uri, "lessons", {"walk": walk, "scores": config("measurement=scores")})
    return folder


@pytest.fixture
def run(folder, monkeypatch):
    """Run a command's main with these arguments, where the store is, in this process."""

    def start(main, *arguments, where=folder):
        monkeypatch.chdir(where)
        monkeypatch.setattr(sys, "argv", ["script", *arguments])
        for module in (figures, report):
            monkeypatch.setattr(module, "in_parallel", map)
        scripts.exit_plainly(main)

    return start


@pytest.fixture
def page(run, folder):
    """The folder of the report, which is another than the default."""
    if not (folder / "out put").exists():
        run(report.main, "--output", "out put", "--results", "results/found.md")
    return folder / "out put"
