"""The report: what was run, its numbers, its figures and how to remake them, on one page that needs no other file.

python analysis/report.py
"""

from __future__ import annotations

import base64
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis import study, words
from analysis.lr_divergence import STUDIES
from analysis.study import Study, StudyError, Table
from gdlab import tracking

TITLE = "What does gradient descent actually do?"
PAGE, TEMPLATE = "index.html", "report.html.j2"
MADE_WITH = {  # tags, where tracking gives them, that say what code made the runs
    "mlflow.source.git.commit": "git commit",
    "gdlab.git_dirty": "uncommitted changes",
    "gdlab.version": "gdlab",
    "gdlab.numpy_version": "NumPy",
    "gdlab.mlflow_version": "MLflow",
    "gdlab.python_version": "Python",
}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure that was written to a folder."""

    name: str
    title: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """One study on the page."""

    title: str
    question: str
    findings: Sequence[str]
    facts: dict[str, str]
    tables: Sequence[Table]
    pictures: Sequence[Picture]
    commands: dict[str, str]


def section(uri: str, folder: Path, study_: Study) -> Section | None:
    """A study's part of the page, with its figures written to `folder`; None if it was not run."""
    if not tracking.exists(uri, study_.name):
        return None
    runs, made = study_.made(uri)
    study.save(made, folder)
    options = ["--uri", uri] if uri != study.command_line(None).get_default("uri") else []
    return Section(
        title=study_.title,
        question=study_.question,
        findings=made.findings,
        facts=facts(runs, f"{study_.name} in {uri}"),
        tables=made.tables,
        pictures=[Picture(name=item.name, title=item.title, caption=item.caption) for item in made.drawn],
        commands={
            "the runs": study_.command,
            "the figures": shlex.join(["python", "analysis/lr_divergence.py", "--study", study_.name, *options]),
            "this page": shlex.join(["python", "analysis/report.py", *options]),
        },
    )


def facts(runs: pd.DataFrame, where: str) -> dict[str, str]:
    """What was run, and with what."""
    seeds = words.listed([words.number(seed) for seed in sorted(runs["seed"].unique())])
    made_with = {label: words.values(runs, tag) for tag, label in MADE_WITH.items()}
    told = {
        "experiment": where,
        "runs": words.size(runs),
        "seeds": seeds,
        **words.setup(runs),
        **{f"differing {name}": text for name, text in words.differences(runs).items()},
        "regimes": words.regimes(runs),
        **made_with,
    }
    return {name: text for name, text in told.items() if text}


def page(title: str, sections: list[Section], folder: Path) -> str:
    """The whole report as HTML, with the figures that were saved to `folder` inside it."""

    def embedded(picture: Picture) -> str:
        data = (folder / f"{picture.name}.png").read_bytes()
        return f"data:image/png;base64,{base64.b64encode(data).decode()}"

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(title=title, sections=sections, embedded=embedded)


def main() -> None:
    options = study.command_line(__doc__).parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    made = study.each(partial(section, options.uri, options.output), STUDIES)
    sections = [each for each in made if each is not None]
    if not sections:
        raise StudyError(f"none of the studies is in {options.uri}; begin with: {STUDIES[0].command}")
    file = options.output / PAGE
    file.write_text(page(TITLE, sections, options.output), encoding="utf-8")
    print(f"wrote {file}")


if __name__ == "__main__":
    study.exit_plainly(main)
