"""The page as HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis import claims, words
from analysis.claims import ABSENT, FAILS, HOLDS, LIMITED, UNDECIDED
from analysis.page import pictures, scripts, sketches
from analysis.page.sections import Picture, Section, TestedClaim, parted
from gdlab import tracking

TITLE = "What does gradient descent actually do?"
TEMPLATE = "report.html.j2"


HERO = "lr_divergence_final"
MAIN = ("lr_divergence", "edge_of_stability", "trainability", "ten_thousand_seeds", "double_descent")  # of the abstract


@dataclass(frozen=True, kw_only=True)
class ChapterPage:
    """A chapter with its sections."""

    title: str
    lead: str
    sections: Sequence[Section]


def page(tested: Sequence[TestedClaim], chapters: Sequence[ChapterPage], folder: Path, uri: str) -> str:
    """The whole report, with the pictures saved in `folder` inside it."""

    def embedded(picture: Picture) -> pictures.Embedded:
        return pictures.embedded(folder / picture.file)

    has_charts = any(section.charts for section in _sections(chapters))
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["badge"] = lambda verdict: "limited" if verdict == LIMITED else html.escape(verdict.split()[0])
    environment.filters["parted"] = parted
    return environment.get_template(TEMPLATE).render(
        title=TITLE,
        summary=summary(tested, chapters),
        abstract=abstract(chapters),
        hero=next((item for section in _sections(chapters) for item in section.pictures if item.name == HERO), None),
        sketches=sketches.sketches(),
        claims=tested,
        claims_table=claims.table([(item.claim, item.finding) for item in tested]),
        chapters=chapters,
        embedded=embedded,
        description=scripts.description,
        scripts=scripts.scripts() if has_charts else [],
        uri=tracking.redacted(uri),
    )


def summary(tested: Sequence[TestedClaim], chapters: Sequence[ChapterPage]) -> list[str]:
    """How much was run and tested, in two sentences."""
    sections = _sections(chapters)
    done = [section for section in sections if not section.missing]
    runs = sum(section.runs for section in done)
    return [
        f"{len(done)} of {len(sections)} studies have been run: {runs:,} runs and measurements.",
        f"{len(tested)} claims of an introduction to gradient descent were tested against runs: {_verdicts(tested)}.",
    ]


def abstract(chapters: Sequence[ChapterPage]) -> list[Section]:
    """The sections whose answers are the main findings: those that `MAIN` names, others in place of missing ones."""
    answered = [section for section in _sections(chapters) if section.answer]
    first = sorted(answered, key=lambda section: section.study.name not in MAIN)[: len(MAIN)]
    return sorted(first, key=answered.index)


def _sections(chapters: Sequence[ChapterPage]) -> list[Section]:
    return [section for chapter in chapters for section in chapter.sections]


def _verdicts(tested: Sequence[TestedClaim]) -> str:
    verdicts = [item.finding.verdict for item in tested]
    counts = (
        (HOLDS, "hold"),
        (LIMITED, "hold with a limit"),
        (FAILS, "do not hold"),
        (UNDECIDED, "are not decided"),
        (ABSENT, "have no runs yet"),
    )
    return words.listed([f"{verdicts.count(verdict)} {plural}" for verdict, plural in counts if verdict in verdicts])
