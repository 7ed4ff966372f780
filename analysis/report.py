"""Make the report: claims, studies and figures, each beside the runs behind it, on one page that needs no other file.

python experiments/everything.py
python analysis/report.py
python analysis/report.py --results docs/results.md   # the findings in Markdown, too
"""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

if not __package__:  # run as a script: a Python without gdlab ends here, in one line
    runpy.run_path(str(Path(__file__).parents[1] / "experiments" / "installation.py"))

from analysis import claims, words
from analysis.chapters import CHAPTERS
from analysis.errors import StudyError
from analysis.items import StudyResult
from analysis.page import stamps
from analysis.page.render import ChapterPage, page
from analysis.page.results import write_results
from analysis.page.sections import Section, section, tested_claims
from analysis.saving import save
from analysis.scripts import command_line, exit_plainly, in_parallel
from analysis.studies import studies
from gdlab import tracking

PAGE, STAMP = "index.html", ".made"
CODE = ("analysis", "gdlab")


def main() -> None:
    """Write the page, unless it is up to date."""
    parser = command_line(__doc__)
    parser.add_argument("--results", type=Path, help="a Markdown file for the findings, with a folder of its pictures")
    options = parser.parse_args()
    database = tracking.database_file(options.uri)
    stamp, file = options.output / STAMP, options.output / PAGE

    def digest() -> str:
        return stamps.digest(CODE, [database] if database else [], options.uri)

    written = [path for path in (file, options.results) if path]
    if database and all(path.is_file() for path in written) and stamps.is_current(stamp, digest()):
        print(f"{file} is up to date")
        return
    nothing = StudyError(
        f"none of the studies is in {tracking.redacted(options.uri)}; begin with: python experiments/everything.py"
    )
    if database and not database.is_file():
        raise nothing
    options.output.mkdir(parents=True, exist_ok=True)
    by_duration = sorted(studies().values(), key=lambda study: study.name != "gallery")  # the longest to draw first
    tasks: list[partial[Any]] = [partial(section, options.uri, options.output, study) for study in by_duration]
    *sections, tested = in_parallel(_call, [*tasks, partial(tested_claims, options.uri)])
    if all(item.missing for item in sections):
        raise nothing
    table = claims.table([(item.claim, item.finding) for item in tested])
    save(StudyResult(findings=[], tables=[table]), options.output)
    chapters = _chapters({item.study.name: item for item in sections})
    file.write_text(page(tested, chapters, options.output, options.uri), encoding="utf-8")
    if options.results:
        write_results(options.results, tested, chapters, options.output)
    stamps.write(stamp, digest())
    print(f"wrote {words.listed(list(map(str, written)))}")


def _chapters(sections: Mapping[str, Section]) -> list[ChapterPage]:
    """The chapters that have sections, in the order of the report."""
    ordered = [sections[name] for name in studies() if name in sections]
    chapters = [
        ChapterPage(title=title, lead=lead, sections=[item for item in ordered if item.study.chapter.title == title])
        for title, lead in CHAPTERS
    ]
    return [chapter for chapter in chapters if chapter.sections]


def _call(task: partial[Any]) -> Any:
    return task()


if __name__ == "__main__":
    exit_plainly(main)
