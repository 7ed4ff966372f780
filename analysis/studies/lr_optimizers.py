"""Usable learning rates by optimizer."""

from __future__ import annotations

import pandas as pd

from analysis.columns import OPTIMIZER
from analysis.items import StudyResult
from analysis.recipes.choices import choices
from analysis.study import RATES, Study


def analyze(runs: pd.DataFrame, _: pd.DataFrame) -> StudyResult:
    """Final cost against the learning rate for each optimizer."""
    return choices("lr_optimizers", OPTIMIZER, runs)


STUDY = Study(
    title="Do modern optimizers adjust the learning rate by themselves?",
    chapter=RATES,
    order=60,
    minutes=1,
    analyze=analyze,
    small=("seed=range(2)",),
)
