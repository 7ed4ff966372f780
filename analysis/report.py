"""The report: what was run, its numbers, its figures and how to remake them, on one page that needs no other file.

python analysis/report.py
"""

from __future__ import annotations

import argparse
import base64
import shlex
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis import lr_divergence, study, style, words
from analysis.lr_divergence import RATE
from analysis.study import Drawn

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
class Table:
    """Rows of text under their column names."""

    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True, kw_only=True)
class Section:
    """One study on the page."""

    title: str
    question: str
    findings: list[str]
    facts: dict[str, str]
    table: Table
    drawn: list[Drawn]
    commands: dict[str, str]


def lr_divergence_section(options: argparse.Namespace) -> Section:
    runs, steps = study.load(options.uri, options.experiment)
    return Section(
        title=lr_divergence.TITLE,
        question=lr_divergence.QUESTION,
        findings=lr_divergence.findings(runs),
        facts=facts(runs, options),
        table=summary_table(runs),
        drawn=lr_divergence.figures(runs, steps),
        commands={
            "the runs": f"python experiments/train.py -m experiment={lr_divergence.EXPERIMENT}",
            "the figures": command("analysis/lr_divergence.py", options),
            "this page": command("analysis/report.py", options),
        },
    )


def facts(runs: pd.DataFrame, options: argparse.Namespace) -> dict[str, str]:
    """What was run, and with what."""
    seeds = words.listed([words.number(seed) for seed in sorted(runs["seed"].unique())])
    made_with = {label: words.values(runs, tag) for tag, label in MADE_WITH.items()}
    told = {
        "experiment": f"{options.experiment} in {options.uri}",
        "runs": words.size(runs),
        "seeds": seeds,
        **words.setup(runs),
        **{f"differing {name}": text for name, text in words.differences(runs).items()},
        "outcomes": words.outcomes(runs),
        **made_with,
    }
    return {name: text for name, text in told.items() if text}


def summary_table(runs: pd.DataFrame) -> Table:
    """Per learning rate: how many runs, how they ended, the medians of their final cost and accuracy."""
    table = lr_divergence.summary(runs)
    accurate = "median_final_accuracy" in table
    rows = []
    for _, row in table.iterrows():
        ended = ", ".join(f"{row[name]:.0f} {name}" for name in style.OUTCOMES if row[name])
        medians = [decimal(row["median_final_cost"]), *([decimal(row["median_final_accuracy"])] if accurate else [])]
        rows.append([f"{row[RATE]:g}", f"{row['runs']:.0f}", ended, *medians])
    columns = ["learning rate η", "runs", "outcomes", "median final cost", "median final test accuracy"]
    return Table(columns=columns[: 4 + accurate], rows=rows)


def decimal(value: float) -> str:
    return f"{value:#.3g}" if abs(value) < float("inf") else "not finite"


def command(script: str, options: argparse.Namespace) -> str:
    """The command line that gives these options; defaults are left out."""
    defaults = study.command_line(None, lr_divergence.EXPERIMENT)
    changed = {name: value for name, value in vars(options).items() if value != defaults.get_default(name)}
    return shlex.join(
        ["python", script, *(text for name, value in changed.items() for text in (f"--{name}", str(value)))]
    )


def page(title: str, sections: list[Section], folder: Path) -> str:
    """The whole report as HTML, with the figures that were saved to `folder` inside it."""

    def embedded(drawn: Drawn) -> str:
        picture = (folder / f"{drawn.name}.png").read_bytes()
        return f"data:image/png;base64,{base64.b64encode(picture).decode()}"

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(title=title, sections=sections, embedded=embedded)


def main() -> None:
    options = study.command_line(__doc__, lr_divergence.EXPERIMENT).parse_args()
    section = lr_divergence_section(options)
    files = study.save(section.drawn, options.output)
    files.append(options.output / PAGE)
    files[-1].write_text(page(TITLE, [section], options.output), encoding="utf-8")
    for file in files:
        print(f"wrote {file}")


if __name__ == "__main__":
    study.exit_plainly(main)
