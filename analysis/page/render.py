"""The page as HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis import claims, words
from analysis.claims import ABSENT, FAILS, HOLDS, LIMITED, UNDECIDED
from analysis.page import commands, pictures, scripts, sketches
from analysis.page.sections import Picture, Section, TestedClaim, first_sentence, parted
from analysis.stats.regimes import DISTANCE, MEANINGS
from gdlab import tracking
from gdlab.defaults import defaults

TITLE = "What does gradient descent actually do?"
TEMPLATE = "report.html.j2"
HERO = "lr_divergence_final"
FINDINGS = 5  # in the abstract
MAIN = (  # studies, those of the main findings first
    "lr_divergence",
    "edge_of_stability",
    "trainability",
    "ten_thousand_seeds",
    "double_descent",
    "symmetry",
    "basins",
    "lr_border",
)


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
    environment.filters |= {"parted": parted, "tally": tally}
    return environment.get_template(TEMPLATE).render(
        title=TITLE,
        summary=summary(tested, chapters),
        abstract=abstract(chapters),
        hero=next((item for section in _sections(chapters) for item in section.pictures if item.name == HERO), None),
        sketches=sketches.sketches(),
        network=default_network(),
        regimes=[f"{name}: {meaning}" for name, meaning in MEANINGS.items()],
        distance=DISTANCE,
        claims=tested,
        claims_table=claims.table([(item.claim, item.finding) for item in tested]),
        claims_commands=commands.of_claims(uri),
        chapters=chapters,
        embedded=embedded,
        contents=contents,
        description=scripts.description,
        scripts=scripts.scripts() if has_charts else [],
        uri=tracking.redacted(uri),
    )


def tally(tested: Sequence[TestedClaim]) -> str:
    """Some claims counted by their verdicts."""
    return f"{words.plural(len(tested), 'claim')} tested: {_verdicts(tested)}"


def contents(findings: int, figures: int, tables: int) -> str:
    """What is folded away in a section."""
    counts = ((findings, "finding"), (figures, "figure"), (tables, "table"))
    return words.listed([*(words.plural(count, noun) for count, noun in counts if count), "commands"])


def summary(tested: Sequence[TestedClaim], chapters: Sequence[ChapterPage]) -> list[str]:
    """How much was run, decided and tested, in a few sentences."""
    sections = _sections(chapters)
    done = [section for section in sections if not section.missing]
    runs, open_questions = sum(section.runs for section in done), sum(not section.is_decided for section in done)
    verb = "is" if open_questions == 1 else "are"
    return [
        f"{len(done)} of {len(sections)} studies have been run: {runs:,} runs and measurements.",
        *([f"{open_questions} of their questions {verb} not decided."] if open_questions else []),
        f"{len(tested)} claims that introductions to gradient descent make were tested: {_verdicts(tested)}.",
    ]


def default_network() -> str:
    """The network that studies train unless they say otherwise, in words."""
    network = defaults("problem", "network")
    hidden, size = words.listed(list(map(str, network["hidden"]))), network["batch_size"]
    return f"hidden layers of {hidden} {network['activation']} units and learns MNIST digits in batches of {size}"


def abstract(chapters: Sequence[ChapterPage]) -> list[tuple[Section, str]]:
    """The main findings, a sentence each, in the order of the page: those of decided questions before others."""
    answered = [section for section in _sections(chapters) if section.answer]
    names = [*MAIN, *(section.study.name for section in answered if section.study.name not in MAIN)]
    ranked = sorted(answered, key=lambda section: (not section.is_decided, names.index(section.study.name)))
    best = [section.study.name for section in ranked[:FINDINGS]]
    return [(section, first_sentence(section.answer)) for section in answered if section.study.name in best]


def _sections(chapters: Sequence[ChapterPage]) -> list[Section]:
    return [section for chapter in chapters for section in chapter.sections]


def _verdicts(tested: Sequence[TestedClaim]) -> str:
    verdicts = [item.finding.verdict for item in tested]
    phrases = (
        (HOLDS, "holds", "hold"),
        (LIMITED, "holds in part", "hold in part"),
        (FAILS, "does not hold", "do not hold"),
        (UNDECIDED, "is not decided", "are not decided"),
        (ABSENT, "has no runs yet", "have no runs yet"),
    )
    counts = [(verdicts.count(verdict), one, many) for verdict, one, many in phrases]
    return words.listed([f"{count} {one if count == 1 else many}" for count, one, many in counts if count])
