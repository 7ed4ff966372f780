"""Keys of runs: what identifies a run, a stack, an order of mini-batches."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

import gdlab
from gdlab.arrays import columns
from gdlab.descent.batches import Fork
from gdlab.sweeps.configuration import SECTIONS, Config, builder, canonical_text, fork, is_measurement, problem

OWN_STARTS = ("start", "initializer")  # keys of a problem that affect only the starting point


def key(config: Config) -> str:
    """A hash of everything that can change a run's result: its configuration, its data's digest, gdlab's version."""
    parts = {name: config[name] for name in (*SECTIONS, *(["measurement"] if is_measurement(config) else []))}
    if isinstance(start := parts["problem"].get("start"), Mapping):  # of an earlier run: the point alone counts
        parts["problem"] = {**parts["problem"], "start": start["digest"]}
    digest = getattr(getattr(problem(config), "data", None), "digest", None)
    return hashlib.sha256(canonical_text([parts, digest, gdlab.__version__]).encode()).hexdigest()[:32]


def shared(config: Config) -> str:
    """The part of a configuration that runs of one stack must share, as text."""
    parts = {name: dict(config[name]) for name in SECTIONS if name != "seeds"}
    for name in OWN_STARTS:
        parts["problem"].pop(name, None)
    for name in ("optimizer", "schedule"):
        for column in columns(builder(name, parts[name])):
            parts[name].pop(column, None)
    return canonical_text(parts)


def order(config: Config) -> tuple[int, Fork | None] | None:
    """What decides the order of a run's mini-batches, its seed and its fork; None if it has none."""
    return None if config["problem"].get("batch_size") is None else (config["seeds"]["batches"], fork(config))


def row_bytes(config: Config, own_order: bool) -> int:
    """Memory traffic of one run's step: theta, its gradient, and its examples if no other run shares them."""
    built = problem(config)
    gathered = getattr(built, "gathered_bytes", 0) if own_order else 0
    return 2 * built.parameters * np.dtype(built.dtype).itemsize + gathered
