"""Schedules against the best constant learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from analysis import frames, words
from analysis.answers.comparisons import against
from analysis.chapters import RULES
from analysis.columns import RATE, SCHEDULE
from analysis.items import StudyResult
from analysis.recipes import verdicts as recipes
from analysis.recipes.choices import choices, spoken_choices
from analysis.stats.tuned import ACCURACY, CONSTANT, COST, PHRASES, Tuned, compared, of_schedules, tuned
from analysis.stats.verdicts import Verdict
from analysis.study import Study

NAME = "lr_schedules"


def analyze(runs: pd.DataFrame, _: pd.DataFrame) -> StudyResult:
    """A verdict for each schedule, and final cost against the learning rate."""
    frames.require(runs, (SCHEDULE,), f"experiment {NAME!r}")
    result, names = choices(NAME, SCHEDULE, runs), spoken_choices(runs, SCHEDULE)
    arms = tuned(runs, SCHEDULE)
    quantities = [quantity for quantity in (COST, ACCURACY) if quantity in runs]
    by_contrast = {quantity: compared(arms, of_schedules(arms), names, quantity) for quantity in quantities}
    found = {quantity: list(verdicts.values()) for quantity, verdicts in by_contrast.items()}
    if not found[COST]:
        return replace(result, answer="Not decided: there is no other schedule beside the constant learning rate.")
    own = {arm: verdict for (arm, baseline), verdict in by_contrast[COST].items() if baseline == CONSTANT}
    note = chosen_rates(arms, names).removesuffix(".")
    edge = at_edge(arms[CONSTANT].rate, runs[RATE])
    return StudyResult(
        answer=words.sentences(
            against(
                list(own.values()),
                [names[arm] for arm in own],
                "at the best learning rate of each",
                "ended at a lower training cost than a constant rate",
                "ended at a higher training cost than a constant rate",
            ).removesuffix("."),
            f"the best constant rate is the {edge} that was tried" if edge else "",
        ),
        findings=[*findings(found), *result.findings],
        figures=[
            recipes.figure(
                f"{NAME}_verdicts",
                "Each schedule at its best learning rate",
                {PHRASES[quantity][1]: items for quantity, items in found.items()},
                note,
            ),
            *result.figures,
        ],
        tables=[
            recipes.table(f"{NAME}_verdicts", "Verdicts on schedules", [*found[COST], *found.get(ACCURACY, [])], note),
            *result.tables,
        ],
    )


def findings(found: Mapping[str, list[Verdict]]) -> list[str]:
    """An answer for the training cost and one for the test accuracy, in a sentence each."""
    return [
        recipes.answer(f"{PHRASES[quantity][0]}, each schedule at its own best learning rate", items)
        for quantity, items in found.items()
    ]


def at_edge(rate: float, tried: pd.Series) -> str:
    """Which end of the learning rates that were tried the best one is, if it is one: a better one may lie beyond."""
    return {tried.min(): "smallest", tried.max(): "largest"}.get(rate, "")


def chosen_rates(arms: Mapping[str, Tuned], names: Mapping[str, str]) -> str:
    """The learning rates that were chosen, and on what."""
    rates = words.listed([f"{words.rate(arm.rate)} ({names[name]})" for name, arm in arms.items()])
    return words.sentences(
        "learning rates were chosen on the first third of the seeds, and tested on the others",
        f"those with the lowest final training cost are η = {rates}",
    )


STUDY = Study(
    title="Does a schedule beat the best constant learning rate?",
    chapter=RULES,
    order=30,
    minutes=15,
    analyze=analyze,
    small=("optimizer.learning_rate=1.778,3.162,5.623,9.999,17.78", "seed=range(12)"),
)
