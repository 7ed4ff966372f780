"""Trained networks as MLflow models: folders that MLflow loads and serves without this project.

MLflow's own `save_model` takes a second, most of it to import, and adds ids and times. Here the same folder is written
with NumPy alone, and equal networks give equal files.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from gdlab.arrays import Point
from gdlab.problems.network import Network

MODEL = "model"  # the folder of the model among a run's artifacts
EXAMPLES = 2  # images in the input example

CODE, WEIGHTS, DESCRIPTION = "network.py", "artifacts/weights.npz", "artifacts/network.json"
EXAMPLE, REQUEST = "input_example.json", "serving_input_example.json"
ENVIRONMENT, REQUIREMENTS = "python_env.yaml", "requirements.txt"


def write_model(folder: Path, network: Network, theta: Point) -> None:
    """Write the network with the weights theta to a folder, as an MLflow model.

    The model takes images as bytes, (examples, features), and answers with a dict: the `label` of each image and its
    `outputs`, (examples, classes).
    """
    (folder / WEIGHTS).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).with_name("served.py"), folder / CODE)
    np.savez(folder / WEIGHTS, allow_pickle=False, **_weights(network, theta))
    (folder / DESCRIPTION).write_text(json.dumps(_description(network), indent=2) + "\n")
    images = network.data.test_features[:EXAMPLES].tolist()
    (folder / EXAMPLE).write_text(json.dumps(images))
    (folder / REQUEST).write_text(json.dumps({"inputs": images}))
    (folder / REQUIREMENTS).write_text("".join(f"{name}=={_version(name)}\n" for name in ("mlflow", "numpy")))
    _write_yaml(folder / ENVIRONMENT, _environment())
    _write_yaml(folder / "MLmodel", _mlmodel(network))


def model_tags(run_id: str, written: int) -> dict[str, str]:
    """The tag by which the MLflow UI lists a run's model, and offers to register it.

    `written` is when, in milliseconds since 1970.
    """
    time = datetime.fromtimestamp(written / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    entry = {"run_id": run_id, "artifact_path": MODEL, "utc_time_created": time, "flavors": _flavors()}
    return {"mlflow.log-model.history": json.dumps([entry])}


def _weights(network: Network, theta: Point) -> dict[str, np.ndarray]:
    """The weights W1 (outputs, features), W2, … and biases b1, b2, … of the layers."""
    layers = network.layers(np.atleast_2d(theta))
    return {f"{name}{i}": part[0] for i, layer in enumerate(layers, 1) for name, part in zip("Wb", layer, strict=True)}


def _description(network: Network) -> dict[str, Any]:
    return {
        "data": network.data.name,
        "sizes": network.sizes,
        "activation": network.activation,
        "output": network.output,
        "scale": network.data.scale,
        "dtype": network.dtype.name,
    }


def _mlmodel(network: Network) -> dict[str, Any]:
    features, classes = network.sizes[0], network.sizes[-1]
    outputs = [_tensor("int64", [-1], "label"), _tensor(network.dtype.name, [-1, classes], "outputs")]
    return {
        "flavors": _flavors(),
        "mlflow_version": _version("mlflow"),
        "saved_input_example_info": {
            "artifact_path": EXAMPLE,
            "serving_input_path": REQUEST,
            "type": "ndarray",
        },
        "signature": {
            "inputs": json.dumps([_tensor("uint8", [-1, features])]),
            "outputs": json.dumps(outputs),
            "params": None,
        },
    }


def _flavors() -> dict[str, Any]:
    """How MLflow loads the model: as a `PythonModel` from its code, which reads its artifacts."""
    files = {"weights": WEIGHTS, "network": DESCRIPTION}
    return {
        "python_function": {
            "artifacts": {name: {"path": path, "uri": path} for name, path in files.items()},
            "env": {"virtualenv": ENVIRONMENT},
            "loader_module": "mlflow.pyfunc.loaders.code_model",
            "model_code_path": CODE,
            "python_version": platform.python_version(),
            "streamable": False,
        }
    }


def _tensor(dtype: str, shape: list[int], name: str | None = None) -> dict[str, Any]:
    """An array in a signature, as MLflow's `TensorSpec` is written."""
    spec = {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}}
    return spec if name is None else {"name": name, **spec}


def _environment() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "build_dependencies": ["pip"],
        "dependencies": [f"-r {REQUIREMENTS}"],
    }


@cache
def _version(package: str) -> str:
    return importlib.metadata.version(package)


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.dump(content, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)))
