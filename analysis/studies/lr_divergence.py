"""The network over six decades of learning rates."""

from __future__ import annotations

from functools import partial

from analysis.chapters import STEPS
from analysis.recipes.against_rate import against_rate
from analysis.study import Study

STUDY = Study(
    title="How large may a learning rate be?",
    chapter=STEPS,
    order=10,
    minutes=5,
    analyze=partial(against_rate, "lr_divergence", "The network"),
    small=("optimizer.learning_rate=geomspace:0.001:1000:13", "seed=range(3)"),
)
