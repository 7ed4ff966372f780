"""Pictures of trainability: pixels of a window as a lattice, the boundary in it, and its box-counting dimension."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from analysis.stats import averages

FEWEST_BOXES = 8  # along a picture's side: with fewer the count says more of the frame than of the boundary
FEWEST_WINDOWS = 8  # for an interval; with fewer there is a range
SMOOTH = 1.1  # a smooth curve's dimension by this count is below: the tests simulate it
FEWEST_EDGES = 16  # squares that the boundary crosses, for a dimension

Edges = Bool[np.ndarray, "rows columns"]


class Picture(NamedTuple):
    """A window's pixels: `x` and `y` are their decimal logarithms on the axes, `value` is negative where they train."""

    x: Float[np.ndarray, " columns"]
    y: Float[np.ndarray, " rows"]
    value: Float[np.ndarray, "rows columns"]

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """The left, right, lower and upper edge, half a pixel beyond the outermost pixels."""
        across, up = (self.x[1] - self.x[0]) / 2, (self.y[1] - self.y[0]) / 2
        return (
            float(self.x[0] - across),
            float(self.x[-1] + across),
            float(self.y[0] - up),
            float(self.y[-1] + up),
        )


class Dimension(NamedTuple):
    """The median of the windows' dimensions, and the bootstrap interval over windows or, of few windows, the range.

    `deepest` are the dimensions of the deeper half of the windows.
    """

    value: float
    low: float
    high: float
    windows: int
    deepest: tuple[float, ...] = ()

    @property
    def is_interval(self) -> bool:
        """True for an interval, False for a range."""
        return self.windows >= FEWEST_WINDOWS

    @property
    def verdict(self) -> str:
        """Fractal, not told from smooth, or not decided.

        The hypothesis is a smooth curve, which is straight in deep windows. It is rejected where all of the deeper half
        of the windows are above `SMOOTH`, kept where none is, and not decided otherwise or with few windows.
        """
        above = [value > SMOOTH for value in self.deepest if not np.isnan(value)]
        if self.windows < FEWEST_WINDOWS or len(above) < len(self.deepest) or any(above) != all(above):
            return "not decided"
        return "fractal" if all(above) else "not told from smooth"


def picture(pixels: pd.DataFrame) -> Picture:
    """The finest complete lattice among a window's pixels, which may lack tiles."""
    square = pixels.drop_duplicates(["row", "column"]).pivot(index="row", columns="column", values="value")
    step = 1
    rows, columns = square.index, square.columns
    while square.loc[rows % step == 0, columns % step == 0].isna().any(axis=None):
        step *= 2
    coarse = square.loc[rows % step == 0, columns % step == 0]
    x = pixels.drop_duplicates("column").set_index("column")["x"].loc[coarse.columns]
    y = pixels.drop_duplicates("row").set_index("row")["y"].loc[coarse.index]
    return Picture(x.to_numpy(), y.to_numpy(), coarse.to_numpy())


def edges(value: Float[np.ndarray, "rows columns"]) -> Edges:
    """True for each square of four neighbouring pixels of which some train and some do not."""
    trained = value < 0
    corners = np.stack([trained[1:, 1:], trained[:-1, 1:], trained[1:, :-1], trained[:-1, :-1]])
    return np.asarray(corners.any(axis=0) & ~corners.all(axis=0))


def box_counts(boundary: Edges) -> pd.DataFrame:
    """How many boxes of each `size`, 1, 2, 4 … squares, hold a part of the boundary: `count`."""
    side = max(boundary.shape)
    padded = np.zeros((2 ** int(np.ceil(np.log2(side))),) * 2, bool)
    padded[: boundary.shape[0], : boundary.shape[1]] = boundary
    sizes, counts = [], []
    size = 1
    while padded.shape[0] >= FEWEST_BOXES:
        sizes.append(size)
        counts.append(int(padded.sum()))
        padded = padded[::2, ::2] | padded[1::2, ::2] | padded[::2, 1::2] | padded[1::2, 1::2]
        size *= 2
    return pd.DataFrame({"size": sizes, "count": counts})


def dimension(shown: Picture) -> float:
    """The box-counting dimension of a picture's boundary: minus the slope of log count against log size.

    NaN where the boundary is too short, or the picture too small for three sizes of boxes.
    """
    counts = box_counts(edges(shown.value))
    if len(counts) < 3 or counts["count"].iloc[0] < FEWEST_EDGES:
        return float("nan")
    return float(-np.polyfit(np.log(counts["size"]), np.log(counts["count"]), 1)[0])


def over_windows(dimensions: Float[np.ndarray, " windows"]) -> Dimension:
    """The median over the windows that have a dimension, the widest window first; NaN without one."""
    known = dimensions[~np.isnan(dimensions)]
    if not len(known):
        return Dimension(np.nan, np.nan, np.nan, 0)
    low, high = known.min(), known.max()
    if len(known) >= FEWEST_WINDOWS:
        low, high = averages.interval(np.median(averages.resampled(known), axis=1))
    deepest = tuple(dimensions[len(dimensions) // 2 :].tolist())
    return Dimension(float(np.median(known)), float(low), float(high), len(known), deepest)


def equalized(
    value: Float[np.ndarray, "rows columns"], reference: Float[np.ndarray, "_ _"] | None = None, gap: float = 0.25
) -> Float[np.ndarray, "rows columns"]:
    """Values as shades from -1 to 1, evenly spread over those on either side of 0, which stays free by `gap`.

    Histogram equalization, each sign on its own (Sohl-Dickstein 2024), by the values of a `reference` or by their own.
    """
    ordered = np.sort((value if reference is None else reference).ravel())
    negative = int((ordered < 0).sum())
    shades = np.concatenate([np.linspace(-1, -gap, negative), np.linspace(gap, 1, len(ordered) - negative)])
    interpolated = np.interp(value, ordered, shades)
    return np.where(value < 0, np.minimum(interpolated, -gap), np.maximum(interpolated, gap))
