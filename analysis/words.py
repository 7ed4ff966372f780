"""Runs in words, for captions and tables: how many, what they share, in what they differ, how they ended."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from analysis.regimes import MEANINGS, WAY
from gdlab.sweeps.configuration import SECTIONS

NAMED_AFTER = ("himmelblau", "rastrigin", "rosenbrock")  # landscapes that are called by who made them
NOUNS = {
    "optimizer.name": "optimizer",
    "schedule.name": "schedule",
    "problem.batch_size": "batch size",
    "problem.hidden": "shape",
}


def size(runs: pd.DataFrame, also: Sequence[str] = ()) -> str:
    """How many runs, learning rates and seeds, and values of the columns `also`."""
    axes = {"optimizer.learning_rate": "learning rate", "seed": "seed"}
    axes = {**{name: NOUNS.get(name, name) for name in also}, **axes}
    told = runs[list(axes)]
    counts = {name: told[name].nunique(dropna=False) for name in axes}
    grid = " × ".join(plural(counts[name], noun) for name, noun in axes.items())
    whole = math.prod(counts.values())
    if len(told) == len(told.drop_duplicates()) == whole:
        return f"{grid} = {plural(len(runs), 'run')}" if whole > 1 else f"{grid}: one run"
    return f"{plural(len(runs), 'run')} of {grid}, not one for each combination"


def setup(runs: pd.DataFrame) -> dict[str, str]:
    """What was run, in words, from the runs' params; what they do not have is left out."""
    problem = values(runs, "problem.name", spoken)
    networks = runs[runs["problem.hidden"].notna()] if "problem.hidden" in runs else runs.iloc[:0]
    if layers := values(runs, "problem.hidden"):
        problem += f" with hidden layers {layers} of {values(runs, 'problem.activation')} units"
        problem += f", {values(runs, 'problem.output')} outputs, {values(runs, 'problem.cost')} cost"
    if count := values(runs, "parameters"):
        problem += f" ({count} parameters)" if count != "1" else " (1 parameter)"
    limits = [
        f"{count} {unit}"
        for unit, name in (("epochs", "stop.max_epochs"), ("steps", "stop.max_steps"))
        if (count := values(runs, name))
    ]
    facts = {
        "problem": problem,
        "data set": values(runs, "problem.data.name"),
        "optimizer": values(runs, "optimizer.name", spoken),
        "schedule": values(runs, "schedule.name", spoken),
        "batch size": values(networks, "problem.batch_size", none="the whole training set"),
        "budget": " or ".join(limits),
        "cost measured on": values(networks, "problem.examples", some_examples, none="the whole training set"),
    }
    return {name: text for name, text in facts.items() if text}


def setting(runs: pd.DataFrame) -> str:
    """The same as one part of a caption."""
    return "; ".join(f"{name}: {text}" for name, text in setup(runs).items())


def differences(runs: pd.DataFrame, drawn: Sequence[str] = ("optimizer.learning_rate",)) -> dict[str, str]:
    """Params in which runs differ beside those that are drawn and the seeds: a figure that hides them must say so."""
    names = [name for name in map(str, runs) if is_param(name) and name not in drawn and not name.startswith("seeds.")]
    return {name: values(runs, name, none="none") for name in names if runs[name].nunique(dropna=False) > 1}


def regimes(runs: pd.DataFrame) -> str:
    """What the regimes of these runs mean."""
    there = [f"{name}, {meaning}" for name, meaning in MEANINGS.items() if (runs["regime"] == name).any()]
    return f"regimes: {'; '.join(there)} ({WAY})"


def throughout(runs: pd.DataFrame) -> list[str]:
    """Parts of a caption that hold for all pictures of these runs."""
    return [*([regimes(runs)] if "regime" in runs else []), setting(runs)]


def is_param(name: str) -> bool:
    """Whether a column comes from the configuration."""
    return name.partition(".")[0] in SECTIONS


def sentences(*parts: str) -> str:
    """Parts of a caption, the empty ones left out."""
    return " ".join(f"{part[0].upper() if part[0].isascii() else part[0]}{part[1:]}." for part in parts if part)


def spoken(name: str) -> str:
    """A name as one says it: gradient_descent is gradient descent."""
    return name.replace("_", " ")


def landscape(name: str) -> str:
    """A landscape as one says it: the ravine, Himmelblau's function."""
    name = spoken(name)
    return f"{name.capitalize()}'s function" if name in NAMED_AFTER else f"the {name}"


def number(value: object) -> str:
    """A value from a frame; a whole number without a point."""
    if isinstance(value, float):
        return f"{int(value):,}" if value.is_integer() else f"{value:g}"
    return f"{value:,}" if isinstance(value, int | np.integer) and not isinstance(value, bool) else str(value)


def some_examples(count: object) -> str:
    return f"{number(count)} evenly spaced training examples"


def values(runs: pd.DataFrame, name: str, say: Callable[..., str] = number, none: str = "") -> str:
    """The values of a column in words, `16` or `16 and 32`; empty if there is no such column or nothing in it."""
    if name not in runs:
        return ""
    found = [none if pd.isna(value) else say(value) for value in runs[name].drop_duplicates()]
    return listed([text for text in found if text])


def listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def cell(value: object) -> str:
    """A value in a table: numbers to four digits, what is missing left empty."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return f"{value:,.0f}" if value.is_integer() and 1 <= abs(value) < 1e6 else f"{value:.4g}"
    return number(value)
