"""The report: claims, studies and pictures, each beside the runs it rests on, on one page that needs no other file.

python experiments/everything.py
python analysis/report.py
"""

from __future__ import annotations

import base64
import html
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis import landscape, lr_divergence, seed_minima, stamps, study, style, words
from analysis.claims import ABSENT, FAILS, HOLDS, LIMITED, Claim, Finding, judge, table
from analysis.study import Drawn, Film, Study, StudyError, Table
from gdlab import tracking

TITLE = "What does gradient descent actually do?"
PAGE, STAMP, TEMPLATE = "index.html", ".made", "report.html.j2"
CODE = ("analysis", "gdlab")
UI = "http://127.0.0.1:5000/#/experiments"
MOST_LINKS = 5
MADE_WITH = {  # tags, where tracking gives them, that say what code made the runs
    "mlflow.source.git.commit": "git commit",
    "gdlab.git_dirty": "uncommitted changes",
    "gdlab.version": "gdlab",
    "gdlab.numpy_version": "NumPy",
    "gdlab.mlflow_version": "MLflow",
    "gdlab.python_version": "Python",
}
CHAPTERS = {
    "The learning rate": ("analysis/lr_divergence.py", lr_divergence.STUDIES),
    "Seeds and minima": ("analysis/seed_minima.py", seed_minima.STUDIES),
    "Pictures": ("analysis/landscape.py", landscape.STUDIES),
}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure or a film that was written to a folder; `file` is what the page shows, `inches` how wide it is drawn."""

    name: str
    title: str
    caption: str
    file: str
    inches: float
    links: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Section:
    """One study on the page: what is true `throughout` is said once, not in every caption; of one that was not run,
    `missing` is the command that runs it.
    """

    name: str
    title: str
    question: str
    missing: str = ""
    findings: Sequence[str] = ()
    throughout: str = ""
    facts: dict[str, str] | None = None
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    commands: dict[str, str] | None = None
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """Studies of one subject."""

    title: str
    sections: Sequence[Section]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A claim on the page, with links to some of its runs."""

    claim: Claim
    finding: Finding
    links: Sequence[str]


def section(uri: str, folder: Path, given: tuple[str, Study]) -> Section:
    """A study's part of the page, with its figures written to `folder`."""
    script, each = given
    if not tracking.experiment_id(uri, each.name):
        return Section(name=each.name, title=each.title, question=each.question, missing=each.command)
    runs, made = each.made(uri)
    study.attach(uri, runs, study.save(made, folder))
    shown: list[Drawn | Film | Table] = [*made.drawn, *made.films, *made.tables]
    told = [
        text for text in map(words.sentences, words.throughout(runs)) if any(text in item.caption for item in shown)
    ]
    pictures = [
        *(picture(item, item.figure.get_figwidth(), "png", "svg", "csv") for item in made.drawn),
        *(picture(item, style.COLUMN, "gif") for item in made.films),
    ]
    options = ["--uri", uri] if uri != study.command_line(None).get_default("uri") else []
    return Section(
        name=each.name,
        title=each.title,
        question=each.question,
        findings=made.findings,
        facts=facts(runs, f"{each.name} in {uri}"),
        throughout=" ".join(told),
        tables=[replace(item, caption=without(told, item.caption)) for item in made.tables],
        pictures=[replace(item, caption=without(told, item.caption)) for item in pictures],
        commands={
            "the runs": each.command,
            "the figures": shlex.join(["python", script, "--study", each.name, *options]),
        },
        page=f"{UI}/{runs['experiment_id'].iloc[0]}",
    )


def without(told: Sequence[str], caption: str) -> str:
    """A caption without the sentences that its section says once for all."""
    for text in told:
        caption = caption.replace(text, "")
    return " ".join(caption.split())


def picture(item: Drawn | Film, inches: float, *kinds: str) -> Picture:
    """A picture by the files that were saved of it, the first of them shown."""
    files = [f"{item.name}.{kind}" for kind in kinds]
    return Picture(name=item.name, title=item.title, caption=item.caption, file=files[0], inches=inches, links=files)


def facts(runs: pd.DataFrame, where: str) -> dict[str, str]:
    """What was run, and with what."""
    told = {"experiment": where, "runs": f"{len(runs):,}"}
    if "seed" in runs:
        told["seeds"] = words.listed([words.number(seed) for seed in sorted(runs["seed"].unique())])
    told |= words.setup(runs)
    told |= {label: words.values(runs, tag) for tag, label in MADE_WITH.items()}
    return {name: text for name, text in told.items() if text}


