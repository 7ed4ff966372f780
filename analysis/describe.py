"""Runs in words, for captions and tables: how many, their setup, their differences, their regimes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd

from analysis import columns, words
from analysis.columns import BATCH_SIZE, HIDDEN, OPTIMIZER, PROBLEM, RATE, SCHEDULE
from analysis.stats.regimes import DISTANCE, MEANINGS

NOUNS = {
    RATE: "learning rate",
    OPTIMIZER: "optimizer",
    SCHEDULE: "schedule",
    BATCH_SIZE: "batch size",
    HIDDEN: "shape",
} | {
    "seeds.fork_step": "parting step",
    "seeds.fork": "fork",
    "problem.data.label_noise": "label noise",
}
WHOLE_SET = "the whole training set"


def counts(runs: pd.DataFrame, also: Sequence[str] = ()) -> str:
    """How many runs there are, and of how many learning rates, seeds, and values of the columns `also`."""
    axes = [*also, RATE, "seed"]
    sizes = [runs[name].nunique(dropna=False) for name in axes]
    grid = " × ".join(words.plural(size, NOUNS.get(name, name)) for name, size in zip(axes, sizes, strict=True))
    if len(runs) == len(runs[axes].drop_duplicates()) == math.prod(sizes):
        return f"{grid} = {words.plural(len(runs), 'run')}" if len(runs) > 1 else f"{grid}: one run"
    return f"{words.plural(len(runs), 'run')} of {grid}, not one for each combination"


def setup(runs: pd.DataFrame) -> dict[str, str]:
    """The setup of the runs in words, from their params; what they lack is left out."""
    networks = runs[runs[HIDDEN].notna()] if HIDDEN in runs else runs.iloc[:0]
    limits = [
        f"{count} {unit}"
        for unit, name in (("epochs", "stop.max_epochs"), ("steps", "stop.max_steps"))
        if (count := values(runs, name))
    ]
    facts = {
        "problem": _problem(runs),
        "data set": values(runs, "problem.data.name"),
        "optimizer": values(runs, OPTIMIZER, words.spoken),
        "schedule": values(runs, SCHEDULE, words.spoken),
        "batch size": values(networks, BATCH_SIZE, missing=WHOLE_SET),
        "budget": " or ".join(limits),
        "cost measured on": values(networks, "problem.examples", _evenly_spaced, missing=WHOLE_SET),
    }
    return {name: text for name, text in facts.items() if text}


def setup_text(runs: pd.DataFrame) -> str:
    """The setup of the runs as one part of a caption."""
    return "; ".join(f"{name}: {text}" for name, text in setup(runs).items())


def differences(runs: pd.DataFrame, drawn: Sequence[str] = (RATE,)) -> dict[str, str]:
    """Params that runs differ in beside the seeds and those that are drawn: a figure that pools them must say so."""
    return {name: values(runs, name, missing="none") for name in columns.varying(runs, drawn)}


def regimes(runs: pd.DataFrame) -> str:
    """Definitions of the regimes that occur."""
    found = [f"{name}, {meaning}" for name, meaning in MEANINGS.items() if (runs["regime"] == name).any()]
    return f"regimes: {'; '.join(found)} ({DISTANCE})"


def common_parts(runs: pd.DataFrame) -> list[str]:
    """Parts of a caption that hold for every figure of these runs."""
    return [*([regimes(runs)] if "regime" in runs else []), setup_text(runs)]


def values(runs: pd.DataFrame, name: str, say: Callable[..., str] = words.number, missing: str = "") -> str:
    """The values of a column in words, `16` or `16 and 32`; empty if there is no such column or it is empty."""
    if name not in runs:
        return ""
    found = [missing if pd.isna(value) else say(value) for value in runs[name].drop_duplicates()]
    return words.listed([text for text in found if text])


def cost_name(frame: pd.DataFrame) -> str:
    """The name of the cost that was measured: of a network, that on the training set."""
    return "training cost" if "problem.data.name" in frame else "cost"


def _problem(runs: pd.DataFrame) -> str:
    text = values(runs, PROBLEM, words.spoken)
    if layers := values(runs, HIDDEN):
        text += f" with hidden layers {layers} of {values(runs, 'problem.activation')} units"
        text += f", {values(runs, 'problem.output')} outputs, {values(runs, 'problem.cost')} cost"
    if count := values(runs, "parameters"):
        text += f" ({count} parameters)" if count != "1" else " (1 parameter)"
    return text


def _evenly_spaced(count: object) -> str:
    return f"{words.number(count)} evenly spaced training examples"
