"""Sections of the page: a study's findings, figures and tables, or how to run it; and the claims."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from analysis import claims, describe, words
from analysis.claims import Claim, Finding
from analysis.draw import style
from analysis.items import Chart, Figure, Film, Table
from analysis.saving import attach, save
from analysis.scripts import command_line
from analysis.study import Study
from gdlab import tracking

Item = Figure | Film | Table | Chart
SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")
MOST_LINKS = 5
MOST_SEEDS = 40  # listed one by one
PROVENANCE = {  # tags of runs, and their names on the page
    "mlflow.source.git.commit": "git commit",
    "gdlab.git_dirty": "uncommitted changes",
    "gdlab.version": "gdlab",
    "gdlab.numpy_version": "NumPy",
    "gdlab.mlflow_version": "MLflow",
    "gdlab.python_version": "Python",
}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A saved figure or film: `file` is the one to show, `inches` its width, `links` all its files."""

    name: str
    title: str
    caption: str
    file: str
    inches: float
    links: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A study on the page; `missing` is the command that runs it, if it was not run.

    `throughout` holds the sentences that would be in every caption; `run_address` is that of a run's page, with its id
    to be put in at {run}.
    """

    study: Study
    missing: str = ""
    answer: str = ""
    findings: Sequence[str] = ()
    throughout: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    charts: Sequence[Chart] = ()
    run_address: str = ""
    commands: Mapping[str, Sequence[str]] = field(default_factory=dict)
    runs: int = 0
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class TestedClaim:
    """A claim with its finding, and links to some of its runs, by their ids."""

    claim: Claim
    finding: Finding
    links: Mapping[str, str]


def section(uri: str, folder: Path, study: Study) -> Section:
    """A study's section; its figures and tables are saved to `folder`."""
    if not tracking.experiment_id(uri, study.name):
        return Section(study=study, missing=study.command)
    runs, result = study.result(uri)
    attach(uri, runs, save(result, folder))
    items: list[Item] = [*result.figures, *result.films, *result.tables, *result.charts]
    common = [text for text in map(words.sentences, describe.common_parts(runs)) if _is_in_any(text, items)]
    pictures = [*map(_figure_picture, result.figures), *map(_film_picture, result.films)]
    return Section(
        study=study,
        answer=result.answer,
        findings=result.findings,
        facts=facts(runs, f"{study.name} in {tracking.redacted(uri)}"),
        throughout=" ".join(common),
        tables=[replace(table, caption=_without(common, table.caption)) for table in result.tables],
        pictures=[replace(picture, caption=_without(common, picture.caption)) for picture in pictures],
        charts=[replace(chart, caption=_without(common, chart.caption)) for chart in result.charts],
        run_address=tracking.address(uri, tracking.run_page(runs["experiment_id"].iloc[0], "{run}")),
        commands={
            "the runs": [_without_workers(text) for text in tracking.commands(runs, uri)] or [study.command],
            "the figures": [_figures_command(study, uri)],
        },
        runs=len(runs),
        page=tracking.address(uri, tracking.experiment_page(runs["experiment_id"].iloc[0])),
    )


def facts(runs: pd.DataFrame, where: str) -> dict[str, str]:
    """The setup of the runs and the code that made them, by name."""
    table = {"experiment": where, "runs": f"{len(runs):,}"}
    if "seed" in runs:
        table["seeds"] = _seeds(sorted(runs["seed"].unique()))
    table |= describe.setup(runs)
    table |= {label: describe.values(runs, tag) for tag, label in PROVENANCE.items()}
    return {name: text for name, text in table.items() if text}


def _seeds(seeds: Sequence[int]) -> str:
    """Some seeds in words, the first few and the last if they are many."""
    texts = [words.number(seed) for seed in seeds]
    return (
        words.listed(texts) if len(texts) <= MOST_SEEDS else f"{texts[0]}, {texts[1]}, …, {texts[-1]} ({len(texts):,})"
    )


def tested_claims(uri: str) -> list[TestedClaim]:
    """Every claim with its finding."""
    found = claims.judge(uri)
    ids = {name: tracking.experiment_id(uri, name) for name in sorted({claim.experiment for claim, _ in found})}
    return [
        TestedClaim(claim=claim, finding=finding, links=run_links(uri, ids[claim.experiment], finding.runs))
        for claim, finding in found
    ]


def run_links(uri: str, experiment_id: str | None, run_ids: Sequence[str]) -> dict[str, str]:
    """The addresses of the first of some runs by their ids; none without an experiment."""
    if experiment_id is None:
        return {}
    return {run: tracking.address(uri, tracking.run_page(experiment_id, run)) for run in run_ids[:MOST_LINKS]}


def _is_in_any(text: str, items: Iterable[Item]) -> bool:
    return any(text in item.caption for item in items)


def _without(sentences: Sequence[str], caption: str) -> str:
    """A caption without some of its sentences."""
    for sentence in sentences:
        caption = caption.replace(sentence, "")
    return " ".join(caption.split())


def _figure_picture(figure: Figure) -> Picture:
    return _picture(figure, figure.plot.get_figwidth(), ("svg", "png", "csv"))


def _film_picture(film: Film) -> Picture:
    return _picture(film, style.COLUMN, ("gif",))


def _picture(item: Figure | Film, inches: float, suffixes: Sequence[str]) -> Picture:
    files = [f"{item.name}.{suffix}" for suffix in suffixes]
    return Picture(name=item.name, title=item.title, caption=item.caption, file=files[0], inches=inches, links=files)


def _without_workers(command: str) -> str:
    """A command without the number of workers, which changes no result."""
    return " ".join(text for text in command.split(" ") if not text.startswith("hydra.launcher.workers="))


def parted(caption: str) -> tuple[str, str]:
    """The first sentence of a caption, and the rest."""
    first, _, rest = SENTENCE.sub("\n", caption, count=1).partition("\n")
    return first, rest


def _figures_command(study: Study, uri: str) -> str:
    options = ["--uri", tracking.redacted(uri)] if uri != command_line(None).get_default("uri") else []
    return shlex.join(["python", "analysis/figures.py", "--study", study.name, *options])
