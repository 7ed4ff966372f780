"""Items of a report: figures, films, tables, charts, and the result of a study, which holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import words

if TYPE_CHECKING:
    from matplotlib import figure


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A plot with its caption, and the data it shows."""

    name: str
    title: str
    plot: figure.Figure
    caption: str
    data: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Film:
    """An animated GIF with its caption."""

    name: str
    title: str
    gif: bytes
    caption: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with its caption; columns are named as a reader should see them."""

    name: str
    title: str
    frame: pd.DataFrame
    caption: str

    @property
    def visible(self) -> pd.DataFrame:
        """The frame without its empty columns."""
        return self.frame.dropna(axis="columns", how="all")

    def cells(self) -> list[list[str]]:
        """The rows as text."""
        return [[words.cell(value) for value in row] for row in self.visible.itertuples(index=False)]

    @property
    def is_text(self) -> list[bool]:
        """For each visible column, True where it holds text and no numbers."""
        return [not pd.api.types.is_numeric_dtype(self.visible[name]) for name in self.visible]

    def markdown(self) -> str:
        """The table and its caption as Markdown."""
        rows = [[str(name) for name in self.visible], ["---"] * self.visible.shape[1], *self.cells()]
        return "".join(f"| {' | '.join(row)} |\n" for row in rows) + f"\n{self.caption}\n"


VEGA_LITE, WALKS, ZOOM = "vega-lite", "walks", "zoom"  # scripts of the page that draw charts
SELECT, RANGE = "select", "range"
SEPARATOR = "|"  # between the values in a readout's keys


@dataclass(frozen=True, kw_only=True)
class Control:
    """A list to choose from or a slider, which sets a parameter of a chart to one of `values`; `texts` name them.

    `start` is the place of the value at first.
    """

    parameter: str
    label: str
    values: Sequence[Any]
    texts: Sequence[str]
    start: int = 0
    kind: str = SELECT


@dataclass(frozen=True, kw_only=True)
class Gesture:
    """A selection of a chart by pointer, which sets parameters to the selected values of a field.

    A point sets one parameter, an interval two: the first and the last of a control's values inside it.
    """

    selection: str
    field: str
    parameters: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Readout:
    """What a chart says in words, and the runs that it links to.

    The keys are the places of the parameters' values in their controls, joined by `SEPARATOR`.
    """

    parameters: Sequence[str]
    texts: Mapping[str, str]
    runs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Chart:
    """An interactive chart with its caption: a Vega-Lite specification, or the data of another script, its `kind`.

    `alternative` says what it shows to those who do not see it.
    """

    name: str
    title: str
    caption: str
    alternative: str
    spec: Mapping[str, Any]
    kind: str = VEGA_LITE
    controls: Sequence[Control] = ()
    gestures: Sequence[Gesture] = ()
    readouts: Sequence[Readout] = ()


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """Findings in sentences, with the figures, tables, films and charts behind them; `answer` is that to the title."""

    findings: Sequence[str]
    answer: str = ""
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    films: Sequence[Film] = ()
    charts: Sequence[Chart] = ()
