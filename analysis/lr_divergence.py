"""Draw the figures of the study lr_divergence, as `python analysis/figures.py --study lr_divergence` does."""

import sys

from analysis.figures import main
from analysis.scripts import exit_plainly

if __name__ == "__main__":
    exit_plainly(lambda: main(["--study", "lr_divergence", *sys.argv[1:]]))
