"""Sections of the page: a study's findings, figures and tables, or how to run it; and the claims."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from analysis import claims, describe, words
from analysis.claims import UNDECIDED, Claim, Finding
from analysis.draw import style
from analysis.items import Chart, Figure, Film, Table
from analysis.page import commands
from analysis.saving import attach, save
from analysis.study import Study
from gdlab import tracking

SENTENCE = re.compile(r"(?<=[.?!]) (?=[^a-z])")  # its end; after an abbreviation a small letter follows
MOST_WORDS = 18  # of a caption in view; the rest is folded away
MOST_LINKS = 5
MOST_SEEDS = 40  # listed one by one
PROVENANCE = {  # tags of runs, and their names on the page
    "mlflow.source.git.commit": "git commit",
    "gdlab.git_dirty": "uncommitted changes",
    "gdlab.version": "gdlab",
    "gdlab.numpy_version": "NumPy",
    "gdlab.mlflow_version": "MLflow",
    "gdlab.python_version": "Python",
    "gdlab.processor": "processor",
    "gdlab.blas": "BLAS and its kernel",
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

    Its captions lack what the page says elsewhere: the setup, which `facts` has, and the regimes. `run_address` is that
    of a run's page, with its id to be put in at {run}; `launched` are the commands that made the runs, as far as they
    are known, `drawn` is the one that makes the figures.
    """

    study: Study
    missing: str = ""
    answer: str = ""
    findings: Sequence[str] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    charts: Sequence[Chart] = ()
    run_address: str = ""
    launched: Sequence[str] = ()
    drawn: str = ""
    runs: int = 0
    page: str = ""

    @property
    def is_decided(self) -> bool:
        """False if its answer begins by saying that it is not."""
        return not self.answer.lower().startswith(UNDECIDED)


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
    common = list(map(words.sentences, describe.common_parts(runs)))
    answer = result.answer or next(iter(result.findings), "")
    pictures = [*map(_figure_picture, result.figures), *map(_film_picture, result.films)]
    return Section(
        study=study,
        answer=answer,
        findings=[finding for finding in result.findings if finding != answer],
        facts=facts(runs, f"{study.name} in {tracking.redacted(uri)}"),
        tables=[replace(table, caption=_without(common, table.caption)) for table in result.tables],
        pictures=[replace(picture, caption=_without(common, picture.caption)) for picture in pictures],
        charts=[replace(chart, caption=_without(common, chart.caption)) for chart in result.charts],
        run_address=tracking.address(uri, tracking.run_page(runs["experiment_id"].iloc[0], "{run}")),
        launched=commands.launched(study, runs, uri),
        drawn=commands.figures(study, uri),
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


def first_sentence(text: str) -> str:
    """The first sentence of a text."""
    return SENTENCE.split(text)[0]


def parted(caption: str) -> tuple[str, str]:
    """As many of the first sentences of a caption as have `MOST_WORDS`, but one at least; and the rest.

    If the first has more, it ends at the last of its semicolons that leaves it short enough, or at the first one.
    """
    first, *others = SENTENCE.split(caption)
    while others and _is_short(f"{first} {others[0]}"):
        first = f"{first} {others.pop(0)}"
    if not _is_short(first) and "; " in first:
        ends = [place for place in range(len(first)) if first.startswith("; ", place)]
        end = max((place for place in ends if _is_short(first[:place])), default=ends[0])
        others.insert(0, words.sentences(first[end + 2 :].removesuffix(".")))
        first = f"{first[:end]}."
    return first, " ".join(others)


def _is_short(text: str) -> bool:
    return len(text.split()) <= MOST_WORDS
