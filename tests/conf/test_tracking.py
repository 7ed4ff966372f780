"""Where runs are logged: the choices of `tracking`, and what may override them."""

import pytest
from commands import ROOT
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from train import run_name

from hydra_plugins._internals import VERSION_BASE

SQLITE, SERVER = "sqlite:///mlflow.db", "http://127.0.0.1:5000"
URIS = {
    (): SQLITE,
    ("tracking=server",): SERVER,
    ("tracking=server", "tracking.uri=https://here"): "https://here",
    ("tracking.uri=sqlite:///other.db",): "sqlite:///other.db",
    ("experiment=lr_parabola", "tracking=server"): SERVER,
}


def tracking(*overrides):
    with initialize_config_dir(str(ROOT / "conf"), **VERSION_BASE):
        return compose("train", list(overrides))["tracking"]


@pytest.mark.parametrize("overrides", URIS)
def test_the_address_is_the_choices_or_an_override(overrides, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert tracking(*overrides).uri == URIS[overrides]


def test_the_servers_address_is_mlflows_variable(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://lab:8000")
    assert tracking("tracking=server").uri == "http://lab:8000"
    assert tracking().uri == SQLITE


def test_the_saved_configuration_names_the_variable_and_not_its_value(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://lab:8000")
    assert "lab" not in OmegaConf.to_yaml(tracking("tracking=server"))


@pytest.mark.parametrize("choice", ["sqlite", "server"])
def test_the_choices_share_the_other_keys(choice):
    assert tracking(f"tracking={choice}", "tracking.experiment=mine").experiment == "mine"
    assert tracking(f"tracking={choice}").keys() == tracking().keys()


def test_a_runs_name_is_the_same_wherever_it_is_logged():
    assert run_name(["tracking=server", "seed=3", "tracking.uri=http://lab", "dry_run=false"]) == "seed=3"
    assert run_name(["tracking=server"]) == "defaults"
