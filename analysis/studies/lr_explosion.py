"""A network whose cost is unbounded, over many learning rates."""

from __future__ import annotations

from functools import partial

from analysis.answers import rates
from analysis.chapters import STEPS
from analysis.recipes.against_rate import against_rate
from analysis.study import Study

STUDY = Study(
    title="From which learning rate on does training explode?",
    chapter=STEPS,
    order=20,
    minutes=1,
    analyze=partial(against_rate, "lr_explosion", "Relu units, identity outputs", answer=rates.explosion),
    small=("seed=range(3)",),
)
