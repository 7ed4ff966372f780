"""Sweeps to a server whose requests are disturbed: nothing is lost, doubled or changed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cases import config
from commands import script
from servers import server

import gdlab
from benchmarks.faults.proxy import PASSED, Fate, Proxy, Rule, errors, late, lost_replies, passed, silent
from benchmarks.faults.records import Experiment, Place, differences, read
from gdlab.tracking import places
from gdlab.tracking.settings import Settings

pytestmark = pytest.mark.slow

OWN_ROUTES = "/api/2.0/gdlab/"
PARABOLA = ("problem=parabola", "problem.start=[5.0]", "stop.max_steps=7")
SEEDS = 4


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Place]:
    """A server's place."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(empty_store, folder)
    with server(folder, 2**26) as address:
        yield Place(address, f"sqlite:///{folder}/mlflow.db", folder / "artifacts")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Experiment:
    """What a sweep leaves there when nothing is in its way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("undisturbed"))
        launch(place.uri, "undisturbed")
    return read(place, "undisturbed", Path.cwd())


def launch(uri: str, experiment: str, patience: float = 60.0) -> None:
    """Launch the sweep from this process."""
    configs = [config(*PARABOLA, f"seed={seed}") for seed in range(SEEDS)]
    gdlab.sweep(configs, uri, experiment, workers=1, settings=replace(Settings.default(), patience=patience))


def plain(rule: Rule) -> Rule:
    """Hide gdlab's routes, so that every run takes several requests of MLflow's own, and apply a rule to these."""
    missing = Fate("missing", status=404)
    return lambda method, path: missing if path.startswith(OWN_ROUTES) else rule(method, path)


@pytest.mark.parametrize(
    ("rule", "fate"),
    [
        (errors(1 / 3, seed=2), "error 500"),
        (plain(errors(1 / 3)), "error 500"),
        (lost_replies(0.3, seed=1), "lost"),
        (plain(lost_replies(0.1)), "lost"),
        (late(0.2), "late"),
    ],
    ids=["errors", "errors, plain", "lost replies", "lost replies, plain", "late"],
)
def test_a_disturbed_sweep_is_whole_at_its_end(
    request: pytest.FixtureRequest, here: Path, place: Place, undisturbed: Experiment, rule: Rule, fate: str
) -> None:
    experiment = request.node.name
    with Proxy(place.uri) as proxy:
        proxy.rule = rule
        launch(proxy.uri, experiment)
        assert proxy.counts[fate] > 0
    found = read(place, experiment, here)
    assert differences(undisturbed, found) == []
    assert len(found.finished()) == SEEDS and not (here / "outbox").exists()


def test_what_a_silent_server_never_took_is_sent_later(
    here: Path, place: Place, undisturbed: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "ANSWER_SECONDS", 0.5)
    with Proxy(place.uri) as proxy:
        proxy.rule = silent
        launch(proxy.uri, "silent", patience=1.0)
        assert len(list(here.glob("outbox/*/*/*/records.json"))) > 0
        assert proxy.counts["silent"] > 0 and proxy.counts[PASSED.name] == 0
        proxy.rule = passed
        for thread in threading.enumerate():
            if thread.name == "tracking":
                thread.join(60)  # its request is dropped, and it gives up the outbox
        sent = script(here, "experiments/sync.py")
        assert sent.returncode == 0, sent.stderr
    found = read(place, "silent", here)
    assert differences(undisturbed, found) == []
    assert found.statuses().keys() == {"FINISHED"}
