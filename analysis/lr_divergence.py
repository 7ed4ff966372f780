"""Draw the figures of the study lr_divergence, as `python analysis/figures.py --study lr_divergence` does."""

import runpy
import sys
from pathlib import Path

if not __package__:  # run as a script: a Python without gdlab ends here, in one line
    runpy.run_path(str(Path(__file__).parents[1] / "experiments" / "installation.py"))

from analysis.figures import main
from analysis.scripts import exit_plainly

if __name__ == "__main__":
    exit_plainly(lambda: main(["--study", "lr_divergence", *sys.argv[1:]]))
