"""What the studies' scripts share: their command line, the frames they draw from, what goes with a figure."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from analysis import style
from analysis.words import is_param
from gdlab import tracking
from gdlab.tracking import TrackingError

COSTS = ("cost", "final_cost")  # which may be infinite or not a number: that is a result, not a hole
RUN_COLUMNS = ("run_id", "optimizer.learning_rate", "seed", "final_cost", "outcome")
STEP_COLUMNS = ("run_id", "step", "cost")


class StudyError(ValueError):
    """Runs that a study cannot be drawn from, or a place that cannot be written; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A figure, and what goes with it on a page and in a folder."""

    name: str
    title: str
    figure: Figure
    caption: str
    data: pd.DataFrame


def command_line(description: str | None, experiment: str) -> argparse.ArgumentParser:
    """The options of every study."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--uri", default="sqlite:///mlflow.db", help="where runs are tracked (%(default)s)")
    parser.add_argument("--experiment", default=experiment, help="their MLflow experiment (%(default)s)")
    parser.add_argument("--output", default=Path("reports"), type=Path, help="the folder to write to (%(default)s)")
    return parser


def exit_plainly(main: Callable[[], None]) -> None:
    """Run a script; what a person can put right is said in one line."""
    try:
        main()
    except (StudyError, TrackingError) as error:
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
    runs = tracking.runs(uri, experiment)
    steps = tracking.trajectories(runs, uri)
    checked(steps, STEP_COLUMNS, f"the steps of experiment {experiment!r}")
    runs = runs.assign(final_cost=runs["run_id"].map(exact_final_cost(steps)))
    checked(runs, RUN_COLUMNS, f"experiment {experiment!r} in {uri}")
    runs = runs.astype({"seed": int})  # tracking reads every number as a float
    shared = [name for name in map(str, runs) if name in ("run_id", "seed", "outcome") or is_param(name)]
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
        holes = frame[name].isna() & (name not in COSTS)
        if holes.any():
            runs = frame["run_id"].nunique()
            raise StudyError(f"{what}: {frame.loc[holes, 'run_id'].nunique()} of {runs} runs have no {name}")


def exact_final_cost(steps: pd.DataFrame) -> pd.Series:
    """The last recorded cost by run id, inf and nan kept, which MLflow's metric leaves out."""
    return steps.drop_duplicates("run_id", keep="last").set_index("run_id")["cost"]


def save(drawn: Sequence[Drawn], folder: Path) -> list[Path]:
    """Write figures and their data; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for item in drawn:
        files += style.save(item.figure, folder / item.name)
        files.append(folder / f"{item.name}.csv")
        item.data.to_csv(files[-1], index=False, na_rep="nan")
    return files
