"""What the studies' scripts share: their command line, the frames they draw from, what goes with a figure."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from matplotlib.figure import Figure

from analysis import style, words
from analysis.regimes import regimes
from analysis.words import is_param
from gdlab import tracking
from gdlab.blas import one_thread
from gdlab.problems.data import DataError
from gdlab.sweeps.configuration import ConfigurationError
from gdlab.tracking import TrackingError

Given = TypeVar("Given")
Result = TypeVar("Result")

RATE = "optimizer.learning_rate"
OPEN = ("cost", "final_cost", "gradient_norm")  # may be infinite or not a number: that is a result, not a hole
RUN_COLUMNS = ("run_id", RATE, "seed", "final_cost", "outcome")
SHARED = ("run_id", "seed", "outcome", "regime", "start_sharpness")
STEP_COLUMNS = ("run_id", "step", "cost", "gradient_norm", "learning_rate")


class StudyError(ValueError):
    """Runs that a study cannot be drawn from, or a place that cannot be written; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table, and what goes with it; columns are named as a reader should see them."""

    name: str
    title: str
    frame: pd.DataFrame
    caption: str

    @property
    def shown(self) -> pd.DataFrame:
        """Its columns that hold anything."""
        return self.frame.dropna(axis="columns", how="all")

    def cells(self) -> list[list[str]]:
        """Its rows as text."""
        return [[words.cell(value) for value in row] for row in self.shown.itertuples(index=False)]

    @property
    def in_words(self) -> list[bool]:
        """Which of the columns shown hold words."""
        return [not pd.api.types.is_numeric_dtype(self.shown[name]) for name in self.shown]

    def markdown(self) -> str:
        """It and its caption, as Markdown."""
        rows = [[str(name) for name in self.shown], ["---"] * self.shown.shape[1], *self.cells()]
        return "".join(f"| {' | '.join(row)} |\n" for row in rows) + f"\n{self.caption}\n"


@dataclass(frozen=True, kw_only=True)
class Film:
    """A moving picture, a GIF."""

    name: str
    title: str
    data: bytes
    caption: str


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a study makes of its runs."""

    findings: Sequence[str]
    drawn: Sequence[Drawn]
    tables: Sequence[Table] = ()
    films: Sequence[Film] = ()


@dataclass(frozen=True, kw_only=True)
class Study:
    """A named experiment in conf/experiment, and what is made of it.

    `make` takes what `load` gives, the runs first; None is this module's `load`: runs and their steps.
    """

    name: str
    title: str
    question: str
    make: Callable[..., Made]
    load: Callable[[str, str], tuple[Any, ...]] | None = None

    def made(self, uri: str, experiment: str | None = None) -> tuple[pd.DataFrame, Made]:
        """The runs of an experiment, that of its name if none is given, and what is made of them."""
        with one_thread():  # a process a core; and a product's last bits are those of the runs
            given = (self.load or load)(uri, experiment or self.name)
            return given[0], self.make(*given)

    @property
    def command(self) -> str:
        """What launches it."""
        return f"python experiments/train.py -m experiment={self.name}"


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A figure, and what goes with it on a page and in a folder."""

    name: str
    title: str
    figure: Figure
    caption: str
    data: pd.DataFrame


def command_line(description: str | None) -> argparse.ArgumentParser:
    """The options of every script."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--uri", default="sqlite:///mlflow.db", help="where runs are tracked (%(default)s)")
    parser.add_argument("--output", default=Path("reports"), type=Path, help="the folder to write to (%(default)s)")
    return parser


def draw(studies: Sequence[Study], description: str | None, arguments: Sequence[str] | None = None) -> None:
    """The command that draws some of these studies, or all that were run; figures and tables go to the folder, and to
    the parent run of each study's sweep.
    """
    parser = command_line(description)
    by_name = {study.name: study for study in studies}
    parser.add_argument("--study", choices=by_name, help="draw only this one")
    parser.add_argument("--experiment", help="take its runs from this MLflow experiment, not from that of its name")
    options = parser.parse_args(arguments)
    if options.experiment and not options.study:
        raise StudyError("--experiment needs --study, to know what to draw of its runs")
    chosen = [by_name[options.study]] if options.study else list(studies)
    nothing = StudyError(f"none of these studies is in {options.uri}; begin with: {chosen[0].command}")
    database = tracking.database_file(options.uri)
    if database and not database.is_file():
        raise nothing
    missing = []
    made = each(partial(draw_one, options.uri, options.output, options.experiment, len(chosen) > 1), chosen)
    for study, files in zip(chosen, made, strict=True):
        for file in files:
            print(f"wrote {file}")
        if not files:
            missing.append(study)
    if len(missing) == len(chosen):
        raise nothing
    for study in missing:
        print(f"{study.name} is not in {options.uri}; to run it: {study.command}")


