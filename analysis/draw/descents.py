"""Double descent: cost and error against the number of parameters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.draw import axes, style
from analysis.stats.students import mean_within

PANELS = {"test_cost": "test cost", "test_error": "test error (%)", "final_cost": "training cost"}
LOWEST = 1e-5  # of a training cost that is drawn


@style.theme()
def descents(runs: pd.DataFrame, threshold: float, names: Mapping[float, str]) -> Figure:
    """Test cost, test error and training cost against the parameters, a line for each share of wrong labels."""
    figure = Figure(figsize=(style.PAGE, 2.8), layout="constrained")
    panels = figure.subplots(1, len(PANELS))
    for ax, (column, label) in zip(panels, PANELS.items(), strict=True):
        for (noise, name), color in zip(names.items(), style.CHOICES, strict=False):
            _draw(ax, runs[runs["problem.data.label_noise"] == noise], column, color, name)
        name = "training examples × outputs"
        ax.axvline(threshold, color=style.FAINT, linewidth=0.8, linestyle=axes.DASHED, zorder=0, label=name)
        ax.set(xscale="log", xlabel="parameters", ylabel=label)
    panels[-1].set_yscale("log")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def _draw(ax: Axes, runs: pd.DataFrame, column: str, color: str, name: str) -> None:
    """The runs of one share of wrong labels as dots, and their mean at each size with its interval."""
    values = runs[column].clip(lower=LOWEST) if column == "final_cost" else runs[column]
    ax.scatter(runs["parameters"], values, s=3, color=color, alpha=0.35, linewidth=0)
    found = {size: mean_within(group.to_numpy(float)) for size, group in values.groupby(runs["parameters"])}
    mean, low, high = np.transpose(list(found.values()))
    ax.plot(list(found), mean, color=color, linewidth=1.2, label=name)
    ax.fill_between(list(found), low, high, color=color, alpha=0.2, linewidth=0)
