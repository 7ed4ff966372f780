"""Perturbations of single parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from gdlab.checks import scalars_in, whole
from gdlab.measure.measurements import MEASUREMENTS
from gdlab.measure.measurements.gradients import cost_and_gradient
from gdlab.measure.measurements.measurement import NETWORK, MeasurementResult, Requirement, Setting
from gdlab.problems.network import Network
from gdlab.seeds import MEASUREMENT_STREAM, stream


@MEASUREMENTS.register("slopes")
@dataclass(frozen=True, kw_only=True)
class Slopes:
    """The change of the cost when one parameter is increased, compared with its entry of the gradient.

    `count` parameters are drawn, nine tenths of the probability in proportion to the size of their slope and a tenth
    uniformly. Each is increased by `nudge`. The table holds each `parameter`, its `slope` and the `rise` of the cost
    over the nudge; the metrics are the fraction of agreeing signs and the correlation of the two. Each is moved by its
    own size, too, against its slope: `own_fall` is the decrease of the cost and `own_predicted` what the slope promises
    (NaN of a parameter that is 0 or has no slope).

    `top_1_percent` and `top_10_percent` are the largest parameters' shares of the squared gradient, `layer_1` and so on
    those of the weights of each layer, and `layer_1_top_10_percent` and so on the shares of the largest tenth of a
    layer's weights in the squares of that layer, of its weights that have a slope. Of independent normal numbers the
    largest tenth has 44%. `dark_weights` is the number of weights of pixels that are 0 in all training examples, and
    `dark_largest_slope` the largest slope among them.
    """

    requires: ClassVar[Requirement] = NETWORK
    count: Any
    nudge: Any

    def __post_init__(self) -> None:
        whole("count", self.count, 3)
        scalars_in(self, nudge="(0, inf)")

    def __call__(self, setting: Setting) -> MeasurementResult:
        network = cast(Network, setting.problem)
        point = setting.theta.astype(np.float64)
        cost, gradient = cost_and_gradient(network)
        slope = gradient(point)[0]
        shares = 0.9 * np.abs(slope) / np.abs(slope).sum() + 0.1 / len(slope)
        count = min(self.count, len(slope))
        which = stream(setting.seed, MEASUREMENT_STREAM).choice(len(slope), count, replace=False, p=shares)
        nudged = np.repeat(point, count, axis=0)
        nudged[np.arange(count), which] += self.nudge
        rise = (cost(nudged) - cost(point)[0]) / self.nudge
        moved, steps = np.repeat(point, count, axis=0), -np.sign(slope[which]) * np.abs(point[0, which])
        moved[np.arange(count), which] += steps
        at_rest = steps == 0
        fall = np.where(at_rest, np.nan, cost(point)[0] - cost(moved))
        predicted = np.where(at_rest, np.nan, -slope[which] * steps)
        layers = [weights[0] for weights, _ in network.layers(slope[None])]
        first = layers[0]
        dark = ~network.data.train_features.any(axis=0)
        return MeasurementResult(
            final={
                "agreeing_signs": float((np.sign(rise) == np.sign(slope[which])).mean()),
                "correlation": float(np.corrcoef(rise, slope[which])[0, 1]),
                **{f"top_{percent}_percent": top_share(slope, percent) for percent in (1, 10)},
                **{f"layer_{i}": float((layer**2).sum() / (slope**2).sum()) for i, layer in enumerate(layers, 1)},
                **{f"layer_{i}_top_10_percent": top_share(layer[layer != 0], 10) for i, layer in enumerate(layers, 1)},
                "dark_pixels": float(dark.sum()),
                "dark_weights": float(dark.sum() * len(first)),
                "dark_largest_slope": float(np.abs(first[:, dark]).max(initial=0)),
            },
            columns={
                "parameter": which,
                "slope": slope[which],
                "rise": rise,
                "own_fall": fall,
                "own_predicted": predicted,
            },
        )


def top_share(slopes: np.ndarray, percent: int) -> float:
    """The share of the squares that the largest percent of the slopes, rounded down, have."""
    ordered = np.sort(slopes.ravel() ** 2)[::-1]
    return float(ordered[: len(ordered) * percent // 100].sum() / ordered.sum())
