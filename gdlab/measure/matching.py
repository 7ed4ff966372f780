"""Alignment by activations: hidden units are matched by what they do on examples, rather than by their weights.

After Li, Yosinski, Clune, Lipson and Hopcroft 2016, "Convergent learning", and Ainsworth, Hayase and Srinivasa 2023,
"Git Re-Basin", section 3.1, with signs: a unit may match the negative of another where the activation is odd up to a
constant.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gdlab.arrays import Point
from gdlab.measure.geometry import Relabelling, relabelled
from gdlab.problems.network import Network

EXAMPLES = 4000  # evenly spaced training examples on which units are compared
CONSTANT = 1e-12  # a standard deviation: a unit below it does the same on every example, and matches nothing

Activity = Float[np.ndarray, "examples units"]


def matched(network: Network, point: Point, reference: Point) -> Point:
    """`point` relabelled so that its units do what those of `reference` do, by `matching`."""
    return relabelled(network, point, matching(network, point, reference))


def matching(network: Network, point: Point, reference: Point) -> Relabelling:
    """The relabelling of `point` whose hidden units correlate most with those of `reference`, layer by layer.

    The sum of correlations over the units of a layer, in size if units may change sign, is as large as it can be.
    """
    from scipy.optimize import linear_sum_assignment  # takes as long to import as all the rest

    odd = network.architecture.activation.center is not None
    features = network.train.spaced(EXAMPLES).features
    layers = network.hidden_units(np.stack([reference, point]).astype(network.dtype), features)
    places, signs = [], []
    for target, source in layers:
        correlation = _standardized(target).T @ _standardized(source) / len(features)
        rows, columns = linear_sum_assignment(np.abs(correlation) if odd else correlation, maximize=True)
        places.append(columns)
        signs.append(np.where(odd & (correlation[rows, columns] < 0), -1.0, 1.0))
    return Relabelling(places, signs)


def _standardized(units: Activity) -> Activity:
    """Units with mean 0 and standard deviation 1 over the examples; a constant unit is 0."""
    centered = units - units.mean(axis=0, dtype=np.float64)
    deviation = centered.std(axis=0)
    return centered / np.where(deviation > CONSTANT, deviation, np.inf)
