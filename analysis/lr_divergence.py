"""Where descent crawls, learns, bounces, dies and explodes: the studies of the learning rate.

python experiments/train.py -m experiment=lr_divergence
python analysis/lr_divergence.py
"""

from __future__ import annotations

from functools import partial

import pandas as pd

from analysis import averages, borders, curves, edge, phase, study, walks, words
from analysis.study import RATE, Drawn, Made, Study, Table


def network(runs: pd.DataFrame, steps: pd.DataFrame) -> Made:
    """The network over six decades of learning rates."""
    return curves.against_rate("lr_divergence", "The network", runs, steps)


def explosion(runs: pd.DataFrame, steps: pd.DataFrame) -> Made:
    """The same where nothing bounds the cost."""
    return curves.against_rate("lr_explosion", "relu units, identity outputs", runs, steps)


def choices(name: str, key: str, what: str, runs: pd.DataFrame, steps: pd.DataFrame) -> Made:
    """Learning rates for each choice of one thing, and which of them forgive a wrong one."""
    study.checked(runs, (key,), f"experiment {name!r}")
    say = {choice: words.spoken(str(choice)) for choice in runs[key].drop_duplicates()}
    table = curves.usable(runs, key)
    best = table["cost"].min()
    told = [
        f"{say[row.choice]}: best final cost {row.cost:.3g} at η = {row.best:g}; usable over {row.decades:.2f} decades"
        + (f" [{row.low:.2f}, {row.high:.2f}]" if row.low == row.low else "")
        for row in table.itertuples()
    ]
    widest, lowest = table.loc[table["decades"].idxmax()], table.loc[table["cost"].idxmin()]
    frame = table.assign(choice=table["choice"].map(say), ratio=table["cost"] / best)
    names = {
        "choice": what,
        "best": "best η",
        "cost": "its final cost",
        "from": "usable from η",
        "to": "to η",
        "decades": "decades",
        "low": "decades, low",
        "high": "decades, high",
        "ratio": "final cost / lowest",
    }
    return Made(
        findings=[
            words.sentences(text)
            for text in [
                f"widest usable range: {say[widest.choice]}, {widest.decades:.2f} decades; lowest final cost: "
                f"{say[lowest.choice]}",
                *told,
            ]
        ],
        drawn=[
            Drawn(
                name=name,
                title=f"Final cost against the learning rate, by {what}",
                figure=curves.sensitivity(runs, key, say),
                caption=curves.sensitivity_caption(runs, key, what),
                data=runs[[key, RATE, "seed", "regime", "final_cost"]].sort_values([key, RATE, "seed"]),
            )
        ],
        tables=[
            Table(
                name=f"{name}_usable",
                title=f"Usable learning rates, by {what}",
                frame=frame[[*names, "seeds"]].rename(columns=names),
                caption=words.sentences(
                    f"usable: the {curves.AVERAGE} of the final cost is within {curves.USABLE:g} times the {what}'s "
                    "best",
                    f"low and high: {averages.INTERVAL}, each learning rate resampled on its own",
                    "a range that ends where the learning rates end may be wider",
                ),
            )
        ],
    )


STUDIES = (
    Study(
        name="lr_divergence",
        title="How large may a learning rate be?",
        question="Too small and nothing is learned; too large and there is nothing left that could learn.",
        make=network,
    ),
    Study(
        name="lr_parabola",
        title="The same on a parabola",
        question="On w² the border is at η = 1 exactly: below it descent comes to rest, on it it bounces, above it it "
        "explodes.",
        make=walks.parabola,
    ),
    Study(
        name="lr_border",
        title="Where is the border?",
        question="Theory puts it at η = 2/λ, with momentum β at 2(1 + β)/λ: measured by bisection.",
        make=borders.borders,
    ),
    Study(
        name="lr_explosion",
        title="Where a rate that is too large does explode",
        question="Sigmoid outputs bound the cost; identity outputs do not.",
        make=explosion,
    ),
    Study(
        name="lr_batch",
        title="Learning rate and batch size",
        question="Which pairs of learning rate and batch size learn?",
        make=phase.diagram,
    ),
    Study(
        name="lr_optimizers",
        title="Do modern methods adjust the rate by themselves?",
        question="How wide is the range of learning rates that serve each optimizer?",
        make=partial(choices, "lr_optimizers", "optimizer.name", "optimizer"),
    ),
    Study(
        name="lr_schedules",
        title="Does a schedule beat the best constant rate?",
        question="Final cost by schedule, over the learning rates they start from.",
        make=partial(choices, "lr_schedules", "schedule.name", "schedule"),
    ),
    Study(
        name="edge_of_stability",
        title="The edge of stability",
        question="On its whole training set the network's sharpness goes to 2/η, and stays there.",
        make=edge.edge,
    ),
)


def main() -> None:
    study.draw(STUDIES, __doc__)


if __name__ == "__main__":
    study.exit_plainly(main)
