"""Saved views of an experiment's table of runs in the MLflow UI, which by default shows no param and no metric.

MLflow keeps a view that a person shares as a tag of the experiment; these tags are written in the same form. A UI that
does not know it shows its default table.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from gdlab.tracking.names import CELL, KIND, OUTCOME, RUN

KEY = "viewStateShareKey"  # of a page's address
CELLS, RUNS, SWEEPS = "gdlab-cells", "gdlab-runs", "gdlab-sweeps"
METRICS = ("final_cost", "final_accuracy", "steps")
NAME_WIDTH, VALUE_WIDTH = 330, 130  # pixels
RUN_NAME, SOURCE = "attributes.`Run Name`", "attributes.`Source`"


def views(axes: Sequence[str], when: int) -> dict[str, str]:
    """The tags with an experiment's views: its cells, its runs and its sweeps, the lowest final cost first.

    `axes` are the params that have a column, `when` the time in milliseconds since 1970.
    """
    params = [f"params.`{name}`" for name in axes]
    metrics = [f"metrics.`{name}`" for name in METRICS]
    outcome = f"tags.`{OUTCOME}`"
    spread = [f"metrics.`{name}`" for name in ("n", "final_cost.low", "final_cost.high")]
    best = [f"metrics.`{name}`" for name in ("runs", "best_final_cost", "best_final_accuracy")]
    tables = {
        CELLS: ("Cells: means over seeds", CELL, [*params, *metrics[:2], *spread, outcome]),
        RUNS: ("Runs", RUN, [*params, *metrics, outcome]),
        SWEEPS: ("Sweeps, and what they consist of", "", [*best, *params, *metrics[:2], outcome, SOURCE]),
    }
    return {
        f"mlflow.sharedViewState.{key}": json.dumps(
            {"name": title, "createdAt": when, "updatedAt": when, "state": json.dumps(_state(kind, columns))}
        )
        for key, (title, kind, columns) in tables.items()
    }


def _state(kind: str, columns: Sequence[str]) -> dict[str, object]:
    return {
        "searchFilter": f"tags.`{KIND}` = '{kind}'" if kind else "",
        "orderByKey": "metrics.`final_cost`" if kind else "attributes.start_time",
        "orderByAsc": bool(kind),
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(columns),
        "columnOrder": [RUN_NAME, *columns],
        "columnWidths": {RUN_NAME: NAME_WIDTH, **dict.fromkeys(columns, VALUE_WIDTH)},
    }
