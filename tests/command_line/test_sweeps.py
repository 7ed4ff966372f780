"""Sweeps, end to end: what they leave, what they take up again, how they fail."""

import os
import shutil
import subprocess
import sys

import pytest
import yaml
from cases import config
from commands import ROOT, single_line, train
from launches import sweep
from stores import children_of, launched_here, parents_of, results_of, runs_of

SMALL = ("problem=parabola", "stop.max_steps=40")


@pytest.fixture(scope="module")
def grid(tmp_path_factory, empty_store):
    """Six small networks, and what the command said."""
    folder = tmp_path_factory.mktemp("grid")
    shutil.copy(empty_store, folder)
    overrides = ["-m", "optimizer.learning_rate=geomspace:0.1:10:3", "seed=range(2)", "stop.max_epochs=1"]
    done = train(folder, *overrides, "hydra.sweep.dir=out", "hydra.sweep.subdir=job_${hydra.job.num}_${seed}")
    assert done.returncode == 0, done.stderr
    return folder, done


def test_a_sweep_is_a_parent_with_a_note_and_its_runs(grid):
    folder, _ = grid
    (parent,) = parents_of(folder)
    children = children_of(folder)
    assert {run.info.status for run in [parent, *children]} == {"FINISHED"}
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    names = {f"learning_rate={rate} seed={seed}" for rate in (0.1, 1.0, 10.0) for seed in (0, 1)}
    assert {run.info.run_name for run in children} == names
    note = parent.data.tags["mlflow.note.content"]
    best = min(children, key=lambda run: run.data.metrics["final_cost"])
    assert "6 jobs: 6 trained." in note
    assert f"Lowest final cost: {best.info.run_name}." in note
    assert all(name in note for name in names)
    table = (folder / parent.info.artifact_uri / "runs.md").read_text()
    assert len(table.splitlines()) == 8


def test_a_sweep_ends_with_a_table(grid):
    _, done = grid
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["run", "outcome", "steps", "final", "cost", "test", "accuracy"]
    costs = [float(line.split()[-2]) for line in lines[1:7]]
    assert costs == sorted(costs)
    assert lines[7].startswith("6 runs: 6 trained (")
    assert lines[8].startswith("see it: mlflow ui --backend-store-uri sqlite:///mlflow.db, http://127.0.0.1:5000/#/")
    assert done.stderr == ""


def test_a_run_of_a_sweep_is_the_run_alone(grid, workplace):
    folder, _ = grid
    done = train(workplace, "optimizer.learning_rate=10.0", "seed=1", "stop.max_epochs=1")
    assert done.returncode == 0, done.stderr
    ((key, alone),) = results_of(workplace).items()
    assert results_of(folder)[key] == alone


def test_every_job_has_hydras_folder(grid):
    folder, _ = grid
    places = sorted(place.name for place in (folder / "out").iterdir() if place.is_dir())
    assert places == ["job_0_0", "job_1_1", "job_2_0", "job_3_1", "job_4_0", "job_5_1"]
    config = yaml.safe_load((folder / "out" / "job_3_1" / ".hydra" / "config.yaml").read_text())
    assert config["optimizer"]["learning_rate"] == 1.0 and config["seed"] == 1
    settings = yaml.safe_load((folder / "out" / "job_3_1" / ".hydra" / "hydra.yaml").read_text())["hydra"]
    assert settings["job"]["num"] == 3
    assert settings["runtime"]["output_dir"] == str(folder / "out" / "job_3_1")
    overrides = yaml.safe_load((folder / "out" / "job_3_1" / ".hydra" / "overrides.yaml").read_text())
    assert overrides == ["optimizer.learning_rate=1.0", "seed=1", "stop.max_epochs=1"]
    assert (folder / "out" / "multirun.yaml").exists()


