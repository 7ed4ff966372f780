"""The page as HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis import claims, words
from analysis.claims import ABSENT, FAILS, HOLDS, LIMITED, UNDECIDED
from analysis.page import pictures, scripts
from analysis.page.sections import Picture, Section, TestedClaim
from gdlab import tracking

TITLE = "What does gradient descent actually do?"
TEMPLATE = "report.html.j2"


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """Sections on one subject."""

    title: str
    sections: Sequence[Section]


def page(tested: Sequence[TestedClaim], chapters: Sequence[Chapter], folder: Path, uri: str) -> str:
    """The whole report, with the pictures saved in `folder` inside it."""

    def embedded(picture: Picture) -> pictures.Embedded:
        return pictures.embedded(folder / picture.file)

    has_charts = any(section.charts for chapter in chapters for section in chapter.sections)
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
        summary=summary(tested, chapters),
        claims=tested,
        claims_table=claims.table([(item.claim, item.finding) for item in tested]),
        chapters=chapters,
        embedded=embedded,
        description=scripts.description,
        scripts=scripts.scripts() if has_charts else [],
        uri=tracking.redacted(uri),
    )


def summary(tested: Sequence[TestedClaim], chapters: Sequence[Chapter]) -> list[tuple[str, str]]:
    """What was run and found: leads, each with a sentence or two."""
    sections = [section for chapter in chapters for section in chapter.sections]
    done = [section for section in sections if not section.missing]
    runs = sum(section.runs for section in done)
    return [
        (f"{len(tested)} claims", f"were tested against runs: {_verdicts(tested)}."),
        (f"{len(done)} of {len(sections)} studies", f"have been run: {runs:,} runs and measurements."),
        *((_lead(section), section.findings[0]) for section in done if section.findings),
    ]


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


def _lead(section: Section) -> str:
    title = section.study.title
    return title if title.endswith("?") else f"{title}."
