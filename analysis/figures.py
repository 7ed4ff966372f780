"""Draw the figures and tables of the studies that have been run.

python experiments/train.py -m experiment=lr_divergence
python analysis/figures.py --study lr_divergence
"""

from __future__ import annotations

import runpy
from collections.abc import Sequence
from functools import partial
from pathlib import Path

if not __package__:  # run as a script: a Python without gdlab ends here, in one line
    runpy.run_path(str(Path(__file__).parents[1] / "experiments" / "installation.py"))

from analysis.errors import StudyError
from analysis.saving import attach, save
from analysis.scripts import command_line, exit_plainly, in_parallel
from analysis.studies import studies
from analysis.study import Study
from gdlab import tracking


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw one study or all; figures and tables go to a folder, and to the parent run of the study's sweep."""
    parser = command_line(__doc__)
    by_name = studies()
    parser.add_argument("--study", choices=by_name, help="draw only this study")
    parser.add_argument("--experiment", help="read the runs of this MLflow experiment in place of the study's own")
    options = parser.parse_args(arguments)
    if options.experiment and not options.study:
        raise StudyError("--experiment needs --study, which says what to draw of its runs")
    chosen = [by_name[options.study]] if options.study else list(by_name.values())
    nothing = StudyError(
        f"none of these studies is in {tracking.redacted(options.uri)}; begin with: {chosen[0].command}"
    )
    database = tracking.database_file(options.uri)
    if database and not database.is_file():
        raise nothing
    files = list(in_parallel(partial(draw, options.uri, options.output, options.experiment, not options.study), chosen))
    for file in (file for written in files for file in written):
        print(f"wrote {file}")
    if not any(files):
        raise nothing
    for study in (study for study, written in zip(chosen, files, strict=True) if not written):
        print(f"{study.name} is not in {tracking.redacted(options.uri)}; to run it: {study.command}")


def draw(uri: str, folder: Path, experiment: str | None, may_be_absent: bool, study: Study) -> list[Path]:
    """Draw a study from the runs of an experiment, by default that of its name; returns the files."""
    if experiment is None and not tracking.experiment_id(uri, study.name):
        if may_be_absent:
            return []
        raise StudyError(f"{study.name} is not in {tracking.redacted(uri)}; to run it: {study.command}")
    runs, result = study.result(uri, experiment)
    files = save(result, folder)
    attach(uri, runs, files)
    return files


if __name__ == "__main__":
    exit_plainly(main)
