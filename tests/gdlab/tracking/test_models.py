"""Networks as MLflow models: the outputs that they have in gdlab, where gdlab cannot be imported."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cases
import mlflow
import numpy as np
import pytest
import yaml
from commands import ROOT

import gdlab
from gdlab.descent.trajectory import Trajectory
from gdlab.optimizers import GradientDescent
from gdlab.problems.data import load
from gdlab.problems.network import Network
from gdlab.tracking.models import MODEL, model_tags, write_model

DATA = cases.small_data(examples=300)  # its test set is 150 images: two chunks of 64, and a rest
NETWORKS = {
    **{
        f"{activation} {output} {cost} {dtype}": cases.network(
            data=DATA, activation=activation, output=output, cost=cost, dtype=dtype
        )
        for activation, output, cost in cases.NETWORKS
        for dtype in ("float32", "float64")
    },
    "no hidden layer": cases.network(data=DATA, hidden=()),
    "two classes": cases.network(data=cases.small_data(classes=2), hidden=(3,)),
    "trained": Network(data=load("digits"), batch_size=32),
}
WRITTEN = 1_764_098_639_625  # milliseconds since 1970


@dataclass(frozen=True)
class Loaded:
    """A trained run, the thetas of all networks, and what MLflow makes of their models."""

    trained: Trajectory
    thetas: dict[str, np.ndarray]
    found: dict[str, np.ndarray]
    tags: dict[str, str]
    mlmodel: dict[str, Any]
    saved: dict[str, Any]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Loaded:
    """Models of all networks, loaded in a process that cannot import gdlab; the trained one belongs to a run."""
    folder = tmp_path_factory.mktemp("models")
    client = mlflow.MlflowClient(f"sqlite:///{shutil.copy(empty_store, folder)}")
    run = client.create_run(client.create_experiment("digits", str(folder / "runs")))
    for name, value in model_tags(run.info.run_id, WRITTEN).items():
        client.set_tag(run.info.run_id, name, value)
    trained = gdlab.run(NETWORKS["trained"], GradientDescent(learning_rate=3.0), max_epochs=10)[0]
    rng = np.random.default_rng(5)
    thetas = {name: rng.normal(size=network.parameters).astype(network.dtype) for name, network in NETWORKS.items()}
    thetas["trained"] = trained.end
    places = {name: folder / name for name in NETWORKS} | {"trained": Path(run.info.artifact_uri) / MODEL}
    for name, network in NETWORKS.items():
        write_model(places[name], network, thetas[name])
    uris = {name: str(place) for name, place in places.items()} | {"trained": f"runs:/{run.info.run_id}/{MODEL}"}
    return Loaded(
        trained,
        thetas,
        _found(folder, client.tracking_uri, uris),
        client.get_run(run.info.run_id).data.tags,
        *(yaml.safe_load((place / "MLmodel").read_text()) for place in (places["trained"], folder / "saved")),
    )


def _found(folder: Path, store: str, uris: dict[str, str]) -> dict[str, np.ndarray]:
    """What load_models.py finds."""
    files = [folder / name for name in ("uris.json", "inputs.npz", "outputs.npz", "saved")]
    files[0].write_text(json.dumps(uris))
    np.savez(files[1], allow_pickle=False, **{name: NETWORKS[name].data.test_features for name in uris})
    subprocess.run(
        [sys.executable, "-I", ROOT / "tests" / "load_models.py", *files],
        check=True,
        cwd=folder,
        env={**os.environ, "MLFLOW_TRACKING_URI": store, "MLFLOW_DISABLE_TELEMETRY": "true"},
        timeout=120,
    )
    with np.load(files[2], allow_pickle=False) as arrays:
        return dict(arrays)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_model_has_the_outputs_of_its_network(loaded: Loaded, name: str) -> None:
    network, outputs = NETWORKS[name], loaded.found[f"{name} outputs"]
    expected = network.outputs(loaded.thetas[name][np.newaxis], network.data.test_features)[0]
    assert outputs.dtype == network.dtype
    # adding up in another order changes a sum by one rounding per term, in each of the layers
    terms = max(network.sizes) * len(network.sizes)
    rounding = terms * np.finfo(network.dtype).eps * max(1, np.abs(expected).max())
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=rounding)
    np.testing.assert_array_equal(loaded.found[f"{name} label"], expected.argmax(axis=1))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_scoring_server_answers_with_labels_and_outputs(loaded: Loaded, name: str) -> None:
    answer = json.loads(str(loaded.found[f"{name} answer"]))["predictions"]
    assert list(answer) == ["label", "outputs"]
    for part, values in answer.items():
        np.testing.assert_array_equal(np.array(values), loaded.found[f"{name} {part}"].astype(float))


def test_a_model_has_the_accuracy_of_its_run(loaded: Loaded) -> None:
    correct = loaded.found["trained label"] == NETWORKS["trained"].data.test_labels
    assert correct.mean() == loaded.trained.final["final_accuracy"] > 0.8


def test_the_model_file_is_what_mlflow_writes(loaded: Loaded) -> None:
    ours, theirs = loaded.mlmodel, loaded.saved
    assert ours.keys() <= theirs.keys()
    assert {name for name in ours if ours[name] != theirs[name]} == {"flavors"}
    filled = {name for name in theirs.keys() - ours.keys() if theirs[name]}
    assert filled == {"model_uuid", "utc_time_created", "model_size_bytes"}


def test_the_flavor_is_what_mlflow_writes(loaded: Loaded) -> None:
    ours, theirs = (_portable(model["flavors"]["python_function"]) for model in (loaded.mlmodel, loaded.saved))
    assert ours.items() <= theirs.items()
    assert theirs.keys() - ours.keys() == {"cloudpickle_version", "code"}


def _portable(flavor: dict[str, Any]) -> dict[str, Any]:
    """A flavor without the paths of the files that it was made from, and without conda."""
    return flavor | {
        "artifacts": {name: file["path"] for name, file in flavor["artifacts"].items()},
        "model_code_path": Path(flavor["model_code_path"]).name,
        "env": flavor["env"]["virtualenv"],
    }


def test_a_runs_tag_lists_its_model(loaded: Loaded) -> None:
    (entry,) = json.loads(loaded.tags["mlflow.log-model.history"])
    assert entry == {
        "run_id": entry["run_id"],
        "artifact_path": "model",
        "utc_time_created": "2025-11-25 19:23:59.625000",
        "flavors": loaded.mlmodel["flavors"],
    }


def test_a_model_has_no_pickle_and_no_path_of_this_machine(tmp_path: Path) -> None:
    files = _files(tmp_path)
    assert list(files) == [
        "MLmodel",
        "artifacts/network.json",
        "artifacts/weights.npz",
        "input_example.json",
        "network.py",
        "python_env.yaml",
        "requirements.txt",
        "serving_input_example.json",
    ]
    with np.load(tmp_path / "artifacts" / "weights.npz", allow_pickle=False) as arrays:
        shapes = {name: array.shape for name, array in arrays.items()}
    assert shapes == {"W1": (5, 12), "b1": (5,), "W2": (4, 5), "b2": (4,), "W3": (10, 4), "b3": (10,)}
    everything = b"".join(files.values())
    assert str(tmp_path).encode() not in everything
    assert str(ROOT).encode() not in everything
    assert files["requirements.txt"].decode() == f"mlflow=={mlflow.__version__}\nnumpy=={np.__version__}\n"


def test_equal_networks_give_equal_files(tmp_path: Path) -> None:
    assert _files(tmp_path / "first") == _files(tmp_path / "second")


def _files(folder: Path) -> dict[str, bytes]:
    """The files of a model, by their paths below the folder it is written to."""
    network = cases.network()
    write_model(folder, network, network.initial(np.random.default_rng(0)))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
