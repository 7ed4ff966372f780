"""Usable learning rates by schedule."""

from __future__ import annotations

import pandas as pd

from analysis.columns import SCHEDULE
from analysis.items import StudyResult
from analysis.recipes.choices import choices
from analysis.study import RATES, Study


def analyze(runs: pd.DataFrame, _: pd.DataFrame) -> StudyResult:
    """Final cost against the learning rate for each schedule."""
    return choices("lr_schedules", SCHEDULE, runs)


STUDY = Study(
    title="Does a schedule beat the best constant learning rate?",
    chapter=RATES,
    order=70,
    minutes=0.5,
    analyze=analyze,
    small=("seed=range(2)",),
)
