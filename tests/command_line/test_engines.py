"""The engine of a sweep, as it is chosen on the command line."""

import sys

import engines
import pytest
from commands import train
from messages import exactly

from gdlab.sweeps.remote import EngineError
from hydra_plugins.stacked_launcher import Engine, StackedLauncher

CHOSEN = {"workers": None, "rows": None, "engine": "local", "address": None}
REFUSED = {
    "hydra.launcher.engine must be one of local, dask, got slurm": {"engine": "slurm"},
    "hydra.launcher.address must be an address like tcp://host:8786 or null, got ''": {"engine": "dask", "address": ""},
    "hydra.launcher.address is for hydra.launcher.engine=dask: add that, or leave it null": {"address": "tcp://a:1"},
    "hydra.launcher.workers starts workers here: leave it null with hydra.launcher.address": {
        "engine": "dask",
        "address": "tcp://a:1",
        "workers": 2,
    },
}


@pytest.mark.parametrize("message", REFUSED)
def test_an_engine_that_cannot_be_is_refused(message):
    with pytest.raises(ValueError, match=exactly(message)):
        StackedLauncher(**{**CHOSEN, **REFUSED[message]})


def test_without_dask_a_line_says_how_to_install_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "gdlab.sweeps.cluster", raising=False)
    monkeypatch.setitem(sys.modules, "dask", None)
    message = "hydra.launcher.engine=dask needs Dask; to install it: pip install dask distributed"
    with pytest.raises(EngineError, match=exactly(message)):
        engines.workers(Engine("dask", None, 1), 1)


def test_a_scheduler_that_does_not_answer_is_named(tmp_path):
    chosen = ("hydra.launcher.engine=dask", "hydra.launcher.address=tcp://127.0.0.1:9")
    done = train(
        tmp_path, "-m", "problem=parabola", "seed=0,1", *chosen, DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="0.2s"
    )
    message = "no Dask scheduler answers at tcp://127.0.0.1:9: start one with `dask scheduler`, or correct "
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {message}hydra.launcher.address\n"
    assert not (tmp_path / "mlflow.db").exists()
