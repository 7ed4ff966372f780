"""Saving results: figures with their captions and data, tables, films."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis import frames
from analysis.draw import style
from analysis.errors import StudyError
from analysis.items import Figure, Film, StudyResult, Table
from gdlab import tracking


def save(result: StudyResult, folder: Path) -> list[Path]:
    """Write the figures, films and tables of a result to a folder; returns the files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StudyError(f"--output={folder} is a file, not a folder") from None
    files = []
    for figure in result.figures:
        files += _save_figure(figure, folder)
    for film in result.films:
        files += _save_film(film, folder)
    for table in result.tables:
        files += _save_table(table, folder)
    return files


def attach(uri: str, runs: pd.DataFrame, files: Sequence[Path]) -> None:
    """Log files as artifacts of the newest sweep that the runs belong to, if there is one."""
    if parent := frames.newest_parent(runs):
        tracking.attach(uri, parent, files)


def _save_figure(figure: Figure, folder: Path) -> list[Path]:
    data, caption = folder / f"{figure.name}.csv", folder / f"{figure.name}.txt"
    figure.data.to_csv(data, index=False, na_rep="nan")
    caption.write_text(f"{figure.caption}\n", encoding="utf-8")
    return [*style.save(figure.plot, folder / figure.name), data, caption]


def _save_film(film: Film, folder: Path) -> list[Path]:
    gif, caption = folder / f"{film.name}.gif", folder / f"{film.name}.txt"
    gif.write_bytes(film.gif)
    caption.write_text(f"{film.caption}\n", encoding="utf-8")
    return [gif, caption]


def _save_table(table: Table, folder: Path) -> list[Path]:
    data, text = folder / f"{table.name}.csv", folder / f"{table.name}.md"
    table.frame.to_csv(data, index=False, na_rep="nan")
    text.write_text(table.markdown(), encoding="utf-8")
    return [data, text]
