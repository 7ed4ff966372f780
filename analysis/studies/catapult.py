"""Phases of the learning rate: lazy, catapult and divergent, and period doubling at the end of training."""

from __future__ import annotations

import pandas as pd

from analysis import describe, frames, words
from analysis.answers.stability import catapults
from analysis.chapters import STEPS
from analysis.draw import catapult as draw
from analysis.errors import StudyError
from analysis.items import Figure, StudyResult, Table
from analysis.stats.catapult import (
    ABOVE,
    CASE,
    CATAPULT,
    DIVERGING,
    FLATTER,
    HIGHEST,
    LAZY,
    LIMIT,
    PERIOD,
    PERIODS,
    PHASE,
    TAIL,
    TARGET,
    C,
    boundaries,
    phases,
)
from analysis.study import Study

NAME = "catapult"
WIDTH = "problem.width"
UNIT = "learning rates as c = ηλ, with λ each run's own sharpness at its start; c = 2 is the stability limit 2/λ"


def analyze(runs: pd.DataFrame, steps: pd.DataFrame) -> StudyResult:
    """Phases against c, and the last steps' costs of linear networks that cannot converge at large rates."""
    frames.require(runs, ("start_sharpness",), f"experiment {NAME!r}")
    if "final_sharpness" not in runs:
        raise StudyError(f"experiment {NAME!r} lacks final_sharpness; this study needs record.sharpness=ends")
    table = phases(runs, steps)
    is_doubling = runs[TARGET].fillna(0) > 0 if TARGET in runs else pd.Series(False, runs.index)
    doubling = table[table["run_id"].isin(runs.loc[is_doubling, "run_id"])]
    main = table.drop(doubling.index)
    return StudyResult(
        answer=catapults(main),
        findings=[*onset_findings(main), *findings(main), *doubling_findings(doubling, runs[is_doubling])],
        figures=[
            *([phases_figure(main, runs[~is_doubling])] if len(main) else []),
            *([doubling_figure(doubling, runs[is_doubling], steps)] if len(doubling) else []),
        ],
        tables=[
            Table(
                name=f"{NAME}_phases",
                title="Phases of the learning rate",
                frame=boundaries(table),
                caption=words.sentences(
                    UNIT,
                    f"{LAZY}: the recorded cost never exceeds its start; {CATAPULT}: it does, and falls "
                    f"below it again; {ABOVE}: it is above its start at the end; {DIVERGING}: the outcome is diverged",
                    "flatter: the sharpness at the end is below that at the start; empty: no such run",
                ),
            )
        ],
    )


