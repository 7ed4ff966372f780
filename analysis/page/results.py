"""The report's results as Markdown, with small pictures beside it, to be read in a repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from analysis import words
from analysis.items import Table
from analysis.page.render import TITLE, ChapterPage, abstract, summary
from analysis.page.sections import Picture, Section, TestedClaim

COLORS = 256  # in a small picture
MOST_ROWS = 16  # of a table; longer ones are on the page
SETUP = ("data set", "optimizer", "batch size", "budget", "runs", "seeds")


def write_results(file: Path, tested: Sequence[TestedClaim], chapters: Sequence[ChapterPage], folder: Path) -> None:
    """Write the results; each study's first picture, saved in `folder`, is copied to a folder of the file's name."""
    pictures = file.with_suffix("")
    pictures.mkdir(parents=True, exist_ok=True)
    done = [section for chapter in chapters for section in chapter.sections if section.pictures]
    shown = {section.pictures[0].name for section in done}
    for old in pictures.glob("*.png"):
        if old.stem not in shown:
            old.unlink()
    for section in done:
        shrink(folder / f"{section.pictures[0].name}.png", pictures)
    file.write_text("\n".join(_lines(tested, chapters, pictures.name)) + "\n", encoding="utf-8")


def shrink(picture: Path, folder: Path) -> Path:
    """Copy a picture with few colours, which suffice for lines and text; returns the copy."""
    copy = folder / f"{picture.stem}.png"
    with Image.open(picture) as image:
        image.convert("RGB").quantize(COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
            copy, optimize=True
        )
    return copy


def _lines(tested: Sequence[TestedClaim], chapters: Sequence[ChapterPage], pictures: str) -> Iterator[str]:
    yield f"# {TITLE}"
    yield "\nWhat the studies found, written by `make report FULL=1`: every number is computed from tracked runs.\n"
    yield from (f"- **{section.study.title}** {finding}" for section, finding in abstract(chapters))
    yield f"\n{' '.join(summary(tested, chapters))}"
    for chapter in chapters:
        yield f"\n## {chapter.title}\n\n{chapter.lead}"
        for section in chapter.sections:
            yield from _section(section, pictures)
    yield "\n## All claims\n\n| claim | verdict | measured |\n| --- | --- | --- |"
    for item in tested:
        yield f"| {_cell(item.claim.text)} | {item.finding.verdict} | {_cell(item.finding.measured)} |"


def _section(section: Section, pictures: str) -> Iterator[str]:
    yield f"\n### {section.study.title}\n"
    if section.missing:
        yield f"Not run yet: `{section.missing}`"
        return
    yield f"**{section.answer}**\n"
    yield f"{section.study.question}\n"
    yield from (f"- {finding}" for finding in section.findings)
    yield from (_picture(picture, pictures) for picture in section.pictures[:1])
    for table in section.tables:
        if len(table.frame) <= MOST_ROWS:
            yield _table(table)
    setup = [f"{name}: {section.facts[name]}" for name in SETUP if name in section.facts]
    commands = words.listed([f"`{command}`" for command in section.launched or [section.study.command]])
    yield f"\n{'; '.join(setup)}. {commands}"


def _picture(picture: Picture, pictures: str) -> str:
    return f"\n![{picture.title}]({pictures}/{picture.name}.png)\n\n*{picture.title}.* {picture.caption}"


def _table(table: Table) -> str:
    return f"\n**{table.title}**\n\n{table.markdown()}"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
