"""Commands of a section: those that made its runs."""

import re
import shlex

import pytest
from commands import train

from analysis.page import commands
from analysis.studies import studies
from gdlab import tracking

WHOLE = "python experiments/train.py -m experiment=width"
SMALL = f"{WHOLE} 'problem.hidden=[8,8],[16,16]' seed=range(4)"
MNIST = "GDLAB_PROBLEM_DATA=mnist"


@pytest.mark.parametrize(
    ("launched", "shown"),
    [
        ([], []),
        ([SMALL], [SMALL]),
        ([f"{WHOLE} hydra.launcher.workers=1 seed=0", f"{WHOLE} seed=0"], [f"{WHOLE} seed=0"]),
        ([f"{WHOLE} hydra.mode=MULTIRUN", WHOLE], [WHOLE]),
        (
            ["python experiments/train.py experiment=width hydra.mode=MULTIRUN"],
            ["python experiments/train.py experiment=width hydra.mode=MULTIRUN"],
        ),
        ([SMALL, WHOLE], [WHOLE]),
        ([WHOLE, SMALL], [WHOLE]),
        ([SMALL, f"{WHOLE} seed=9"], [SMALL, f"{WHOLE} seed=9"]),
        ([SMALL, f"{MNIST} {WHOLE}"], [SMALL, f"{MNIST} {WHOLE}"]),
        ([f"{MNIST} {SMALL}", f"{MNIST} {WHOLE}"], [f"{MNIST} {WHOLE}"]),
    ],
)
def test_a_part_is_left_out_if_the_whole_was_launched_on_the_same_data(launched, shown):
    assert commands.without_parts(launched, WHOLE) == shown


def test_the_command_of_runs_trains_none_of_them_again(tmp_path):
    small = ["-m", "experiment=symmetry", "seed=range(2)", "stop.max_epochs=null", "stop.max_steps=2"]
    small += ["problem.hidden=[2]", "problem/data=digits"]
    assert train(tmp_path, *small, "hydra.launcher.workers=1").returncode == 0
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    (command,) = commands.launched(studies()["symmetry"], tracking.runs(uri, "symmetry"), uri)
    program, script, *arguments = shlex.split(command)
    assert [program, script, *arguments] == ["python", "experiments/train.py", *small]
    dry = train(tmp_path, *arguments, "dry_run=true")
    assert dry.returncode == 0 and re.search(r"\b0 to train", dry.stdout), dry.stdout + dry.stderr


def test_runs_that_no_sweep_launched_have_no_command(folder):
    uri = f"sqlite:///{folder}/mlflow.db"
    assert commands.launched(studies()["lr_parabola"], tracking.runs(uri, "lr_parabola"), uri) == []
