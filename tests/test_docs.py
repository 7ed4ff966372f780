"""The quickstart notebook, the documents beside README, the Makefile."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from commands import ROOT

import gdlab

NOTEBOOK = ROOT / "docs" / "quickstart.ipynb"
MAKE = ("make", "--no-print-directory")
LARGEST = 100_000  # bytes of all figures
EXACT = ("pivot(", "stability_limit(2.0)", "Counter(")  # in cells whose output no last bit can change
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), NOTEBOOK])


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """The notebook, run from top to bottom."""
    output = tmp_path_factory.mktemp("notebook") / "quickstart.ipynb"
    command = [sys.executable, ROOT / "docs" / "execute.py", "--output", output]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return nbformat.read(output, as_version=4)


@pytest.mark.slow
def test_the_notebook_runs_and_its_output_is_that_in_the_repository(executed: nbformat.NotebookNode) -> None:
    stored = nbformat.read(NOTEBOOK, as_version=4)
    assert len(stored.cells) == len(executed.cells)
    for before, after in zip(stored.cells, executed.cells, strict=True):
        assert kinds(before) == kinds(after), before.source
        if any(text in before.source for text in EXACT):
            assert texts(before) == texts(after)


def test_the_notebook_holds_small_figures_and_no_errors() -> None:
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    figures = [output.data["image/png"] for cell in cells for output in cell.outputs if "image/png" in data(output)]
    assert figures
    assert sum(len(base64.b64decode(figure)) for figure in figures) < LARGEST


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    if document == NOTEBOOK:
        text = "".join(cell.source for cell in nbformat.reads(text, 4).cells if cell.cell_type == "markdown")
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        assert link.startswith(("http://", "https://")) or (document.parent / link).exists(), link


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(citation)  # what the format requires
    assert citation["version"] == gdlab.__version__
    assert citation["license"] == "MIT"


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## \[?([\d.]+)", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert versions[0] == gdlab.__version__


def test_pre_commit_runs_what_make_lint_runs() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    lint = subprocess.run(
        [*MAKE, "-n", "-o", "setup", "lint"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [hook["entry"] for hook in repository["hooks"]] == lint.stdout.splitlines()


@pytest.mark.parametrize(("value", "full"), [("", False), ("0", False), ("no", False), ("1", True), ("yes", True)])
def test_make_report_is_full_only_where_that_is_asked_for(value: str, full: bool) -> None:
    make = [*MAKE, "-n", "-o", "setup", "report", f"FULL={value}"]
    recipe = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ("--full" in recipe) is full


def test_make_help_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)$", text, flags=re.MULTILINE).group(1).split()) - {"tests"}  # test, again
    listed = subprocess.run([*MAKE, "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in listed.splitlines()} == targets


def data(output: nbformat.NotebookNode) -> dict[str, str]:
    return output.get("data", {})


def kinds(cell: nbformat.NotebookNode) -> list[set[str]]:
    """What a cell puts out: figures, tables, text."""
    return [set(data(output)) or {output.output_type} for output in cell.get("outputs", [])]


def texts(cell: nbformat.NotebookNode) -> list[str]:
    return [data(output).get("text/plain", output.get("text", "")) for output in cell.get("outputs", [])]
