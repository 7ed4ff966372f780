"""Test cost against the size of a network, with right labels and with some wrong ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import describe, frames, words
from analysis.answers.sizes import Course, descends_twice
from analysis.chapters import SIZES
from analysis.columns import HIDDEN
from analysis.draw import descents as draw
from analysis.errors import StudyError
from analysis.items import Figure, StudyResult, Table
from analysis.stats import descents, students
from analysis.stats.descents import Peak
from analysis.stats.verdicts import UNDECIDED
from analysis.study import Study
from gdlab.descent.stopping import DIVERGED

NOISE = "problem.data.label_noise"
EXAMPLES = "problem.data.train_examples"
TITLE = "Cost and error against the number of parameters"
FEWEST = 3  # sizes
FITTED = 0.99  # of the training examples are classified as labelled


def analyze(runs: pd.DataFrame, steps: pd.DataFrame) -> StudyResult:
    """Test cost, test error and training cost by size, and a verdict on a peak for each share of wrong labels."""
    frames.require(runs, (NOISE, EXAMPLES, "parameters", "final_accuracy"), "experiment 'double_descent'")
    ends = ended(runs, steps)
    noises = sorted(ends[NOISE].unique())
    if ends["parameters"].nunique() < FEWEST:
        raise StudyError(f"this study needs networks of {FEWEST} sizes or more, got {ends['parameters'].nunique()}")
    threshold = interpolation_threshold(ends)
    by_size = {noise: descents.by_size(ends[ends[NOISE] == noise], "test_cost") for noise in noises}
    peaks = {noise: (descents.peak(costs), parameters) for noise, (costs, parameters) in by_size.items()}
    table = sizes(ends)
    caption = captions(ends, threshold)
    return StudyResult(
        answer=descends_twice([course(noise, *peaks[noise], by_size[noise][0], threshold) for noise in noises]),
        findings=[finding(noise, table, *peaks[noise], threshold) for noise in noises],
        figures=[
            Figure(
                name="double_descent",
                title=TITLE,
                plot=draw.descents(ends, threshold, {noise: _share(noise) for noise in noises}),
                caption=caption,
                data=ends[["parameters", HIDDEN, NOISE, "seed", *draw.PANELS, "train_accuracy"]],
            )
        ],
        tables=[Table(name="double_descent_sizes", title=TITLE, frame=table, caption=caption)],
    )


def ended(runs: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """The runs with the cost and the error on the test set at their ends; diverged ones are left out."""
    exact = ["test_cost", "train_accuracy"]
    last = steps.drop_duplicates("run_id", keep="last").set_index("run_id")[exact]
    joined = runs.drop(columns=exact, errors="ignore").join(last, on="run_id")
    joined = joined.assign(test_error=100 * (1 - joined["final_accuracy"]))
    return joined[joined["outcome"] != DIVERGED].reset_index(drop=True)


def interpolation_threshold(runs: pd.DataFrame) -> float:
    """Training examples × outputs: as many numbers as the outputs have to match."""
    outputs = 10
    return float(runs[EXAMPLES].max() * outputs)


def sizes(runs: pd.DataFrame) -> pd.DataFrame:
    """The means of each size and share of wrong labels, with the interval of the test cost."""
    rows = []
    for (noise, parameters), group in runs.groupby([NOISE, "parameters"]):
        mean, low, high = students.mean_within(group["test_cost"].to_numpy(float))
        rest = [group[name].mean() for name in ("test_error", "final_cost")]
        rows.append([noise, parameters, len(group), mean, low, high, *rest, 100 * group["train_accuracy"].mean()])
    heads = ["wrong labels", "parameters", "runs", "test cost", "low", "high", "test error (%)", "training cost"]
    return pd.DataFrame(rows, columns=[*heads, "training accuracy (%)"])


def finding(noise: float, table: pd.DataFrame, found: Peak, sizes: np.ndarray, threshold: float) -> str:
    """Whether the test cost has a peak between two valleys, and where."""
    rows = table[table["wrong labels"] == noise]
    before, top, after = (sizes[place] for place in (found.before, found.top, found.after))
    fitted = rows.loc[rows["training accuracy (%)"] >= 100 * FITTED, "parameters"]
    first = f"the labels are fitted to {FITTED:.0%} from {fitted.min():,.0f} parameters on" if len(fitted) else ""
    tested = f"on the other seeds (n = {found.n})" if found.n else "on this seed"
    return words.sentences(
        f"{_share(noise)}: {answer(found)}",
        f"the candidate for a peak, chosen on the first third of the seeds, is at {top:,.0f} parameters, "
        f"{top / threshold:.2g} times training examples × outputs ({threshold:,.0f}); {tested} the test cost there "
        f"minus that of the valley before it ({before:,.0f} parameters) is "
        f"{words.estimate(found.rise, found.rise_low, found.rise_high, '.3f')}, and minus that of the one after it "
        f"({after:,.0f}) {words.estimate(found.fall, found.fall_low, found.fall_high, '.3f')}",
        first or f"no size fits {FITTED:.0%} of the labels within this budget",
    )


def course(noise: float, found: Peak, sizes: np.ndarray, costs: np.ndarray, threshold: float) -> Course:
    """The course of the test cost for a share of wrong labels; `costs` has a row for each seed."""
    top, means = float(sizes[found.top]), costs.mean(axis=0)
    return Course(
        name=f"with {_share(noise)}" if noise else "without wrong labels",
        verdict=found.verdict,
        parameters=top,
        ratio=top / threshold,
        lowest=float(means.min()),
        last=float(means[-1]),
    )


def answer(found: Peak) -> str:
    """The verdict in words."""
    if found.verdict == UNDECIDED:
        return "double descent is not decided"
    return f"the test cost has {found.verdict} between two valleys"


def _share(noise: float) -> str:
    return "no wrong labels" if not noise else f"{100 * noise:g}% wrong labels"


def captions(runs: pd.DataFrame, threshold: float) -> str:
    """The caption of the figure and the table."""
    counts = runs.groupby([NOISE, "parameters"]).size()
    return words.sentences(
        "a dot is a run, measured at its end on the whole of both sets; line: the mean over seeds; band: "
        f"{students.kinds(counts)}",
        f"dashed: as many parameters as training examples × outputs, {threshold:,.0f}, where Belkin, Hsu, Ma and "
        "Mandal 2019 expect the peak",
        "wrong labels: a share of the training labels is replaced by other classes; the test labels are right",
        describe.counts(runs, [HIDDEN, NOISE]),
        f"training examples: {describe.values(runs, EXAMPLES)}",
        describe.setup_text(_of_all_sizes(runs)),
    )


def _of_all_sizes(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with one name for all shapes, so that a caption does not list them twice."""
    ordered = runs.sort_values("parameters")[HIDDEN]
    return runs.assign(**{HIDDEN: f"{ordered.iloc[0]} to {ordered.iloc[-1]}"}).drop(columns="parameters")


STUDY = Study(
    title="Does the test cost fall, rise and fall again with size?",
    chapter=SIZES,
    order=20,
    minutes=5,
    analyze=analyze,
    small=("problem.hidden=[1],[4],[12],[64]", "seed=range(2)"),
)
