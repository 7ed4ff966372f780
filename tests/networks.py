"""Runs of networks as the studies of minima hold them, made up."""

from __future__ import annotations

import cases
import numpy as np
import pandas as pd

from analysis.stats.minima import ARMS, Minima
from gdlab.measure.geometry import random_relabelling, relabelled, straight_line


def minima(ends, network=None, path=True):
    """Runs that end at these points, half way from which they have started."""
    network = network or cases.network()
    thetas = [
        {"start": end / 2, "end": end} | ({"path": straight_line(end / 2, end, 4)} if path else {}) for end in ends
    ]
    cost, accuracy = network.evaluate(np.stack(ends), network.test)
    runs = pd.DataFrame({"seed": range(1, len(ends) + 1), "final_cost": cost, "final_accuracy": accuracy})
    runs = runs.assign(run_id=runs["seed"].map("id{}".format), run_name=runs["seed"].map("seed={}".format))
    runs = runs.assign(**{"seeds.init": runs["seed"], "seeds.batches": runs["seed"]})
    return Minima(network, runs, thetas)


def strangers(count, seed=0, network=None):
    """Points that have nothing to do with each other."""
    network = network or cases.network()
    draw = np.random.default_rng(seed)
    return [network.initial(draw) + 0.3 * draw.standard_normal(network.parameters) for _ in range(count)]


def twins(count, network=None):
    """The same network, its hidden units relabelled at random."""
    network = network or cases.network()
    (point,) = strangers(1, network=network)
    draw = np.random.default_rng(1)
    return [relabelled(network, point, random_relabelling(network, draw)) for _ in range(count)]


def arms(count=4, path=True):
    """The three arms, so many runs each."""
    return {arm: minima(strangers(count, seed), path=path) for seed, arm in enumerate(ARMS)}
