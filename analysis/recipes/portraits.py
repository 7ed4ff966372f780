"""Figures of one network: its landscape, its path, its first layer and its errors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis import describe, words
from analysis.draw import portraits as draw
from analysis.draw.slices import contours_and_surface
from analysis.errors import StudyError
from analysis.items import Figure
from analysis.stats import portraits, slices
from analysis.stats.minima import Minima
from gdlab.arrays import Point, Theta
from gdlab.problems.network import Network

GRID = f"{slices.COARSE} × {slices.COARSE} points"


def figures(minima: Minima) -> list[Figure]:
    """All figures of the last of these networks; that of its path only if the path was recorded.

    Raises
    ------
    StudyError
        If the path lies on one line.

    """
    network, theta, run = minima.network, minima.thetas[-1], minima.runs.iloc[[-1]]
    name = str(run["run_name"].iloc[0])
    note = words.sentences(f"run {name!r}", describe.setup_text(run))
    return [
        landscape(network, theta["end"], note),
        *([path(network, theta["path"], name, note)] if "path" in theta else []),
        first_layer(network, theta["end"], note),
        pixels(network, theta, note),
        confusion(network, theta["end"], note),
        mistakes(network, theta["end"], note),
    ]


def landscape(network: Network, end: Point, note: str) -> Figure:
    """The training cost on two random directions about the end of a run."""
    surface = slices.around(network, end)
    text = words.sentences(
        f"training cost along two random directions from the end of the run, (0, 0), at {GRID}",
        "the directions are filter-normalized: at 1, every unit's weights have changed by their own norm",
    )
    return Figure(
        name="network_landscape",
        title="The network's landscape around its minimum",
        plot=contours_and_surface(surface, ("first random direction", "second random direction")),
        caption=f"{text} {note}",
        data=surface.table(),
    )


def path(network: Network, points: Theta, name: str, note: str) -> Figure:
    """The path of a run on the plane in which it varies most."""
    try:
        surface, shares = slices.along_path(network, points)
    except ValueError as error:
        raise StudyError(f"run {name!r}: {error}; record more points") from None
    text = words.sentences(
        f"training cost on the plane of the first two principal components of the run's {len(points)} recorded "
        f"points, at {GRID}; line: the path projected onto it, from the black dot to the star",
        "percentages: the share of the path's variance about its end that each component explains",
    )
    names = f"first component ({shares[0]:.1%})", f"second component ({shares[1]:.1%})"
    return Figure(
        name="network_path",
        title="The network's path down its landscape",
        plot=contours_and_surface(surface, names),
        caption=f"{text} {note}",
        data=surface.table(),
    )


def first_layer(network: Network, end: Point, note: str) -> Figure:
    """The weights into each unit of the first hidden layer."""
    weights = portraits.first_layer(network, end)
    text = words.sentences(
        "weights into each unit of the first hidden layer, arranged as the pixels they multiply; ink in a red pixel "
        "raises the unit's input, in a blue one lowers it; all units share one colour scale"
    )
    return Figure(
        name="network_first_layer",
        title="The weights of the first layer",
        plot=draw.first_layer(weights, network.data.shape),
        caption=f"{text} {note}",
        data=pd.DataFrame(weights),
    )


def pixels(network: Network, theta: Mapping[str, np.ndarray], note: str) -> Figure:
    """The size of each pixel's gradient before and after training."""
    gradients = pd.DataFrame(
        {
            name: portraits.gradient_by_pixel(network, theta[key])
            for name, key in (("before", "start"), ("after", "end"))
        }
    )
    text = words.sentences(
        "norm of the gradient of the training cost with respect to the weights of each pixel, before and after "
        "training, each on its own square-root colour scale; pixels that are always dark have a gradient of zero"
    )
    return Figure(
        name="network_pixels",
        title="Which pixels matter",
        plot=draw.pixels(gradients, network.data.shape),
        caption=f"{text} {note}",
        data=gradients,
    )


def confusion(network: Network, end: Point, note: str) -> Figure:
    """The confusion matrix on the test set."""
    counts = portraits.confusion(network, end)
    text = words.sentences(
        f"number of the {counts.sum():,} test images by their digit and the network's prediction; orange: "
        "errors; grey: right"
    )
    return Figure(
        name="network_confusion",
        title="Confusion matrix",
        plot=draw.confusion(counts),
        caption=f"{text} {note}",
        data=pd.DataFrame(counts),
    )


def mistakes(network: Network, end: Point, note: str) -> Figure:
    """The test images with the highest cost."""
    table = portraits.mistakes(network, end)
    images = network.data.test_features[table["picture"]].reshape(-1, *network.data.shape)
    text = words.sentences(
        f"the {len(table)} test images with the highest cost, with the digit, the network's prediction and the cost"
    )
    return Figure(
        name="network_mistakes",
        title="The worst mistakes",
        plot=draw.mistakes(table, images),
        caption=f"{text} {note}",
        data=table,
    )
