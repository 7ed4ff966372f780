"""Hydra's features on the command line, on every version of Hydra that is supported: `make test-hydra-next`."""

import re
import subprocess
from importlib.metadata import requires

import hydra
import pytest
from commands import ROOT, train
from packaging.requirements import Requirement

INTERNALS = re.compile(r"hydra\._internal|omegaconf\._|HydraConfig\.instance|items_ex|\._get_node|\._value\(")


def test_one_module_holds_all_internals():
    files = [path for folder in ("hydra_plugins", "experiments") for path in (ROOT / folder).glob("*.py")]
    assert {path.name for path in files if INTERNALS.search(path.read_text())} == {"_internals.py"}
    assert len(files) > 5


def test_options_can_stand_among_overrides(tmp_path):
    done = train(tmp_path, "problem=parabola", "-m", "seed=0,1", "dry_run=true")
    assert done.returncode == 0, done.stderr
    assert "2 jobs: 2 to train" in done.stdout


def test_an_experiment_is_a_sweep_without_the_option(tmp_path):
    done = train(tmp_path, "experiment=lr_parabola", "dry_run=true")
    assert done.returncode == 0, done.stderr
    assert "24 jobs: 24 to train" in done.stdout
    single = train(tmp_path, "experiment=lr_parabola", "dry_run=true", "hydra.mode=RUN")
    assert "1 job: 1 to train" in single.stdout


def test_the_environment_chooses_the_default_data(tmp_path):
    def data(*overrides, **variables):
        done = train(tmp_path, "--cfg", "job", "--package", "problem.data", *overrides, **variables)
        assert done.returncode == 0, done.stderr
        return re.search("name: (.*)", done.stdout)[1]

    assert data() == "mnist_5k"
    assert data(GDLAB_PROBLEM_DATA="digits") == "digits"
    assert data("problem/data=mnist", GDLAB_PROBLEM_DATA="digits") == "mnist"
    assert train(tmp_path, "--cfg", "job", "problem=parabola", GDLAB_PROBLEM_DATA="digits").returncode == 0


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        ("optimizer=a", {"optimizer=adam"}),
        ("problem/data=mnist", {"problem/data=mnist", "problem/data=mnist_5k"}),
        ("optimizer=adam optimizer.b", {"optimizer.beta1=", "optimizer.beta2="}),
        (
            "-m hydra.launcher.",
            {f"hydra.launcher.{key}=" for key in ("_target_", "address", "engine", "rows", "workers")},
        ),
    ],
)
def test_the_shell_completes(line, choices, tmp_path):
    typed = f"python experiments/train.py {line}"
    done = train(tmp_path, "-sc", "query=bash", COMP_LINE=typed, COMP_POINT=str(len(typed)))
    assert done.returncode == 0 and done.stderr == ""
    assert {choice for choice in done.stdout.split() if choice.startswith(line.split()[-1])} == choices


def test_the_completion_is_bash(tmp_path):
    done = train(tmp_path, "-sc", "install=bash")
    checked = subprocess.run(["bash", "-n"], input=done.stdout, text=True, capture_output=True, check=False)
    assert checked.returncode == 0 and "complete -o" in done.stdout


def test_verbose_shows_what_a_sweep_does(workplace):
    small = ("problem=parabola", "stop.max_steps=5")
    done = train(workplace, "-m", *small, "seed=range(6)", "hydra.launcher.rows=3", "hydra.verbose=gdlab")
    assert done.returncode == 0, done.stderr
    hydra_log = [line for line in done.stdout.splitlines() if "[HYDRA]" in line]
    log = [re.sub(r"^\[.*\]\[HYDRA\] |\d+\.\d\d s", "", line) for line in hydra_log]
    assert sum(line.startswith("stored ") for line in log) == 4  # the sweep's begin, two stacks, its end
    log = [line for line in log if not line.startswith("stored ")]
    assert log[:3] == [
        "6 jobs: 1 cases × 6 combinations of the axes",
        "composed 6 jobs in , 1 of them with Hydra's loader",
        "planned 6 jobs in : 0 reused, 6 to train, in stacks of 3, 3 rows",
    ]
    assert sorted(re.sub(r"worker \d", "worker", line) for line in log[3:5]) == [
        "worker: 3 runs of jobs 0 to 2, ",
        "worker: 3 runs of jobs 3 to 5, ",
    ]
    assert log[5] == "ran 6 jobs in , 0 failed" and len(log) == 6


def test_verbose_shows_what_a_run_does(workplace):
    small = ("problem=parabola", "stop.max_steps=5")
    quiet = train(workplace, *small)
    loud = train(workplace, *small, "hydra.verbose=gdlab")
    assert "DEBUG" not in quiet.stdout
    assert "[gdlab.sweeps.single][DEBUG] - built a run with 1 parameters in " in loud.stdout
    assert loud.stdout.count("[gdlab.tracking.sender][DEBUG] - stored 00000") == 2  # its begin and its end
    assert len(loud.stdout.splitlines()) == len(quiet.stdout.splitlines()) + 4


def test_batches_of_another_sweeper_are_one_sweep(workplace):
    small = ("problem=parabola", "stop.max_steps=5")
    batches = ("hydra/sweeper=basic", "hydra.sweeper.max_batch_size=2", "hydra.verbose=gdlab.launcher")
    done = train(workplace, "-m", *small, "seed=range(5)", *batches)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"composed (\d) jobs", done.stdout) == ["2", "2", "1"]
    again = train(workplace, "-m", *small, "seed=range(5)", "dry_run=true")
    assert "5 jobs: 0 to train; 5 to skip" in again.stdout
    assert len(list((workplace / "multirun").glob("*/*/[0-4]/.hydra"))) == 5


def test_this_version_of_hydra_is_one_that_is_required():
    (required,) = [Requirement(text) for text in requires("gdlab") if text.startswith("hydra-core")]
    assert required.specifier.contains(hydra.__version__, prereleases=True)
