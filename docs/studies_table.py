"""Write README's table of studies from the studies themselves: make readme.

The runs are counted by a dry run of each; those of a search, whose number is not known beforehand, are kept.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from analysis.claims.claim import SWEEP
from analysis.studies import studies

ROOT = Path(__file__).resolve().parents[1]
README, TRAIN = ROOT / "README.md", ROOT / "experiments" / "train.py"
HEAD = "| study | title | runs | minutes |\n| --- | --- | --- | --- |\n"
CLAIMS = (SWEEP, "Runs for claims that no study covers", 1.0)


def main() -> None:
    """Replace the table's rows."""
    text = README.read_text(encoding="utf-8")
    old = re.search(re.escape(HEAD) + r"(?:\|.*\n)+", text)
    assert old is not None, "README has no table of studies"
    rows = [*((study.name, study.title, study.minutes) for study in studies().values()), CLAIMS]
    lines = [row(name, title, minutes, old[0]) for name, title, minutes in rows]
    README.write_text(text.replace(old[0], HEAD + "".join(lines)), encoding="utf-8")


def row(name: str, title: str, minutes: float, before: str) -> str:
    """A row of the table."""
    return f"| `{name}` | {title} | {runs(name, before)} | {'½' if minutes == 0.5 else f'{minutes:g}'} |\n"


def runs(name: str, before: str) -> str:
    """The number of a study's runs; of a search, the number in the table before."""
    known = re.search(rf"^\| `{name}` \|.*\| (\d+) \| [^|]+ \|$", before, flags=re.MULTILINE)
    if known and "search:" in (ROOT / "conf" / "experiment" / f"{name}.yaml").read_text(encoding="utf-8"):
        return known[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(TRAIN), "-m", f"experiment={name}", "dry_run=true"]
        printed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    return re.findall(r"^(\d+) jobs?: ", printed, flags=re.MULTILINE)[-1]


if __name__ == "__main__":
    main()
