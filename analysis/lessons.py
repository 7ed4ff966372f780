"""Every claim of an introduction to gradient descent, beside the runs that bear it out, or correct it.

python experiments/train.py -m experiment=lessons
python analysis/lessons.py
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis import averages, curves, study, words
from analysis.evidence import NETWORK, Evidence, NotRunError, same
from analysis.minima import BOTH, arms, over_pairs
from analysis.study import RATE, Made, Table
from gdlab.measure.geometry import distinct_units

HOLDS, LIMITED, FAILS, ABSENT = "holds", "holds with a limit", "does not hold", "not run yet"
RULE = "optimizer.name"
PLAIN = "gradient_descent"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was measured, the verdict, and the runs it rests on."""

    measured: str
    verdict: str
    runs: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim in our own words, the experiment that bears on it, and how it is held against its runs."""

    name: str
    text: str
    experiment: str
    check: Callable[[Evidence], Finding]

    def held(self, evidence: Evidence) -> Finding:
        """The finding; that the experiment is not run yet, where that is so."""
        try:
            return self.check(evidence)
        except NotRunError as missing:
            command = f"python experiments/train.py -m experiment={missing}"
            return Finding(measured=f"to run it: {command}", verdict=ABSENT)


def verdict(sound: bool, limited: bool = False) -> str:
    return (LIMITED if limited else HOLDS) if sound else FAILS


def ids(*runs: pd.Series) -> list[str]:
    return [str(run["run_id"]) for run in runs]


def one_number(evidence: Evidence) -> Finding:
    run = evidence.one("lessons", measurement__name="scores", measurement__target=3)
    shrug, sure = run["cost_shrug"], run["cost_confident"]
    sound = abs(shrug - 0.90) < 5e-4 and abs(sure - 0.0129) < 5e-5
    return Finding(measured=f"shrug {shrug:.4f}, confident {sure:.4f}", verdict=verdict(sound), runs=ids(run))


def ranking(evidence: Evidence) -> Finding:
    run = evidence.one("lessons", measurement__name="scores", measurement__target=4)
    table = evidence.table("lessons", run["run_id"]).set_index("name")["cost"]
    expected = ["sure_of_9", "shrug", "torn_between_4_and_9", "sure_of_4"]
    costs = table.reindex(expected)
    told = " > ".join(f"{name.replace('_', ' ')} {cost:.3f}" for name, cost in costs.items())
    return Finding(measured=told, verdict=verdict(bool((costs.diff().dropna() < 0).all())), runs=ids(run))


def parameters(evidence: Evidence) -> Finding:
    run = evidence.one("lessons", problem__name=NETWORK, problem__data__without=None)
    count = int(run["parameters"])
    return Finding(measured=f"{count:,} parameters", verdict=verdict(count == 13_002), runs=ids(run))


def bowl(evidence: Evidence) -> Finding:
    run = evidence.one("lessons", problem__name="bowl", **{RULE: PLAIN}, measurement__name=None)
    walk = evidence.walk("lessons", run)
    gradient = [(walk[w].iloc[0] - walk[w].iloc[1]) / run[RATE] for w in ("w1", "w2")]
    cost = walk["cost"].iloc[0]
    sound = np.allclose([*gradient, cost], [6, 8, 25], rtol=1e-9)
    place = f"({walk['w1'].iloc[0]:g}, {walk['w2'].iloc[0]:g})"
    told = f"gradient ({gradient[0]:.6g}, {gradient[1]:.6g}), cost {cost:g} at {place}"
    return Finding(measured=told, verdict=verdict(bool(sound)), runs=ids(run))


def parabola_run(evidence: Evidence, rate: float, center: float = 0.0, start: str = "[5.0]") -> pd.Series:
    return evidence.one(
        "lessons",
        problem__name="parabola",
        problem__center=center,
        problem__start=start,
        **{RATE: rate},
    )


def walk_down(evidence: Evidence) -> Finding:
    run = parabola_run(evidence, 0.1)
    costs = evidence.walk("lessons", run)["cost"]
    told = " → ".join(f"{cost:.4g}" for cost in costs)
    sound = same(costs, [25, 16, 10.24, 6.55, 4.19, 2.68, 1.72, 1.10], 2)
    return Finding(measured=told, verdict=verdict(sound), runs=ids(run))


def steps_shrink(evidence: Evidence) -> Finding:
    run = parabola_run(evidence, 0.1)
    lengths = evidence.walk("lessons", run)["w1"].diff().dropna().abs()
    told = "steps of " + ", ".join(f"{length:.3g}" for length in lengths)
    return Finding(measured=told, verdict=verdict(bool((lengths.diff().dropna() < 0).all())), runs=ids(run))


def too_fast_too_slow(evidence: Evidence) -> Finding:
    fast, edge, slow = (parabola_run(evidence, rate) for rate in (2.0, 1.0, 0.001))
    costs = {run[RATE]: evidence.walk("lessons", run)["cost"] for run in (fast, edge, slow)}
    sound = same(costs[2.0], [25, 225, 2025], 6) and same(costs[1.0], [25] * 8, 6) and same(costs[0.001], [25, 24.9], 3)
    told = "; ".join(f"η = {rate:g}: " + " → ".join(f"{cost:.5g}" for cost in walk) for rate, walk in costs.items())
    return Finding(measured=told, verdict=verdict(sound), runs=ids(fast, edge, slow))


def either_side(evidence: Evidence) -> Finding:
    left, right = (parabola_run(evidence, 0.1, 3.0, start) for start in ("[0.0]", "[6.0]"))
    rising, falling = (evidence.walk("lessons", run)["w1"] for run in (left, right))
    sound = bool((rising.diff().dropna() > 0).all() and (falling.diff().dropna() < 0).all())
    told = f"from 0 up to {rising.iloc[-1]:.3g}, from 6 down to {falling.iloc[-1]:.3g}, towards 3"
    return Finding(measured=told, verdict=verdict(sound), runs=ids(left, right))


def steepest(evidence: Evidence) -> Finding:
    found = evidence.some("lessons", measurement__name="directions")
    told = [
        f"{words.spoken(run['problem.name'])}: of {run['directions']:,.0f} random directions {run['better']:.0f} "
        f"are better; the best of them lowers the cost by {run['fall_best_random']:.6g} a unit of length, -∇C by "
        f"{run['fall_steepest']:.4g}"
        for _, run in found.iterrows()
    ]
    sound = bool((found["better"] == 0).all() and (found["directions"] >= 10_000).all()) and len(found) >= 2
    return Finding(measured="; ".join(told), verdict=verdict(sound), runs=list(found["run_id"]))


def sign_and_size(evidence: Evidence) -> Finding:
    run = evidence.one("lessons", measurement__name="slopes")
    count = len(evidence.table("lessons", run["run_id"]))
    told = (
        f"of {count} weights nudged one by one, {run['agreeing_signs']:.1%} move the cost as the sign of their slope "
        f"says; rise and slope correlate at {run['correlation']:.6f}"
    )
    sound = run["agreeing_signs"] > 0.99 and run["correlation"] > 0.999
    return Finding(measured=told, verdict=verdict(bool(sound)), runs=ids(run))


def some_matter_more(evidence: Evidence) -> Finding:
    run = evidence.one("lessons", measurement__name="slopes")
    told = (
        f"before training, 1 % of the weights hold {run['top_1_percent']:.1%} of the squared gradient, 10 % hold "
        f"{run['top_10_percent']:.1%}; the {run['dark_weights']:,.0f} weights of the {run['dark_pixels']:.0f} pixels "
        f"that are always dark have a slope of at most {run['dark_largest_slope']:g}"
    )
    sound = run["top_10_percent"] > 0.5 and run["dark_largest_slope"] == 0
    return Finding(measured=told, verdict=verdict(bool(sound)), runs=ids(run))


def chance(evidence: Evidence) -> Finding:
    steps = evidence.steps("lr_divergence")
    first = steps[steps["step"] == 0].drop_duplicates("seed")
    values = first["test_accuracy"].to_numpy(float)
    low, high = averages.interval(averages.resampled(values).mean(axis=1)) if len(values) > 1 else (np.nan, np.nan)
    told = (
        f"{values.mean():.1%} [{low:.1%}, {high:.1%}] of test examples right before the first step "
        f"(n = {words.plural(len(values), 'start')})"
    )
    return Finding(measured=told, verdict=verdict(abs(values.mean() - 0.1) < 0.05), runs=list(first["run_id"]))


def fresh_gradient(evidence: Evidence) -> Finding:
    runs = evidence.some("lessons", **{RULE: "stale_gradient"})
    table = averages.summarized(runs, ["optimizer.every"], "final_cost")
    told = ", ".join(f"{row['iqm']:.3g} for {row['optimizer.every']:.0f}" for _, row in table.iterrows())
    return Finding(
        measured=f"final cost by steps along one gradient: {told} (n = {table['n'].min():.0f} seeds each)",
        verdict=verdict(bool((table["iqm"].diff().dropna() > 0).all())),
        runs=list(runs["run_id"]),
    )


def estimates(evidence: Evidence) -> Finding:
    run = evidence.one("lessons", measurement__name="batch_gradients")
    exponent, low, high = fitted_exponent(evidence.table("lessons", run["run_id"]))
    told = (
        f"its error falls as n to the power {exponent:.3f} [{low:.3f}, {high:.3f}], "
        f"from {run['error_1']:.0%} of the gradient at n = 1"
    )
    sound = low <= -0.5 <= high or abs(exponent + 0.5) < 0.02
    return Finding(measured=told, verdict=verdict(bool(sound)), runs=ids(run))


def fitted_exponent(table: pd.DataFrame) -> tuple[float, float, float]:
    """The power of the batch size with which the root mean square error falls, with its bootstrap interval."""
    groups = {size: group["error"].to_numpy(float) for size, group in table.groupby("size")}
    logs = np.log(list(groups))
    samples = np.array(
        [np.sqrt((averages.resampled(errors, i) ** 2).mean(axis=1)) for i, errors in enumerate(groups.values())]
    )
    slopes = np.polyfit(logs, np.log(samples), 1)[0]
    typical = np.array([np.sqrt((errors**2).mean()) for errors in groups.values()])
    low, high = averages.interval(slopes)
    return float(np.polyfit(logs, np.log(typical), 1)[0]), low, high


def examples_seen(evidence: Evidence) -> Finding:
    wanted = {1.0: 0.3, 32.0: 3.0, None: 3.0}
    found = {
        size: evidence.some("lessons", problem__batch_size=size, **{RATE: rate, "stop.max_epochs": 2})
        for size, rate in wanted.items()
    }
    costs = {size: averages.interquartile_mean(runs["final_cost"].to_numpy(float)) for size, runs in found.items()}
    names = {1.0: "one by one", 32.0: "in batches of 32", None: "all at once"}
    told = ", ".join(f"{names[size]} {cost:.3g}" for size, cost in costs.items())
    count = min(len(runs) for runs in found.values())
    sound = costs[1.0] < costs[None] and costs[32.0] < costs[None]
    return Finding(
        measured=f"training cost after seeing every example twice: {told} (n = {count} seeds each)",
        verdict=verdict(bool(sound)),
        runs=[run for runs in found.values() for run in runs["run_id"]],
    )


def flattened(evidence: Evidence) -> Finding:
    steps = evidence.steps("seed_minima")
    shares = []
    for _, run in steps.groupby("run_id"):
        ordered = run.sort_values("step")
        half = ordered[ordered["step"] <= ordered["step"].max() / 2]["cost"].iloc[-1]
        start, end = ordered["cost"].iloc[0], ordered["cost"].iloc[-1]
        shares.append((half - end) / (start - end))
    told = (
        f"the second half of the steps brings a median of {np.median(shares):.2%} of the whole fall "
        f"(n = {words.plural(len(shares), 'run')})"
    )
    return Finding(measured=told, verdict=verdict(float(np.median(shares)) < 0.02), runs=list(steps["run_id"].unique()))


def symmetry_broken(evidence: Evidence) -> Finding:
    counts: dict[str, list[int]] = {}
    for group in evidence.minima("symmetry"):
        for (_, run), units in zip(group.runs.iterrows(), distinct_units(group.network, group.ends), strict=True):
            counts.setdefault(f"{run['problem.initializer'].replace('_', ' ')}, {run['problem.dtype']}", []).append(
                int(units)
            )
    layers = len(evidence.minima("symmetry")[0].network.hidden)
    told = "; ".join(
        f"{name}: {min(units)} to {max(units)} distinct (n = {len(units)})" for name, units in counts.items()
    )
    random = min(min(units) for name, units in counts.items() if not name.startswith("constant"))
    constant = [max(units) for name, units in counts.items() if name.startswith("constant")]
    exact = max((max(units) for name, units in counts.items() if name == "constant, float64"), default=layers)
    sound = bool(constant) and exact == layers and random > max(constant)
    return Finding(
        measured=f"hidden units at the end, by start and precision: {told}",
        verdict=verdict(sound, limited=max(constant, default=0) > layers),
        runs=list(evidence.runs("symmetry")["run_id"]),
    )


def local_minimum(evidence: Evidence) -> Finding:
    runs = evidence.runs("basins")
    told, chosen = [], []
    for name in ("double_well", "rastrigin"):
        here = runs[(runs["problem.name"] == name) & (runs["fraction_unsettled"] < 0.01)]
        if here.empty:
            raise NotRunError("basins")
        slowest = here.loc[here[RATE].idxmin()]
        chosen.append(slowest)
        told.append(
            f"{words.spoken(name)}: {slowest['fraction_global']:.1%} of {slowest['starts']:,.0f} starts reach the "
            f"lowest minimum, {slowest['fraction_local']:.1%} another"
        )
    sound = all(run["fraction_local"] > 0.05 for run in chosen)
    return Finding(measured="; ".join(told), verdict=verdict(sound), runs=ids(*chosen))


def two_seeds(evidence: Evidence) -> Finding:
    groups = evidence.minima("seed_minima")
    both = arms(groups[0]).get(BOTH)
    if both is None:
        raise NotRunError("seed_minima")
    apart, near, differ = (over_pairs(square) for square in (both.raw, both.nearer, both.disagreement))
    told = (
        f"two runs end {apart[0]:.3g} apart, {near[0]:.3g} after relabelling, and answer {differ[0]:.1%} "
        f"[{differ[1]:.1%}, {differ[2]:.1%}] of the test examples differently (n = {len(both.runs)} seeds)"
    )
    return Finding(measured=told, verdict=verdict(near[0] > 0 and differ[1] > 0), runs=list(both.runs["run_id"]))


def schedules(evidence: Evidence) -> Finding:
    runs = evidence.runs("lr_schedules")
    best = {}
    for name, here in runs.groupby("schedule.name"):
        table = averages.summarized(here, [RATE], "final_cost")
        best[words.spoken(str(name))] = table.loc[table["iqm"].idxmin()]
    constant = best.pop("constant")
    name, row = min(best.items(), key=lambda item: float(item[1]["iqm"]))
    told = (
        f"best constant rate: {interval(constant)} at η = {constant[RATE]:g}; best schedule, {name}: {interval(row)} "
        f"from η = {row[RATE]:g} (n = {row['n']:.0f} seeds each)"
    )
    sure = row["high"] < constant["low"]
    return Finding(
        measured=told, verdict=verdict(bool(row["iqm"] < constant["iqm"]), limited=not sure), runs=list(runs["run_id"])
    )


def interval(row: pd.Series) -> str:
    return f"{row['iqm']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"


def blind(evidence: Evidence) -> Finding:
    seen, used = [], []
    for group in evidence.minima("lessons"):
        data = group.network.data
        left_out = group.runs["problem.data.without"].dropna().unique() if "problem.data.without" in group.runs else []
        if len(left_out) != 1:
            continue
        answers = group.network.outputs(group.ends[-1:], data.test_features)[0].argmax(axis=1)
        there = data.test_labels == int(left_out[0])
        seen.append(((answers[there] == data.test_labels[there]).mean(), (answers == data.test_labels).mean()))
        used.append(group.runs["run_id"].iloc[-1])
    if not seen:
        raise NotRunError("lessons")
    hidden, whole = np.mean(seen, axis=0)
    told = (
        f"trained without one digit, networks answer {hidden:.1%} of its test pictures rightly, and {whole:.1%} of "
        f"all (n = {len(seen)} digits)"
    )
    return Finding(measured=told, verdict=verdict(bool(hidden < 0.01)), runs=used)


def forgiving(evidence: Evidence) -> Finding:
    runs = evidence.runs("lr_optimizers")
    table = curves.usable(runs, RULE).set_index("choice")
    plain = table.loc[PLAIN]
    adaptive = table.loc[[name for name in table.index if name in ("rmsprop", "adam")]]
    told = ", ".join(
        f"{words.spoken(str(name))} {row['decades']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
        for name, row in [(PLAIN, plain), *adaptive.iterrows()]
    )
    wider, surely = adaptive["decades"] > plain["decades"], adaptive["low"] > plain["high"]
    return Finding(
        measured=f"decades of usable learning rates: {told} (n = {plain['seeds']:.0f} seeds each)",
        verdict=verdict(bool(wider.any()), limited=not bool(surely.all())),
        runs=list(runs["run_id"]),
    )


def explosion(evidence: Evidence) -> Finding:
    bounded, free = evidence.steps("lr_divergence"), evidence.steps("lr_explosion")
    ends = [frame.drop_duplicates("run_id") for frame in (bounded, free)]
    dead = ends[0][ends[0]["regime"] == "saturated"]
    out = [int((end["regime"] == "diverged").sum()) for end in ends]
    last = bounded.drop_duplicates("run_id", keep="last")
    level = last.loc[last["regime"] == "saturated", "cost"]
    told = (
        f"sigmoid outputs: {out[0]} of {len(ends[0])} runs explode, {len(dead)} saturate at a cost of "
        f"{level.median():.4g}; identity outputs: {out[1]} of {len(ends[1])} explode"
    )
    return Finding(
        measured=told, verdict=verdict(out[1] > 0, limited=out[0] == 0), runs=[*dead["run_id"], *ends[1]["run_id"]]
    )


CLAIMS = (
    Claim(
        name="one_number",
        text="How wrong a network is fits in one number: ten outputs of 0.1 cost 0.90, a sure and right one near to 0.",
        experiment="lessons",
        check=one_number,
    ),
    Claim(
        name="ranking", text="The surer of the wrong digit, the higher the cost.", experiment="lessons", check=ranking
    ),
    Claim(
        name="parameters",
        text="A 784-16-16-10 network has 13,002 weights and biases.",
        experiment="lessons",
        check=parameters,
    ),
    Claim(
        name="bowl",
        text="On w₁² + w₂² the gradient at (3, 4) is (6, 8), and the cost 25.",
        experiment="lessons",
        check=bowl,
    ),
    Claim(
        name="walk",
        text="On w², from 5 with η = 0.1, the cost goes 25, 16, 10.24, 6.55, 4.19, 2.68, 1.72, 1.10.",
        experiment="lessons",
        check=walk_down,
    ),
    Claim(
        name="steps_shrink",
        text="Steps shrink by themselves as the slope does.",
        experiment="lessons",
        check=steps_shrink,
    ),
    Claim(
        name="rates",
        text="On w², η = 2.0 explodes, 1.0 bounces, 0.001 crawls.",
        experiment="lessons",
        check=too_fast_too_slow,
    ),
    Claim(
        name="either_side",
        text="One rule serves on both sides of a minimum: the sign of the slope turns the step.",
        experiment="lessons",
        check=either_side,
    ),
    Claim(
        name="steepest",
        text="No direction lowers the cost faster than the negative gradient, in two dimensions or in 13,002.",
        experiment="lessons",
        check=steepest,
    ),
    Claim(
        name="sign_and_size",
        text="The sign of a weight's slope says which way to turn it, its size how much that matters.",
        experiment="lessons",
        check=sign_and_size,
    ),
    Claim(
        name="some_matter",
        text="Some weights matter far more than others, and those of always dark pixels not at all.",
        experiment="lessons",
        check=some_matter_more,
    ),
    Claim(name="chance", text="Before training, a network is at chance.", experiment="lr_divergence", check=chance),
    Claim(
        name="fresh",
        text="A gradient is local: every step wants a fresh one.",
        experiment="lessons",
        check=fresh_gradient,
    ),
    Claim(
        name="estimates",
        text="A mini-batch estimates the gradient, with an error that falls as 1/√n.",
        experiment="lessons",
        check=estimates,
    ),
    Claim(
        name="examples_seen",
        text="Mini-batches learn more from the same number of examples than the whole set at once.",
        experiment="lessons",
        check=examples_seen,
    ),
    Claim(
        name="flattened",
        text="A run has converged when its cost has flattened.",
        experiment="seed_minima",
        check=flattened,
    ),
    Claim(
        name="symmetry",
        text="Random starts break the symmetry between units that would else stay alike.",
        experiment="symmetry",
        check=symmetry_broken,
    ),
    Claim(
        name="local",
        text="Downhill leads to a minimum, not always to the lowest.",
        experiment="basins",
        check=local_minimum,
    ),
    Claim(
        name="two_seeds",
        text="Two runs that start elsewhere end as different networks.",
        experiment="seed_minima",
        check=two_seeds,
    ),
    Claim(
        name="blows_up", text="Too large a learning rate blows the cost up.", experiment="lr_explosion", check=explosion
    ),
    Claim(
        name="schedule",
        text="A falling learning rate beats the best constant one.",
        experiment="lr_schedules",
        check=schedules,
    ),
    Claim(
        name="forgiving",
        text="Adaptive optimizers forgive the choice of the learning rate.",
        experiment="lr_optimizers",
        check=forgiving,
    ),
    Claim(name="blind", text="A model is blind to what its cost never saw.", experiment="lessons", check=blind),
)


def held(uri: str) -> list[tuple[Claim, Finding]]:
    """Every claim with its finding, from the runs of one store."""
    evidence = Evidence(uri)
    return [(claim, claim.held(evidence)) for claim in CLAIMS]


def table(found: Sequence[tuple[Claim, Finding]]) -> Table:
    """The claims, a row each."""
    frame = pd.DataFrame(
        [
            [claim.text, finding.verdict, finding.measured, claim.experiment, len(finding.runs)]
            for claim, finding in found
        ],
        columns=["claim", "verdict", "measured", "experiment", "runs"],
    )
    return Table(
        name="claims",
        title="Claims, and what the runs say",
        frame=frame,
        caption=words.sentences(
            f"numbers in brackets: {averages.INTERVAL}; runs: how many the finding rests on",
            "a verdict is made from the measured numbers by a rule that is stated in code",
        ),
    )


def main() -> None:
    options = study.command_line(__doc__).parse_args()
    found = held(options.uri)
    if all(finding.verdict == ABSENT for _, finding in found):
        raise study.StudyError(
            f"no claim has its runs in {options.uri}; begin with: python experiments/train.py -m experiment=lessons"
        )
    for claim, finding in found:
        print(f"{finding.verdict:>18}  {claim.text}\n{'':20}{finding.measured}")
    for file in study.save(Made(findings=[], drawn=[], tables=[table(found)]), options.output):
        print(f"wrote {file}")


if __name__ == "__main__":
    study.exit_plainly(main)