def groups(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The linear networks and the other networks, those that there are."""
    is_width = table[CASE].str.startswith("width ")
    parts = [("linear network, one example", table[~is_width]), ("networks", table[is_width])]
    return [(title, part) for title, part in parts if len(part)]


def phases_figure(table: pd.DataFrame, runs: pd.DataFrame) -> Figure:
    """Largest cost, final cost and final sharpness against c."""
    return Figure(
        name=NAME,
        title="Largest cost, final cost and final sharpness over the start",
        plot=draw.phases(groups(table)),
        caption=words.sentences(
            "largest recorded cost, final cost and final sharpness, each over its value at the start, against the "
            "learning rate, on log scales",
            UNIT,
            f"dashed: c = {LIMIT:g} and c = {HIGHEST:g}, between which a wide linear network is in the catapult phase",
            f"a dot is a run ({len(runs)} runs, {words.plural(runs['seed'].nunique(), 'seed')}); a line joins the "
            "medians over seeds at each learning rate at which none diverged",
            "crosses at the upper edge: runs that diverged; they have no final sharpness",
            f"final costs below {draw.LOWEST:g} of the start lie at the lower edge",
            "costs are recorded at every one of the first and last 32 steps and at log-spaced steps between",
            describe.setup_text(runs),
        ),
        data=table,
    )


def doubling_figure(table: pd.DataFrame, runs: pd.DataFrame, steps: pd.DataFrame) -> Figure:
    """The last steps' costs against c."""
    kept = table[table[PHASE] != DIVERGING]
    tails = steps[steps["run_id"].isin(kept["run_id"])].sort_values("step").groupby("run_id").tail(TAIL)
    tails = tails[["run_id", "step", "cost"]].merge(kept[["run_id", "seed", "η", C, "λ", PERIOD]], on="run_id")
    return Figure(
        name=f"{NAME}_doubling",
        title="Period doubling at the end of training",
        plot=draw.bifurcation(tails, onset(runs)),
        caption=words.sentences(
            f"cost of a linear network of width {runs[WIDTH].iloc[0]:.0f} on one example with the target "
            f"y = {runs[TARGET].iloc[0]:g} at each of the last {TAIL} steps, against c",
            UNIT,
            "its minima have a sharpness of 2y/√n at least; dashed: the learning rate √n/y, above which none of them "
            "is stable, in units of each seed's λ",
            f"{len(kept)} runs of {words.plural(runs['seed'].nunique(), 'seed')}; {len(table) - len(kept)} more "
            "diverged and are left out",
            describe.setup_text(runs),
        ),
        data=tails[["η", "seed", C, PERIOD, "step", "cost"]],
    )


def onset(runs: pd.DataFrame) -> float:
    """The learning rate above which no minimum of a linear network is stable, √n/y."""
    first = runs.iloc[0]
    return float(first[WIDTH] ** 0.5 / first[TARGET])


def onset_findings(table: pd.DataFrame) -> list[str]:
    """The lowest c of a catapult in each case, and the lowest that diverged."""
    if not len(table):
        return []
    found = boundaries(table)
    rose = found.dropna(subset="lowest c of a catapult")
    onsets = [f"{row[CASE]} at c = {row['lowest c of a catapult']:.3g}" for _, row in rose.iterrows()]
    ends = found.dropna(subset="lowest c that diverged")
    diverged = [f"{row[CASE]} from c = {row['lowest c that diverged']:.3g}" for _, row in ends.iterrows()]
    widths = rose.loc[rose[CASE].str.startswith("width "), "lowest c of a catapult"]
    falls = len(widths) > 1 and widths.is_monotonic_decreasing
    return [
        words.sentences(
            f"the lowest c at which the cost first rises and then falls: {words.listed(onsets)}",
            "the wider the network, the lower it is" if falls else "",
        )
        if onsets
        else "No run is a catapult.",
        words.sentences(f"runs diverged: {words.listed(diverged)}" if diverged else "no run diverged"),
    ]


def findings(table: pd.DataFrame) -> list[str]:
    """For each case what happened below c = 2, between 2 and 4, and above."""
    return [words.sentences(_sentence(name, runs)) for name, runs in table.groupby(CASE, sort=False)]


def _sentence(name: object, runs: pd.DataFrame) -> str:
    below, above = runs[runs[C] < LIMIT], runs[runs[C] > HIGHEST]
    between = runs.drop(below.index).drop(above.index)
    rose = runs[runs[PHASE] == CATAPULT]
    parts = [
        f"{(below[PHASE] == LAZY).sum()} of {len(below)} runs at c < 2 were lazy (the cost never above its start)",
        f"{(between[PHASE] == CATAPULT).sum()} of {len(between)} at 2 ≤ c ≤ 4 were catapults",
        f"{(above[PHASE] == DIVERGING).sum()} of {len(above)} at c > 4 diverged",
    ]
    if len(rose):
        parts.append(
            f"catapults occurred at c from {rose[C].min():.3g} to {rose[C].max():.3g}, and {(rose[FLATTER] < 1).sum()} "
            f"of {len(rose)} ended flatter than they started (median {rose[FLATTER].median():.2g} times the sharpness)"
        )
    return f"{name}: " + "; ".join(parts)


def doubling_findings(table: pd.DataFrame, runs: pd.DataFrame) -> list[str]:
    """The c at which each period is first seen, for each seed."""
    texts = []
    for seed, own in table.groupby("seed"):
        kept = own[own[PHASE] != DIVERGING]
        predicted = onset(runs) * kept["λ"].iloc[0] if len(kept) else float("nan")
        first = [
            f"period {p} from c = {kept.loc[kept[PERIOD] == p, C].min():.3g}"
            for p in PERIODS[1:]
            if (kept[PERIOD] == p).any()
        ]
        if not first:
            continue
        aperiodic = kept[kept[PERIOD] == 0]
        rest = f"; {len(aperiodic)} runs, from c = {aperiodic[C].min():.3g}, have no period up to {PERIODS[-1]}"
        texts.append(
            f"{own[CASE].iloc[0]}, seed {seed}: at the end of training the cost has {words.listed(first)}; no minimum "
            f"is stable above c = {predicted:.3g}{rest if len(aperiodic) else ''}"
        )
    return [words.sentences(text) for text in texts]


STUDY = Study(
    title="Which learning rates above the stability limit still converge?",
    chapter=STEPS,
    order=50,
    minutes=2,
    analyze=analyze,
    small=(
        "hydra.sweeper.cases=["
        "'problem=uv optimizer.learning_rate=0.25,0.5,0.7,0.8,0.9,1.0,1.1,1.25,1.4,1.55,1.7,1.8,1.9,2.0,2.1,"
        "2.25 seed=0,1',"
        "'problem=uv problem.target=16 optimizer.learning_rate=geomspace:0.4:0.85:64 seed=0',"
        "'problem/data=digits problem.hidden=[8],[32] problem.activation=relu problem.output=identity "
        "problem.initializer=he_normal problem.batch_size=null problem.examples=null "
        "optimizer.learning_rate=0.014,0.028,0.04,0.06,0.11,0.24,0.5,1.4 seed=0']",
    ),
)
