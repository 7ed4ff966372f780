"""Runs as tracking gives them, made up."""

import pandas as pd
import pytest

RATE = "optimizer.learning_rate"


def frame_of_runs(costs):
    """Runs from final costs by learning rate, a seed each: a cost of 1 is a dead network, one above 100 diverged."""
    rows = [
        {
            "run_id": f"{rate:g}/{seed}",
            RATE: rate,
            "seed": seed,
            "final_cost": cost,
            "final_accuracy": 0.1 if cost >= 1 else 1 - cost,
            "outcome": "saturated" if cost == 1 else "budget" if cost < 100 else "diverged",
            "steps": 64.0,
            "optimizer._target_": "gdlab.optimizers.GradientDescent",
            "problem._target_": "gdlab.network.Network",
            "problem.data.name": "mnist_5k",
            "problem.hidden": "[16, 16]",
            "problem.activation": "sigmoid",
            "problem.output": "sigmoid",
            "problem.cost": "quadratic",
            "problem.batch_size": 32.0,
            "problem.examples": 4000.0,
            "stop.max_epochs": 20.0,
            "stop.max_steps": None,
            "parameters": 13002.0,
        }
        for rate, row in costs.items()
        for seed, cost in enumerate(row)
    ]
    runs = pd.DataFrame(rows)
    runs.loc[~(runs["final_cost"] <= 100), "outcome"] = "diverged"
    return runs


def frame_of_steps(runs):
    """Each run from a cost of 2 at step 0 to its final cost; those that spend their budget take 64 steps, others 8."""
    frames = []
    for _, run in runs.iterrows():
        steps = [0, 1, 8, 64] if run["outcome"] == "budget" else [0, 1, 8]
        cost = [2.0] * (len(steps) - 1) + [run["final_cost"]]
        shared = run[[name for name in runs if "." in name or name in ("run_id", "seed", "outcome")]].to_dict()
        frames.append(pd.DataFrame({"step": steps, "cost": cost}).assign(**shared))
    return pd.concat(frames, ignore_index=True)


@pytest.fixture
def frames():
    """Make both frames from final costs by learning rate."""

    def made(costs):
        runs = frame_of_runs(costs)
        return runs, frame_of_steps(runs)

    return made