def draw_one(uri: str, folder: Path, experiment: str | None, may_be_absent: bool, study: Study) -> list[Path]:
    """Draw a study from the runs of an experiment, that of its name if none is given; returns the files."""
    if experiment is None and not tracking.experiment_id(uri, study.name):
        if may_be_absent:
            return []
        raise StudyError(f"{study.name} is not in {uri}; to run it: {study.command}")
    runs, made = study.made(uri, experiment)
    files = save(made, folder)
    attach(uri, runs, files)
    return files


def each(function: Callable[[Given], Result], items: Sequence[Given]) -> Iterator[Result]:
    """What a function makes of each item, in their order, on all cores."""
    if len(items) == 1:
        yield function(items[0])
        return
    with ProcessPoolExecutor(min(len(items), os.cpu_count() or 1), get_context("spawn")) as pool:
        yield from pool.map(function, items)


def exit_plainly(main: Callable[[], None]) -> None:
    """Run a script; what a person can put right is said in one line."""
    try:
        main()
    except (StudyError, TrackingError, ConfigurationError, DataError) as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.filename or 'output'} cannot be written: {error.strerror or error}")


def load(uri: str, experiment: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The runs of an experiment, a row each, and their recorded steps, which carry their run's params and outcome.

    Raises
    ------
    TrackingError
        If the store, the experiment or its finished runs are missing.
    StudyError
        Naming the columns that the runs or their steps lack.

    """
    return joined(tracking.runs(uri, experiment), uri, experiment)


def joined(runs: pd.DataFrame, uri: str, experiment: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """These runs of an experiment and their recorded steps, as `load` gives them; raises as it does."""
    steps = tracking.trajectories(runs, uri)
    checked(steps, STEP_COLUMNS, f"the steps of experiment {experiment!r}")
    runs = runs.assign(final_cost=runs["final_cost"].fillna(runs["run_id"].map(exact_final_cost(steps))))
    checked(runs, RUN_COLUMNS, f"experiment {experiment!r} in {uri}")
    runs = runs.astype({"seed": int})  # tracking reads every number as a float
    runs["regime"] = runs["run_id"].map(regimes(steps))
    if "sharpness" in steps:
        runs["start_sharpness"] = runs["run_id"].map(steps[steps["step"] == 0].set_index("run_id")["sharpness"])
    shared = [name for name in map(str, runs) if name in SHARED or is_param(name)]
    return runs, steps.merge(runs[shared], on="run_id")


def checked(frame: pd.DataFrame, needed: Sequence[str], what: str) -> None:
    """See that a frame has the columns a study needs, and a value in every row.

    Raises
    ------
    StudyError
        Naming those it lacks.

    """
    absent = [name for name in needed if name not in frame]
    if absent:
        raise StudyError(f"{what} lacks {', '.join(absent)}: this study needs {', '.join(needed)}")
    for name in needed:
        holes = frame[name].isna() & (name not in OPEN)
        if holes.any():
            runs = frame["run_id"].nunique()
            raise StudyError(f"{what}: {frame.loc[holes, 'run_id'].nunique()} of {runs} runs have no {name}")


def exact_final_cost(steps: pd.DataFrame) -> pd.Series:
    """The last recorded cost by run id, inf and nan kept, which MLflow's metric leaves out."""
    return steps.drop_duplicates("run_id", keep="last").set_index("run_id")["cost"]


def save(made: Made, folder: Path) -> list[Path]:
    """Write figures with their captions and data, and tables as CSV and Markdown; returns the files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StudyError(f"--output={folder} is a file, not a folder") from None
    files = []
    for item in made.drawn:
        files += style.save(item.figure, folder / item.name)
        files += [folder / f"{item.name}.csv", folder / f"{item.name}.txt"]
        item.data.to_csv(files[-2], index=False, na_rep="nan")
        files[-1].write_text(f"{item.caption}\n", encoding="utf-8")
    for film in made.films:
        files += [folder / f"{film.name}.gif", folder / f"{film.name}.txt"]
        files[-2].write_bytes(film.data)
        files[-1].write_text(f"{film.caption}\n", encoding="utf-8")
    for table in made.tables:
        files += [folder / f"{table.name}.csv", folder / f"{table.name}.md"]
        table.frame.to_csv(files[-2], index=False, na_rep="nan")
        files[-1].write_text(table.markdown(), encoding="utf-8")
    return files


def attach(uri: str, runs: pd.DataFrame, files: Sequence[Path]) -> None:
    """Keep files with the newest sweep that the runs belong to, if there is one."""
    parents = runs["parent"].dropna() if "parent" in runs else runs.iloc[:0]
    if len(parents):
        tracking.attach(uri, str(parents.iloc[-1]), files)
