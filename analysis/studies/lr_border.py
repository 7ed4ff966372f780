"""The border of stability: predicted from the curvature at the start, and measured by bisection."""

from __future__ import annotations

import pandas as pd

from analysis import describe, frames, words
from analysis.answers import rates
from analysis.chapters import STEPS
from analysis.draw.borders import borders
from analysis.errors import StudyError
from analysis.items import Figure, StudyResult, Table
from analysis.recipes import captions
from analysis.stats.borders import CLOSE, RATIO, WIDE, measured_borders
from analysis.study import Study

LIMITS = "2/λ for gradient descent and 2(1 + β)/λ with momentum β"


def analyze(runs: pd.DataFrame, _: pd.DataFrame) -> StudyResult:
    """The measured border of each case beside the predicted."""
    frames.require(runs, ("start_sharpness",), "experiment 'lr_border'")
    table = measured_borders(runs)
    predicted = table[table["predicted"].notna()]
    if not len(predicted):
        raise StudyError("no optimizer of these runs has a known stability limit: there is no border to predict")
    return StudyResult(
        answer=rates.border(predicted),
        findings=findings(predicted),
        figures=[
            Figure(
                name="lr_border",
                title="Measured border over predicted border",
                plot=borders(predicted),
                caption=caption(runs, predicted),
                data=predicted,
            )
        ],
        tables=[
            Table(
                name="lr_border_table",
                title="Predicted and measured borders of stability",
                frame=table,
                caption=words.sentences(
                    f"λ: the sharpness at the start; predicted: the stability limit, {LIMITS}",
                    "holds: the largest learning rate below the first at which a run diverged; measured: the geometric "
                    "mean of the two",
                    "rise: a run has diverged when its cost exceeds so many times its start (or times 1) within its "
                    "steps",
                    captions.unknown_limits(runs),
                ),
            )
        ],
    )


def findings(table: pd.DataFrame) -> list[str]:
    """The number of borders near their prediction, on quadratics and of networks, then a sentence for each other."""
    close = (table[RATIO] - 1).abs() <= CLOSE
    network = table["case"].str.startswith("network")
    texts = [
        f"{kind}: {close[rows].sum()} of {words.plural(rows.sum(), 'measured border')} within {CLOSE:.0%} of the "
        "prediction"
        for kind, rows in (("on quadratics", ~network), ("of networks, whose sharpness changes along descent", network))
        if rows.any()
    ]
    texts += [
        f"{row['case']}: the border is at η = {row['measured']:.3g}, {row[RATIO]:.3g} times the predicted "
        f"{row['predicted']:.3g} (rise ×{row['rise']:g})"
        for _, row in table[~close].iterrows()
    ]
    return [words.sentences(text) for text in texts]


def caption(runs: pd.DataFrame, table: pd.DataFrame) -> str:
    """The caption of the figure."""
    basis = captions.sharpness_basis(runs)
    wide = table[table["diverges"] / table["holds"] > 1 + WIDE]
    return words.sentences(
        f"the learning rate at which runs begin to diverge, over the stability limit of their optimizer, {LIMITS}",
        f"λ: the sharpness at the start{'; of networks ' + basis if basis else ''}",
        f"a row is a case; its border was found by bisection, with {words.plural(len(runs), 'run')} for all cases",
        "a bar reaches from the largest learning rate that held to the smallest that diverged; the dot and the number "
        "are at their geometric mean",
        f"{words.plural(len(wide), 'bar')} wider than {WIDE:.0%}" if len(wide) else "",
        "rise: a run has diverged when its cost exceeds so many times its start",
        captions.unknown_limits(runs),
        describe.setup_text(runs),
    )


STUDY = Study(
    title="Where is the border of stability, and is it where theory has it?",
    chapter=STEPS,
    order=30,
    minutes=0.5,
    analyze=analyze,
    small=(
        "hydra.sweeper.cases=["
        "'problem=parabola problem.curvature=0.5','problem=parabola problem.curvature=2',"
        "'problem=bowl problem.curvature=0.1','problem=ravine problem.curvature=5 problem.condition=100',"
        "'problem=parabola optimizer=momentum optimizer.momentum=0.9',"
        "'problem/data=mnist_5k problem.batch_size=null problem.examples=null stop.max_steps=200 "
        "problem.activation=tanh problem.output=identity']",
    ),
)
