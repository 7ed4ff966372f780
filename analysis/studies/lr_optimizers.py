"""Usable learning rates by optimizer."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from analysis import frames
from analysis.answers.comparisons import against
from analysis.chapters import RULES
from analysis.columns import OPTIMIZER, PLAIN
from analysis.items import StudyResult
from analysis.recipes import verdicts as recipes
from analysis.recipes.choices import choices, spoken_choices
from analysis.stats.usable import LEVELS, OWN, USABLE, wider
from analysis.study import Study

NAME = "lr_optimizers"


def analyze(runs: pd.DataFrame, _: pd.DataFrame) -> StudyResult:
    """A verdict for each optimizer, and final cost against the learning rate."""
    frames.require(runs, (OPTIMIZER,), f"experiment {NAME!r}")
    result = choices(NAME, OPTIMIZER, runs)
    names = spoken_choices(runs, OPTIMIZER)
    found = wider(runs, OPTIMIZER, PLAIN, names)
    if not found:
        return replace(result, answer="Not decided: there is no other optimizer beside plain gradient descent.")
    own = {choice: verdict for (level, choice), verdict in found.items() if level == OWN}
    groups = {
        f"within {USABLE:g} times {level}": [verdict for (own, _), verdict in found.items() if own == level]
        for level in LEVELS
    }
    return StudyResult(
        answer=against(
            list(own.values()),
            [names[choice] for choice in own],
            f"counting the learning rates that end within {USABLE:g} times an optimizer's own best cost",
            "had a wider range than plain gradient descent",
            "had a narrower range than plain gradient descent",
        ),
        findings=[
            *(recipes.answer(f"a wider range of learning rates, {level}", items) for level, items in groups.items()),
            *result.findings,
        ],
        figures=[
            *result.figures,
            recipes.figure(
                f"{NAME}_verdicts",
                "Usable range beside that of plain gradient descent",
                {f"usable range, {level}:\ngain in decades": items for level, items in groups.items()},
            ),
        ],
        tables=[recipes.table(f"{NAME}_verdicts", "Verdicts on optimizers", list(found.values())), *result.tables],
    )


STUDY = Study(
    title="Do modern optimizers tolerate a wider range of learning rates?",
    chapter=RULES,
    order=20,
    minutes=15,
    analyze=analyze,
    small=("seed=range(2)",),
)
