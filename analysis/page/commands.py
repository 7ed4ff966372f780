"""Commands of a section: those that made its runs, and the one that makes its figures."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import pandas as pd

from analysis.claims.claim import SWEEP
from analysis.scripts import command_line
from analysis.study import Study
from gdlab import tracking

WORKERS, MULTIRUN = "hydra.launcher.workers=", "hydra.mode=MULTIRUN"


def launched(study: Study, runs: pd.DataFrame, uri: str) -> list[str]:
    """The commands that launched the runs of a study; none if no sweep did, or one that kept no command."""
    return without_parts(tracking.commands(runs, uri), study.command)


def without_parts(commands: Sequence[str], whole: str) -> list[str]:
    """The commands that launch a study, but for those that launch a part of what another one does.

    That is each command with overrides, if the study was launched as a `whole` on the same data set, too: of each study
    the small version's runs are among the whole's.
    """
    plain = list(dict.fromkeys(_plain(command) for command in commands))
    return [command for command in plain if _whole(command, whole) not in {*plain} - {command}]


def of_claims(uri: str) -> list[str]:
    """The commands that launched the runs that claims have of their own; that for all of them, if none is known."""
    whole = f"python experiments/train.py -m experiment={SWEEP}"
    known = tracking.commands(tracking.runs(uri, SWEEP), uri) if tracking.experiment_id(uri, SWEEP) else []
    return without_parts(known, whole) or [whole]


def figures(study: Study, uri: str) -> str:
    """The command that makes the figures of a study."""
    options = ["--uri", tracking.redacted(uri)] if uri != command_line(None).get_default("uri") else []
    return shlex.join(["python", "analysis/figures.py", "--study", study.name, *options])


def _whole(command: str, whole: str) -> str:
    """The command that launches the whole study on the data set of a command, which its environment names."""
    data, python, _ = command.partition("python ")
    return f"{data}{whole}" if python else whole


def _plain(command: str) -> str:
    """A command without what changes no result: the number of workers, and a mode that -m stands for already."""
    texts = [text for text in command.split(" ") if not text.startswith(WORKERS)]
    return " ".join(text for text in texts if text != MULTIRUN or not {"-m", "--multirun"} & {*texts})
