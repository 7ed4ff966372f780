"""What a run did, told from its trajectory alone: the cost, the gradient and the accuracy at its recorded steps."""

from __future__ import annotations

import numpy as np
import pandas as pd

CRAWLING, CONVERGING, BOUNCING = "crawling", "converging", "bouncing"
SATURATED, DIVERGED = "saturated", "diverged"

EXPLODED = 1000.0  # times the cost at the start, or times 1
VANISHED = 1e-4  # of the gradient's norm at the start
LEARNT = 0.05  # of the answers: more than an untrained network gets right by luck
ROSE = 0.1  # of the cost at the start, all rises together
HALF = 0.5  # of the way

MEANINGS = {
    CRAWLING: "less than half of the way is made, in small steps",
    CONVERGING: "at least half of the way is made, without much rising",
    BOUNCING: f"the cost rises on the way, in all by more than {ROSE:.0%} of what it was at the start, or less than "
    "half of the way is made though the first step promised (η‖∇C‖², to first order) more than the whole cost",
    SATURATED: "the gradient has vanished with nothing learnt",
    DIVERGED: f"the cost is not finite, {EXPLODED:g} times what it was, or above its start and still climbing",
}
WAY = "the way is from the cost at the start to 0, or, where there is an accuracy, from that at the start to 1"


def regimes(steps: pd.DataFrame) -> pd.Series:
    """The regime of each run, by run id: the first of these that holds.

    - diverged: the cost at the end is not finite, or above `EXPLODED` times its size at the start (or times 1, if that
      is more); or it is above its start and the highest of all, with the gradient still there.
    - saturated: the gradient's norm is at most `VANISHED` times that at the start, while the training accuracy is not
      `LEARNT` above that at the start.
    - bouncing: all rises of the cost between recorded steps together exceed `ROSE` times its start; or less than half
      of the way is made, although the first step promised, to first order, more than the whole cost.
    - crawling: less than half of the way is made.
    - converging: all else.

    The way is from the cost at the start to 0, or, where there is an accuracy, from that at the start to 1.
    """
    ordered = steps.sort_values(["run_id", "step"], kind="stable")
    first = ordered.drop_duplicates("run_id").set_index("run_id")
    last = ordered.drop_duplicates("run_id", keep="last").set_index("run_id").loc[first.index]
    runs = ordered.groupby("run_id", sort=False)["cost"]
    rises = runs.diff().clip(lower=0).groupby(ordered["run_id"], sort=False).sum()
    start, end = first["cost"], last["cost"]

    vanished = last["gradient_norm"] <= VANISHED * first["gradient_norm"]
    exploded = ~np.isfinite(end) | (end > EXPLODED * start.clip(lower=1))
    climbing = (end > start) & (end >= runs.max()) & ~vanished
    way, learnt = 1 - end / start, pd.Series(True, index=first.index)
    if "train_accuracy" in steps:
        gained = last["train_accuracy"] - first["train_accuracy"]
        way = way.where(gained.isna(), gained / (1 - first["train_accuracy"]))
        learnt = gained.isna() | (gained > LEARNT)
    promised = first["learning_rate"] * first["gradient_norm"] ** 2
    bouncing = (rises > ROSE * start) | ((way < HALF) & (promised > start))
    found = np.select(
        [exploded | climbing, vanished & ~learnt, bouncing, way < HALF],
        [DIVERGED, SATURATED, BOUNCING, CRAWLING],
        CONVERGING,
    )
    return pd.Series(found, index=first.index, name="regime")