def test_a_stacked_job_leaves_the_files_of_hydras_basic_launcher(tmp_path, empty_store):
    left = {}
    for launcher in ("stacked", "basic"):
        folder = tmp_path / launcher
        folder.mkdir()
        shutil.copy(empty_store, folder)
        done = train(folder, "-m", *SMALL, "seed=0,1", f"hydra/launcher={launcher}", "hydra.sweep.dir=out")
        assert done.returncode == 0, done.stderr
        assert {run.info.status for run in runs_of(folder)} == {"FINISHED"}
        left[launcher] = {
            str(path.relative_to(folder)): path.read_text().replace(str(folder), "").replace(launcher, "")
            for path in folder.glob("out/*/.hydra/*.yaml")
        }
        left[launcher] = {
            name: [line for line in text.splitlines() if "_launcher" not in line and "Launcher" not in line]
            for name, text in left[launcher].items()
        }
        assert results_of(folder)
    own = ("workers: null", "rows: null", "engine: local", "address: null")
    for name, lines in left["basic"].items():
        assert [line for line in left["stacked"][name] if line.strip() not in own] == lines
    assert len(left["basic"]) == 6
    assert results_of(tmp_path / "stacked") == results_of(tmp_path / "basic")


def test_a_sweep_trains_only_what_is_missing(workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    launched_here(workplace, *SMALL, seeds=3)
    wider = train(workplace, "-m", *SMALL, "seed=range(4)", "optimizer.learning_rate=0.1")
    lines = wider.stdout.splitlines()
    assert lines[0] == "3 of 4 runs finished before and are reused; resume=false trains them again"
    assert lines[6].startswith("4 runs: 1 trained, 3 reused (")
    again = launched_here(workplace, *SMALL, seeds=4)
    assert [result.how for result in again] == ["reused"] * 4
    assert len(results_of(workplace)) == len(children_of(workplace)) == 4
    assert len(parents_of(workplace)) == 2
    all_of_it = train(workplace, "-m", *SMALL, "seed=range(2)", "resume=false")
    assert "2 runs: 2 trained (" in all_of_it.stdout
    assert len(children_of(workplace)) == 6


def test_a_job_stated_twice_is_trained_once(workplace):
    done = train(workplace, "-m", *SMALL, "optimizer.learning_rate=0.1,0.10,1e-1,0.2")
    assert done.returncode == 0, done.stderr
    assert "4 runs: 2 trained, 2 reused (" in done.stdout
    assert len(children_of(workplace)) == 2


def test_a_dry_run_says_what_would_be_done_and_does_nothing(tmp_path, empty_store, monkeypatch):
    bad = ["-m", *SMALL, "optimizer.learning_rate=0.1,-1", "seed=range(2)"]
    done = train(tmp_path, *bad, "dry_run=true", "hydra.launcher.rows=1")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[:3] for line in lines[1:5]] == [
        ["#0", "stack", "1"],
        ["#1", "stack", "2"],
        ["#2", "invalid:", "optimizer.learning_rate"],
        ["#3", "invalid:", "optimizer.learning_rate"],
    ]
    assert lines[5] == "4 jobs: 2 to train, in 2 stacks of 1, 1 rows, by 2 workers; 2 invalid"
    assert lines[6].startswith("estimated time: ")
    assert not (tmp_path / "mlflow.db").exists()
    shutil.copy(empty_store, tmp_path)
    monkeypatch.chdir(tmp_path)
    launched_here(tmp_path, *SMALL, seeds=2)
    done = train(tmp_path, "-m", *SMALL, "seed=range(3)", "dry_run=true")
    assert [line.split()[1] for line in done.stdout.splitlines()[1:4]] == ["skipped:", "skipped:", "stack"]
    assert len(children_of(tmp_path)) == 2
    done = train(tmp_path, *SMALL, "dry_run=true")
    assert "1 job: 1 to train, in 1 stack of 1 rows, by 1 worker" in done.stdout


