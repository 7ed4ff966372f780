"""The figure of the step times."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from analysis.draw import style


@style.theme()
def figure(times: pd.DataFrame, title: str) -> Figure:
    """Draw a panel for lone runs and one for sweeps; a line for each library, a point for each batch size.

    `times` has the columns `kind`, `batch_size`, `name` and `microseconds`.
    """
    kinds = times["kind"].unique()
    fig = Figure(figsize=(style.COLUMN * 1.6, 3.2), layout="constrained")
    sizes = sorted(times["batch_size"].unique())
    palette = dict(zip(sizes, style.scale_colors()(np.linspace(0, 1, len(sizes))).tolist(), strict=True))
    handles: dict[str, Artist] = {}
    for axes, kind in zip(fig.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
        _draw_panel(axes, times[times["kind"] == kind], palette)
        axes.set_title(kind)
        entries, labels = axes.get_legend_handles_labels()
        handles |= dict(zip(labels, entries, strict=True))
        axes.get_legend().remove()
    ordered = sorted(handles, key=int)
    fig.legend([handles[label] for label in ordered], ordered, title="batch size", loc="outside right upper")
    fig.suptitle(title, fontsize="medium")
    return fig


def _draw_panel(axes: Axes, times: pd.DataFrame, palette: dict[int, list[float]]) -> None:
    sns.stripplot(
        times,
        x="microseconds",
        y="name",
        order=times.groupby("name")["microseconds"].median().sort_values().index,
        hue="batch_size",
        palette={size: palette[size] for size in times["batch_size"].unique()},
        jitter=False,
        log_scale=(True, False),
        size=5,
        ax=axes,
    )
    axes.set(xlabel="time per run and step (µs)", ylabel="")
    axes.grid(True, axis="both", alpha=0.4)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
