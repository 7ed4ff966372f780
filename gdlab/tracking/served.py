"""A trained network that MLflow loads and serves.

A copy of this file is part of every logged model, so it needs NumPy and MLflow, and nothing else of this project.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

CHUNK = 64  # examples at a time, as in training: another number would change the last bits of the outputs


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + e⁻ᶻ); where e⁻ᶻ overflows to inf, that is the right 0."""
    return np.reciprocal(np.exp(-z) + 1)


def relu(z: np.ndarray) -> np.ndarray:
    """The larger of z and 0."""
    return np.maximum(z, 0)


def identity(z: np.ndarray) -> np.ndarray:
    """The weighted inputs themselves."""
    return z


def softmax(z: np.ndarray) -> np.ndarray:
    """Positive outputs that sum to 1; shifting by the largest z avoids overflow."""
    exponentials = np.exp(z - z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": relu}
OUTPUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": sigmoid,
    "identity": identity,
    "softmax": softmax,
}


class TrainedNetwork(PythonModel):
    """A fully connected network: bytes (examples, features) in, a label and the outputs of each example out."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the weights and the description of the network."""
        description = json.loads(Path(context.artifacts["network"]).read_text())
        last = len(description["sizes"]) - 1
        with np.load(context.artifacts["weights"], allow_pickle=False) as arrays:
            self.layers = [(arrays[f"W{i}"], arrays[f"b{i}"]) for i in range(1, last + 1)]
        self.dtype = np.dtype(description["dtype"])
        self.scale = self.dtype.type(description["scale"])
        self.activation = ACTIVATIONS[description["activation"]]
        self.output = OUTPUTS[description["output"]]

    def predict(
        self, context: PythonModelContext, model_input: np.ndarray, params: dict[str, Any] | None = None
    ) -> dict[str, np.ndarray]:
        """The label with the largest output, and all outputs, of each example."""
        outputs = np.empty((len(model_input), len(self.layers[-1][1])), self.dtype)
        with np.errstate(over="ignore"):
            for start in range(0, len(outputs), CHUNK):
                chunk = slice(start, start + CHUNK)
                outputs[chunk] = self.forward(model_input[chunk].astype(self.dtype))
        return {"label": outputs.argmax(axis=1), "outputs": outputs}

    def forward(self, features: np.ndarray) -> np.ndarray:
        """The forward pass; the scale of the features is applied after the first product, as in training."""
        (W, b), *later = self.layers
        z = features @ W.T * self.scale + b
        for W, b in later:
            z = self.activation(z) @ W.T + b
        return self.output(z)


set_model(TrainedNetwork())