def test_failures_are_told_and_the_others_finish(workplace, monkeypatch):
    rates = "optimizer.learning_rate=0.1,-1,0.123,0.2,0.321,0.3"
    saboteur = str(ROOT / "tests" / "saboteur")
    done = train(workplace, "-m", *SMALL, rates, "hydra.sweep.dir=out", PYTHONPATH=saboteur)
    assert done.returncode != 0
    assert single_line(done.stderr).startswith("error: 3 of 6 runs failed: ")
    for rate in ("-1", "0.123", "0.321"):
        assert f"optimizer.learning_rate={rate}" in done.stderr
    told = {
        "-1": "optimizer.learning_rate must be greater than 0, got -1",
        "0.123": "ArithmeticError: the run went wrong half-way",
        "0.321": "the worker process ended with SIGKILL, 2 times, while it trained this run alone",
    }
    for rate, message in told.items():
        assert f"failed: learning_rate={rate}: {message}" in done.stdout
    runs = {run.data.params["optimizer.learning_rate"]: run for run in children_of(workplace)}
    assert {rate: run.info.status for rate, run in runs.items()} == {
        "0.1": "FINISHED",
        "0.2": "FINISHED",
        "0.3": "FINISHED",
        **dict.fromkeys(told, "FAILED"),
    }
    for rate, message in told.items():
        assert message in runs[rate].data.tags["mlflow.note.content"]
    trace = (workplace / runs["0.123"].info.artifact_uri / "traceback.txt").read_text()
    assert "Traceback" in trace and "the run went wrong half-way" in trace
    assert "Traceback" in (workplace / "out" / "2" / "train.log").read_text()
    (parent,) = parents_of(workplace)
    assert parent.info.status == "FAILED"
    assert "went wrong half-way" in parent.data.tags["mlflow.note.content"]
    monkeypatch.chdir(workplace)
    again = {rate: config(*SMALL, f"optimizer.learning_rate={rate}") for rate in ("0.1", "0.123")}
    results = sweep(f"sqlite:///{workplace}/mlflow.db", "train", again)
    assert {result.name: result.how for result in results} == {"0.1": "reused", "0.123": "trained"}
    assert len(results_of(workplace)) == 4


APP = """
import sys
import hydra
from hydra.experimental.callback import Callback


class Printer(Callback):
    def on_job_start(self, config, **kwargs):
        print("start", config.x, config.hydra.job.num)

    def on_job_end(self, config, job_return, **kwargs):
        print("end", config.x, job_return.status.name, job_return.cfg.x, job_return.hydra_cfg.hydra.job.num)


@hydra.main(version_base="1.3", config_path=None, config_name=None)
def app(config):
    print("job", config.x)


if __name__ == "__main__":
    app()
"""


def test_a_task_that_cannot_be_stacked_runs_job_by_job(tmp_path):
    (tmp_path / "app.py").write_text(APP)
    command = [sys.executable, "app.py", "-m", "+x=1,2", "hydra/launcher=stacked", "hydra/sweeper=grid"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("job")] == ["job 1", "job 2"]


STACKED = APP.replace(
    '@hydra.main(version_base="1.3", config_path=None, config_name=None)\n',
    """def run_jobs(jobs, /, *, folder, engine, rows, earlier, begin, end):
    begin([1])
    end(1, ValueError("bad"))
    begin([0])
    end(0, 5.0)
    return []


from hydra_plugins.stacked_launcher import stackable


@hydra.main(version_base="1.3", config_path=None, config_name=None)
@stackable(run_jobs)
""",
)


def test_callbacks_fire(tmp_path):
    (tmp_path / "app.py").write_text(STACKED)
    command = [sys.executable, "app.py", "-m", "+x=1,2", "hydra/launcher=stacked", "hydra/sweeper=grid"]
    callback = "+hydra.callbacks.printer._target_=app.Printer"
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [*command, callback], cwd=tmp_path, capture_output=True, text=True, timeout=120, env=env, check=False
    )
    assert done.returncode != 0
    assert "1 of 2 runs failed: +x=2" in done.stderr
    assert done.stdout.splitlines() == ["start 2 1", "end 2 FAILED 2 1", "start 1 0", "end 1 COMPLETED 1 0"]