def judged(uri: str) -> list[Judged]:
    """Every claim with its finding."""
    found = judge(uri)
    pages = experiment_pages(uri, {claim.experiment for claim, _ in found})
    return [
        Judged(
            claim=claim,
            finding=finding,
            links=[f"{pages[claim.experiment]}/runs/{run}" for run in finding.runs[:MOST_LINKS]]
            if claim.experiment in pages
            else [],
        )
        for claim, finding in found
    ]


def experiment_pages(uri: str, names: set[str]) -> dict[str, str]:
    """Where the MLflow UI shows each experiment that there is."""
    ids = {name: tracking.experiment_id(uri, name) for name in sorted(names)}
    return {name: f"{UI}/{number}" for name, number in ids.items() if number}


def summary(claims: Sequence[Judged], chapters: Sequence[Chapter]) -> list[tuple[str, str]]:
    """What was run and found: leads, each with a sentence or two."""
    verdicts = [each.finding.verdict for each in claims]
    told = [
        f"{verdicts.count(verdict)} {plural}"
        for verdict, plural in (
            (HOLDS, "hold"),
            (LIMITED, "hold with a limit"),
            (FAILS, "do not hold"),
            (ABSENT, "have no runs yet"),
        )
        if verdict in verdicts
    ]
    sections = [each for chapter in chapters for each in chapter.sections]
    done = [each for each in sections if not each.missing]
    count = sum(int(each.facts["runs"].replace(",", "")) for each in done if each.facts)
    return [
        (f"{len(claims)} claims", f"were tested against runs: {words.listed(told)}."),
        (f"{len(done)} of {len(sections)} studies", f"are run: {count:,} runs and measurements."),
        *(
            (each.title if each.title.endswith("?") else f"{each.title}.", each.findings[0])
            for each in done
            if each.findings
        ),
    ]


def page(claims: Sequence[Judged], chapters: Sequence[Chapter], folder: Path, uri: str) -> str:
    """The whole report as HTML, with the pictures that were saved to `folder` inside it."""

    def embedded(shown: Picture) -> str:
        data = base64.b64encode((folder / shown.file).read_bytes()).decode()
        return f"data:image/{shown.file.rpartition('.')[2]};base64,{data}"

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["badge"] = lambda verdict: html.escape(verdict.split()[0])
    return environment.get_template(TEMPLATE).render(
        title=TITLE,
        summary=summary(claims, chapters),
        claims=claims,
        claims_table=table([(each.claim, each.finding) for each in claims]),
        chapters=chapters,
        embedded=embedded,
        uri=uri,
        absent=ABSENT,
    )


def _call(part: partial[Any]) -> Any:
    return part()


def main() -> None:
    options = study.command_line(__doc__).parse_args()
    database = tracking.database_file(options.uri)
    stamp, file = options.output / STAMP, options.output / PAGE
    made_of = stamps.digest(CODE, [database] if database else [], options.uri)
    if database and file.is_file() and stamps.unchanged(stamp, made_of):
        print(f"{file} is as new: nothing has changed since it was made")
        return
    nothing = StudyError(f"none of the studies is in {options.uri}; begin with: python experiments/everything.py")
    if database and not database.is_file():
        raise nothing
    options.output.mkdir(parents=True, exist_ok=True)
    given = [(script, each) for script, studies in CHAPTERS.values() for each in studies]
    longest_first = given[::-1]
    parts: list[partial[Any]] = [partial(section, options.uri, options.output, each) for each in longest_first]
    *made, claims = study.each(_call, [*parts, partial(judged, options.uri)])
    sections = dict(zip(longest_first, made, strict=True))
    if all(each.missing for each in sections.values()):
        raise nothing
    chapters = [
        Chapter(title=title, sections=[sections[script, each] for each in studies])
        for title, (script, studies) in CHAPTERS.items()
    ]
    study.save(
        study.Made(findings=[], drawn=[], tables=[table([(c.claim, c.finding) for c in claims])]),
        options.output,
    )
    file.write_text(page(claims, chapters, options.output, options.uri), encoding="utf-8")
    stamps.put(stamp, stamps.digest(CODE, [database] if database else [], options.uri))
    print(f"wrote {file}")


if __name__ == "__main__":
    study.exit_plainly(main)
