"""Numbers of one network: its first layer, the gradient of each pixel, and its errors on the test set."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from gdlab.arrays import Point, stack_like, stacked
from gdlab.problems.network import Network

WORST = 16  # test images


def first_layer(network: Network, theta: Point) -> Float[np.ndarray, "units pixels"]:
    """The weights into each unit of the first hidden layer."""
    return network.layers(theta[None])[0][0][0]


def gradient_by_pixel(network: Network, theta: Point) -> Float[np.ndarray, " pixels"]:
    """The norm of the training cost's gradient with respect to the weights of each pixel."""
    point = stacked(theta[None], network.dtype)
    gradient = stack_like(point)
    network.evaluate(point, network.train, gradient)
    return np.sqrt((network.layers(gradient)[0][0][0] ** 2).sum(axis=0))


def confusion(network: Network, theta: Point) -> Int[np.ndarray, "classes classes"]:
    """The confusion matrix on the test set: true classes in rows, predictions in columns."""
    data = network.data
    predictions = network.outputs(theta[None], data.test_features)[0].argmax(axis=1)
    counts = np.zeros((data.classes, data.classes), int)
    np.add.at(counts, (data.test_labels, predictions), 1)
    return counts


def mistakes(network: Network, theta: Point) -> pd.DataFrame:
    """The WORST test images with the highest cost: their index, digit, prediction and cost."""
    data = network.data
    outputs = network.outputs(theta[None], data.test_features)[0].astype(np.float64)
    cost = ((outputs - network.test.targets) ** 2).sum(axis=1)
    worst = np.argsort(-cost, kind="stable")[:WORST]
    return pd.DataFrame(
        {
            "picture": worst,
            "digit": data.test_labels[worst],
            "answer": outputs[worst].argmax(axis=1),
            "cost": cost[worst],
        }
    )
