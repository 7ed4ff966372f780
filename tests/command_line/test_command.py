"""The command around a task: early signals, outputs that nobody reads, folders that cannot be written."""

import os
import signal
import subprocess
import sys

import pytest
from commands import ROOT, count, single_line, train

TRAIN = str(ROOT / "experiments" / "train.py")
DURING_THE_IMPORTS = """
import os, runpy, sys

class Signal:
    def find_spec(name, path=None, target=None):
        if name == "hydra":
            os.kill(os.getpid(), int(sys.argv[1]))

sys.meta_path.insert(0, Signal)
sys.path.insert(0, os.path.dirname(sys.argv[2]))
runpy.run_path(sys.argv[2], run_name="__main__")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_imports_is_one_line(number, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", DURING_THE_IMPORTS, str(int(number)), TRAIN],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    assert done.returncode == 128 + number
    assert (done.stdout, single_line(done.stderr)) == ("", ENDINGS[number])
    assert not list(tmp_path.iterdir())


ENDINGS = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "the terminal was closed",
}


def test_a_signal_that_nohup_ignores_is_ignored(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", DURING_THE_IMPORTS, str(int(signal.SIGHUP)), TRAIN, "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert done.returncode == 1 and done.stderr == f"error: cannot parse {int(signal.SIGHUP)}: write key=value\n"


def test_a_closed_pipe_is_one_line_and_costs_no_run(workplace):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, TRAIN, "problem=parabola", "stop.max_steps=2"]
    done = subprocess.run(command, cwd=workplace, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert done.returncode == 1
    assert single_line(done.stderr) == "error: the output cannot be written: Broken pipe"
    assert count(workplace, "FROM runs WHERE status = 'FINISHED'") == 1


def test_a_folder_that_cannot_be_made_is_one_line(workplace):
    for name in ("outputs", "multirun"):
        (workplace / name).write_text("a file")
    for sweep, name, key in (((), "outputs", "hydra.run.dir"), (("-m",), "multirun", "hydra.sweep.dir")):
        done = train(workplace, *sweep, "problem=parabola")
        line = single_line(done.stderr)
        assert line.startswith(f"error: {name}/")
        assert line.endswith(f" cannot be made: Not a directory; launch from another folder, or name one with {key}")
    assert not count(workplace, "FROM runs")


def test_a_cache_that_cannot_be_written_is_done_without(workplace):
    (workplace / "cache").write_text("a file")
    done = train(workplace, "stop.max_steps=1", GDLAB_CACHE=str(workplace / "cache"))
    assert (done.returncode, done.stderr) == (0, "")
    assert count(workplace, "FROM runs WHERE status = 'FINISHED'") == 1


def test_an_argument_that_is_no_text_is_one_line(tmp_path):
    done = train(tmp_path, "seed=\udcff")
    assert single_line(done.stderr) == r"error: 'seed=\udcff' is not valid UTF-8"
