"""Regimes: a run's behaviour, classified from the cost, gradient and accuracy at its recorded steps.

A regime is not an outcome: the loop says how a run ended, the regime how it went, and the two share no words. A regime
hardly depends on how often a run was recorded: it asks for the largest rise, not for the sum of all, which grows with
the number of steps that are looked at. On the network at learning rates of 3 and 10, six runs each, the largest rises
are 0.00 to 0.01 of the start at 20 recorded steps, 0.01 to 0.06 at 60 and 0.02 to 0.09 at 300.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gdlab.defaults import defaults

LITTLE_LEARNT, CONVERGING, BOUNCING = "little learnt", "converging", "bouncing"
DEAD, EXPLODING = "dead", "exploding"

EXPLODED = float(defaults("stop", "epochs")["diverged_above"])  # times the cost at the start, or times 1
VANISHED = 1e-4  # of the gradient's norm at the start
LEARNT = 0.05  # gain in accuracy: more than an untrained network has by luck
ROSE = 0.25  # of the cost at the start, above the lowest so far: more than the noise of mini-batches at any step
HALF = 0.5  # of the distance

MEANINGS = {
    LITTLE_LEARNT: "the cost has covered less than half the distance",
    CONVERGING: "the cost has covered at least half the distance, with hardly a rise",
    BOUNCING: f"the cost rises above its lowest so far, by more than {ROSE:.0%} of its start, or covers less than half "
    "the distance although the first step promised (η‖∇C‖², to first order) more than the whole cost",
    DEAD: "the gradient has vanished and nothing has been learnt",
    EXPLODING: f"the cost is not finite, {EXPLODED:g} times its start, or above its start and still rising",
}
DISTANCE = "the distance is from the cost at the start to 0, or, where accuracy is recorded, from its start to 1"


def regimes(steps: pd.DataFrame) -> pd.Series:
    """The regime of each run, by run id: the first of these that applies.

    - exploding: the cost at the end is not finite, or above `EXPLODED` times its size at the start (or times 1, if that
      is more); or it is above its start and the highest of all, and the gradient has not vanished.
    - dead: the gradient's norm is at most `VANISHED` times that at the start, while the training accuracy is not
      `LEARNT` above that at the start.
    - bouncing: at a recorded step the cost exceeds its lowest so far by more than `ROSE` times its start; or less than
      half the distance is covered, although the first step promised, to first order, more than the whole cost.
    - little learnt: less than half the distance is covered.
    - converging: all else.

    The distance is from the cost at the start to 0, or, where accuracy is recorded, from that at the start to 1.
    """
    ordered = steps.sort_values(["run_id", "step"], kind="stable")
    first = ordered.drop_duplicates("run_id").set_index("run_id")
    last = ordered.drop_duplicates("run_id", keep="last").set_index("run_id").loc[first.index]
    runs = ordered.groupby("run_id", sort=False)["cost"]
    rise = (ordered["cost"] - runs.cummin()).groupby(ordered["run_id"], sort=False).max()
    start, end = first["cost"], last["cost"]

    vanished = last["gradient_norm"] <= VANISHED * first["gradient_norm"]
    exploded = ~np.isfinite(end) | (end > EXPLODED * start.clip(lower=1))
    climbing = (end > start) & (end >= runs.max()) & ~vanished
    covered, learnt = 1 - end / start, pd.Series(True, index=first.index)
    if "train_accuracy" in steps:
        gained = last["train_accuracy"] - first["train_accuracy"]
        covered = covered.where(gained.isna(), gained / (1 - first["train_accuracy"]))
        learnt = gained.isna() | (gained > LEARNT)
    promised = first["learning_rate"] * first["gradient_norm"] ** 2
    bouncing = (rise > ROSE * start) | ((covered < HALF) & (promised > start))
    found = np.select(
        [exploded | climbing, vanished & ~learnt, bouncing, covered < HALF],
        [EXPLODING, DEAD, BOUNCING, LITTLE_LEARNT],
        CONVERGING,
    )
    return pd.Series(found, index=first.index, name="regime")
