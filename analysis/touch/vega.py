"""What charts in Vega-Lite share: data, colours, axes and sizes.

Colours of text and lines are the page's own CSS variables, so that charts follow it into the dark; a width of
`CONTAINER` is the page's, which the script puts in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np

from analysis.draw import style

CONTAINER = "container"
INK, FAINT, LINE, PAPER = "var(--ink)", "var(--faint)", "var(--line)", "var(--paper)"
SHAPES = {"v": "triangle-down", "o": "circle", "s": "square", "D": "diamond", "X": "cross"}  # for matplotlib's
View = alt.LayerChart | alt.FacetChart  # what a layer may be, says Altair
DIGITS = 4  # of a number in the page
MARGIN = 48  # pixels for the labels of the y axis
HOVER = "pointerover[event.pointerType !== 'mouse' || event.buttons === 0]"  # or a tap, but no drag
SHORT = "datum.value >= 1e5 || datum.value < 1e-3 ? format(datum.value, '.0e') : format(datum.value, '~g')"
MOST_POWERS = 7  # of ten, named on a log axis

CONFIG = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": FAINT,
        "labelFontSize": 12,
        "titleColor": INK,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "domainColor": FAINT,
        "tickColor": FAINT,
        "gridColor": LINE,
        "gridOpacity": 0.6,
    },
    "axisY": {"minExtent": MARGIN, "maxExtent": MARGIN, "domain": False, "ticks": False},
    "legend": {
        "labelColor": INK,
        "labelFontSize": 12,
        "symbolOpacity": 1,
        "orient": "top",
        "title": None,
        "columns": 3,
        "labelLimit": 220,
    },
    "title": {"color": INK, "fontSize": 13, "fontWeight": 600, "anchor": "start", "offset": 10, "frame": "bounds"},
}


def data(rows: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    """Rows as data inside the page; infinities and NaNs are null."""
    return alt.InlineData(values=[{name: plain(value) for name, value in row.items()} for row in rows])


def plain(value: Any) -> Any:
    """A value as JSON has it, numbers to a few digits."""
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
    return value


def specification(chart: Any, *parameters: str) -> dict[str, Any]:
    """The specification of a chart, checked by Altair, with parameters that its expressions use and controls set.

    The address of the schema is left out: nothing is to be fetched.
    """
    spec: dict[str, Any] = chart.add_params(*(alt.param(name=name, value=None) for name in parameters)).to_dict()
    spec.pop("$schema", None)
    return {**spec, "config": CONFIG}


def heading(text: str) -> alt.TitleParams:
    """The name of the y axis, above it, where it takes no width."""
    return alt.TitleParams(text, fontSize=12, fontWeight="normal")


class Regimes(NamedTuple):
    """The regimes that occur, in the order of the house style, and their marks."""

    names: Sequence[str]
    marks: Sequence[style.Mark]

    def encodings(self) -> dict[str, Any]:
        """Colour and shape by regime, in one legend."""
        colors, shapes = [mark.color for mark in self.marks], [SHAPES[mark.marker] for mark in self.marks]
        return {
            "color": alt.Color("regime:N").scale(domain=list(self.names), range=colors),
            "shape": alt.Shape("regime:N").scale(domain=list(self.names), range=shapes),
        }


def regimes(found: Sequence[str]) -> Regimes:
    """The regimes among those found."""
    names = [name for name in style.REGIMES if name in set(found)]
    return Regimes(names, [style.REGIMES[name] for name in names])


def log_scale(low: float, high: float) -> alt.Scale:
    """A log scale that ends at these values."""
    return alt.Scale(type="log", domain=[plain(low), plain(high)], nice=False, clamp=True)


def log_axis(low: float, high: float, title: str | None = None) -> alt.Axis:
    """The axis of a log scale, with round numbers: powers of ten only, where there are many."""
    decades = np.log10(high / low)
    digits = (1, 2, 3, 4, 5, 6, 8) if decades < 1 else (1, 2, 5) if decades < 1.5 else (1, 3) if decades < 3 else (1,)
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1, int(np.ceil(decades / MOST_POWERS)))
    values = [float(f"{digit}e{power}") for power in powers for digit in digits]
    return alt.Axis(title=title, values=[value for value in values if low <= value <= high], labelExpr=SHORT)
