"""Portraits of a network: its first layer, the gradient of each pixel, and its errors."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from matplotlib.colors import PowerNorm, TwoSlopeNorm
from matplotlib.figure import Figure

from analysis.draw import axes, style

MOST_COLUMNS = 8
RIGHT = "#d8dde3"  # where the prediction is the digit
DARK = 0.6  # of the largest count: above it, text is white


@style.theme()
def first_layer(weights: Float[np.ndarray, "units pixels"], shape: tuple[int, ...]) -> Figure:
    """The weights into each unit, as an image of that shape."""
    columns = min(MOST_COLUMNS, len(weights))
    rows = -(-len(weights) // columns)
    figure = Figure(figsize=(style.PAGE, 0.85 * rows + 0.2), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    largest = np.abs(weights).max()
    for ax, unit in zip(panels, weights, strict=False):
        image = ax.imshow(unit.reshape(shape), cmap="RdBu_r", norm=TwoSlopeNorm(0, -largest, largest))
    axes.hide(panels)
    figure.colorbar(image, ax=panels, label="weight", shrink=0.8)
    return figure


@style.theme()
def pixels(gradients: pd.DataFrame, shape: tuple[int, ...]) -> Figure:
    """The size of each pixel's gradient before and after training, as images of that shape."""
    figure = Figure(figsize=(style.PAGE * 0.7, 2.3), layout="constrained")
    panels = figure.subplots(1, 2)
    for ax, name in zip(panels, ("before", "after"), strict=True):
        size = gradients[name].to_numpy().reshape(shape)
        image = ax.imshow(size, cmap=style.scale_colors(), norm=PowerNorm(0.5))
        ax.set_title(f"{name} training", loc="left")
        figure.colorbar(image, ax=ax, label="‖∂C/∂w‖ of a pixel")
    axes.hide(panels)
    return figure


@style.theme()
def confusion(counts: Int[np.ndarray, "classes classes"]) -> Figure:
    """The confusion matrix, with the errors coloured and what is right in grey."""
    figure = Figure(figsize=(style.COLUMN, 3.2), layout="constrained")
    ax = figure.subplots()
    errors = np.ma.masked_array(counts, np.eye(len(counts), dtype=bool))
    ax.imshow(errors, cmap=mpl.colormaps["Oranges"].with_extremes(bad=RIGHT), vmin=0)
    for i, j in np.ndindex(counts.shape):
        if counts[i, j]:
            is_dark = i != j and counts[i, j] > DARK * errors.max()
            color = style.LIGHT_ON_DATA if is_dark else style.DARK_ON_DATA
            ax.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=6, color=color)
    ax.set(xlabel="prediction", ylabel="digit", xticks=range(len(counts)), yticks=range(len(counts)))
    ax.tick_params(length=0)
    return figure


@style.theme()
def mistakes(table: pd.DataFrame, images: Float[np.ndarray, "images rows columns"]) -> Figure:
    """Images in two rows, with their digit, prediction and cost."""
    figure = Figure(figsize=(style.PAGE, 2.5), layout="constrained")
    panels = figure.subplots(2, -(-len(table) // 2)).ravel()
    for ax, image, (_, row) in zip(panels, images, table.iterrows(), strict=False):
        ax.imshow(image, cmap="gray_r")
        ax.set_title(f"{row['digit']:.0f}, not {row['answer']:.0f}\ncost {row['cost']:.2f}", loc="left")
    axes.hide(panels)
    return figure
