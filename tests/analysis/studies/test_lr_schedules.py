"""The study of schedules, on made-up runs."""

import numpy as np
import pandas as pd
from studies import made_up

from analysis.studies.lr_schedules import STUDY

RATES = (1.0, 3.0, 9.0)


def schedules(seeds=12, **best):
    """Runs of schedules whose final cost is lowest at η = 3."""
    frames = []
    for name, cost in best.items():
        noise = np.random.default_rng([seeds, len(frames)]).normal(0, 0.002, (len(RATES), seeds))
        costs = {rate: list(cost + 0.1 * (rate != 3.0) + noise[i]) for i, rate in enumerate(RATES)}
        runs, _ = made_up(costs, **{"schedule.name": name})
        frames.append(runs.assign(run_id=f"{name} " + runs["run_id"]))
    return pd.concat(frames, ignore_index=True)


def test_a_verdict_for_each_schedule_and_for_the_warm_up_alone():
    runs = schedules(constant=0.1, step=0.2, cosine=0.1, warmup_cosine=0.05)
    result = STUDY.analyze(runs, None)
    assert result.findings[0] == (
        "A lower training cost, each schedule at its own best learning rate: yes for warmup cosine against constant "
        "and warmup cosine against cosine; no for step against constant; not decided for cosine against constant "
        "(n = 8 test seeds)."
    )
    assert result.findings[1].startswith("A higher test accuracy, each schedule at its own best learning rate: yes")
    table = result.tables[0]
    assert "η = 3 (constant), 3 (step), 3 (cosine) and 3 (warmup cosine)" in table.caption
    assert "at a level of 98.75% for 4 comparisons of one quantity" in table.caption
    assert len(table.frame) == 8 and (table.frame["threshold"] == 0).all() and (table.frame["n"] == 8).all()
    left, right = result.figures[0].plot.axes
    assert left.get_xlabel().startswith("reduction of the final training cost")
    assert right.get_xlabel().startswith("gain in final test accuracy")
    assert [tick.get_text() for tick in left.get_yticklabels()][-1] == "warmup cosine against cosine"
    assert len(result.figures[0].data) == 8 * 8


def test_schedules_without_a_constant_rate_are_drawn_without_verdicts():
    result = STUDY.analyze(schedules(step=0.2, exponential=0.1), None)
    assert [figure.name for figure in result.figures] == ["lr_schedules"]
    assert result.findings[0].startswith("Widest usable range")
