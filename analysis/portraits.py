"""Portraits of a network: the landscape that it descended, what its first layer has learnt, where it errs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm, PowerNorm, TwoSlopeNorm
from matplotlib.figure import Figure

from analysis import axes, style, words
from analysis.minima import Minima, costs
from analysis.study import Drawn, StudyError
from gdlab.arrays import stack_like, stacked
from gdlab.measure.geometry import Plane, filter_normalized, principal_plane
from gdlab.problems.network import Network

COARSE = 41  # points along each axis of a drawn landscape
WORST = 16
SEED = 0


def portraits(group: Minima) -> list[Drawn]:
    """A network from all sides: its landscape, what its first layer learnt, where it errs."""
    network, theta = group.network, group.thetas[-1]
    end = theta["end"]
    told = words.sentences(f"run {group.runs['run_name'].iloc[-1]!r}", words.setting(group.runs.iloc[-1:]))
    drawn = []
    plane = filter_normalized(network, end, np.random.default_rng(SEED))
    around, numbers = slice_of(network, plane, np.linspace(-1, 1, COARSE), np.linspace(-1, 1, COARSE))
    drawn.append(
        Drawn(
            name="network_landscape",
            title="The network's landscape about its minimum",
            figure=slice_figure(around, ("first random direction", "second random direction"), None),
            caption=words.sentences(
                f"training cost on two random directions about the end of the run (0, 0), {COARSE} × {COARSE} "
                "points, each unit's part of a direction as long as the unit's own weights (filter normalisation): "
                "at 1, every unit is changed by as much as there is of it"
            )
            + f" {told}",
            data=numbers,
        )
    )
    if "path" in theta:
        try:
            flat, shares = principal_plane(theta["path"])
        except ValueError as error:
            raise StudyError(f"run {group.runs['run_name'].iloc[-1]!r}: {error}; record more points") from None
        places = flat.coordinates(theta["path"])
        margin = 0.3 * np.ptp(places, axis=0)
        x, y = (
            np.linspace(low, high, COARSE)
            for low, high in zip(places.min(axis=0) - margin, places.max(axis=0) + margin, strict=True)
        )
        around, numbers = slice_of(network, flat, x, y)
        names = (f"first component ({shares[0]:.1%})", f"second component ({shares[1]:.1%})")
        drawn.append(
            Drawn(
                name="network_path",
                title="The network's path down its landscape",
                figure=slice_figure(around, names, places),
                caption=words.sentences(
                    f"training cost on the plane in which the run's {len(places)} recorded points vary most, "
                    f"{COARSE} × {COARSE} points, and the path projected onto it, from the black dot to the star; "
                    "the percentages are the shares of the path's variance, about its end, that the axes hold"
                )
                + f" {told}",
                data=numbers,
            )
        )
    drawn += [
        Drawn(
            name="network_first_layer",
            title="What the first layer learnt",
            figure=first_layer(network, end),
            caption=words.sentences(
                "weights into each unit of the first hidden layer, laid out as the picture they look at: blue where "
                "ink lowers the unit's input, red where it raises it; one colour scale for all"
            )
            + f" {told}",
            data=pd.DataFrame(network.layers(end[None])[0][0][0]),
        ),
        Drawn(
            name="network_pixels",
            title="Which pixels matter",
            figure=pixels(network, theta["start"], end),
            caption=words.sentences(
                "size of the gradient of the training cost over the weights of each pixel, before and after "
                "training, on a square-root scale of its own: pixels that are always dark have none"
            )
            + f" {told}",
            data=pd.DataFrame({"before": by_pixel(network, theta["start"]), "after": by_pixel(network, end)}),
        ),
        confusion(network, end, told),
        mistakes(network, end, told),
    ]
    return drawn


def slice_of(
    network: Network, plane: Plane, x: np.ndarray, y: np.ndarray
) -> tuple[tuple[np.ndarray, ...], pd.DataFrame]:
    """The training cost on a plane."""
    cost = costs(network, plane.points(x, y)).reshape(len(y), len(x))
    across, up = np.meshgrid(x, y)
    return (x, y, cost), pd.DataFrame({"x": across.ravel(), "y": up.ravel(), "cost": cost.ravel()})


@style.theme()
def slice_figure(surface: tuple[np.ndarray, ...], names: tuple[str, str], path: np.ndarray | None) -> Figure:
    x, y, cost = surface
    figure = Figure(figsize=(style.PAGE, 3.1), layout="constrained")
    flat = figure.add_subplot(1, 2, 1)
    norm, levels = LogNorm(cost.min(), cost.max()), np.geomspace(cost.min(), cost.max(), 25)
    filled = flat.contourf(x, y, cost, levels, norm=norm, cmap=style.scale_colors())
    if path is not None:
        flat.plot(*path.T, color="white", linewidth=1.2, marker="o", ms=2)
        flat.plot(*path[0], color=style.INK, marker="o", ms=5, markeredgecolor="white")
        flat.plot(*path[-1], color="white", marker="*", ms=9, markeredgecolor=style.INK)
    else:
        flat.plot(0, 0, color="white", marker="*", ms=9, markeredgecolor=style.INK)
    flat.set(xlabel=names[0], ylabel=names[1])
    bar = figure.colorbar(filled, ax=flat, label="training cost")
    axes.plain_ticks(bar.ax.yaxis)
    solid = axes.add_solid(figure, names[0].split(" (")[0], names[1].split(" (")[0], "training cost")
    across, up = np.meshgrid(x, y)
    solid.plot_surface(across, up, cost, cmap=style.scale_colors(), linewidth=0, rcount=len(y), ccount=len(x))
    return figure


@style.theme()
def first_layer(network: Network, theta: np.ndarray) -> Figure:
    weights = network.layers(theta[None])[0][0][0]
    columns = min(8, len(weights))
    rows = -(-len(weights) // columns)
    figure = Figure(figsize=(style.PAGE, 0.85 * rows + 0.2), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    most = np.abs(weights).max()
    for ax, unit in zip(panels, weights, strict=False):
        image = ax.imshow(unit.reshape(network.data.shape), cmap="RdBu_r", norm=TwoSlopeNorm(0, -most, most))
    for ax in panels:
        ax.set_axis_off()
    figure.colorbar(image, ax=panels, label="weight", shrink=0.8)
    return figure


def by_pixel(network: Network, theta: np.ndarray) -> np.ndarray:
    """The norm of the training cost's gradient over each pixel's weights."""
    point = stacked(theta[None], network.dtype)
    gradient = stack_like(point)
    network.evaluate(point, network.train, gradient)
    return np.sqrt((network.layers(gradient)[0][0][0] ** 2).sum(axis=0))


@style.theme()
def pixels(network: Network, start: np.ndarray, end: np.ndarray) -> Figure:
    figure = Figure(figsize=(style.PAGE * 0.7, 2.3), layout="constrained")
    for ax, theta, name in zip(figure.subplots(1, 2), (start, end), ("before training", "after training"), strict=True):
        size = by_pixel(network, theta).reshape(network.data.shape)
        image = ax.imshow(size, cmap=style.scale_colors(), norm=PowerNorm(0.5))
        ax.set_title(name, loc="left")
        ax.set_axis_off()
        figure.colorbar(image, ax=ax, label="‖∂C/∂w‖ of a pixel")
    return figure


@style.theme()
def confusion(network: Network, theta: np.ndarray, told: str) -> Drawn:
    """What is taken for what."""
    data = network.data
    answers = network.outputs(theta[None], data.test_features)[0].argmax(axis=1)
    counts = np.zeros((data.classes, data.classes), int)
    np.add.at(counts, (data.test_labels, answers), 1)
    figure = Figure(figsize=(style.COLUMN, 3.2), layout="constrained")
    ax = figure.subplots()
    wrong = np.ma.masked_array(counts, np.eye(data.classes, dtype=bool))
    ax.imshow(wrong, cmap="Oranges", vmin=0)
    for i, j in np.ndindex(counts.shape):
        if counts[i, j]:
            dark = i != j and counts[i, j] > 0.6 * wrong.max()
            ax.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=6, color="white" if dark else style.INK)
    ax.set(xlabel="answer", ylabel="digit", xticks=range(data.classes), yticks=range(data.classes))
    ax.tick_params(length=0)
    return Drawn(
        name="network_confusion",
        title="What is taken for what",
        figure=figure,
        caption=words.sentences(
            f"how many of the {len(answers):,} test pictures of each digit got each answer; colour: the wrong ones"
        )
        + f" {told}",
        data=pd.DataFrame(counts),
    )


@style.theme()
def mistakes(network: Network, theta: np.ndarray, told: str) -> Drawn:
    """The test pictures with the highest cost."""
    data = network.data
    outputs = network.outputs(theta[None], data.test_features)[0].astype(np.float64)
    cost = ((outputs - network.test.targets) ** 2).sum(axis=1)
    worst = np.argsort(-cost, kind="stable")[:WORST]
    figure = Figure(figsize=(style.PAGE, 2.5), layout="constrained")
    for ax, i in zip(figure.subplots(2, WORST // 2).ravel(), worst, strict=True):
        ax.imshow(data.test_features[i].reshape(data.shape), cmap="gray_r")
        ax.set_title(f"{data.test_labels[i]}, not {outputs[i].argmax()}\ncost {cost[i]:.2f}", loc="left")
        ax.set_axis_off()
    return Drawn(
        name="network_mistakes",
        title="The digits it gets most wrong",
        figure=figure,
        caption=words.sentences(
            f"the {WORST} test pictures of the highest cost, with the digit, the network's answer and the cost of its "
            "outputs"
        )
        + f" {told}",
        data=pd.DataFrame(
            {
                "picture": worst,
                "digit": data.test_labels[worst],
                "answer": outputs[worst].argmax(axis=1),
                "cost": cost[worst],
            }
        ),
    )
