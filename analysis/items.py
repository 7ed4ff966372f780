"""Items of a report: figures, films, tables, and the result of a study, which holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """Findings in sentences, and the figures, tables and films behind them; `answer` answers the study's title."""

    findings: Sequence[str]
    answer: str = ""
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    films: Sequence[Film] = ()
