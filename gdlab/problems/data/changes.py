"""Changes to a training set: a class left out, fewer examples, wrong labels. The test set keeps all of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from gdlab.problems.data.dataset import Data


@cache
def without_class(data: Data, label: int) -> Data:
    """The training set without a class."""
    kept = np.flatnonzero(data.train_labels != label)
    return replace(_training(data, kept), name=f"{data.name} without {label}")


@cache
def first_examples(data: Data, count: int) -> Data:
    """The first `count` training examples."""
    return replace(_training(data, np.arange(count)), name=f"{data.name} first {count}")


@cache
def noisy_labels(data: Data, share: float, seed: int) -> Data:
    """A share of the training labels, rounded to whole examples, replaced by other classes, each as likely.

    The seed decides which labels, and which classes replace them. With one seed, the labels that a smaller share
    replaces are among those that a larger one replaces, and become the same.
    """
    rng = np.random.default_rng(seed)
    total = len(data.train_labels)
    chosen = rng.permutation(total)
    shifts = rng.integers(1, data.classes, total, np.uint8)
    labels = data.train_labels.copy()
    wrong = chosen[: round(share * total)]
    labels[wrong] = (labels[wrong] + shifts[wrong]) % data.classes
    return replace(data, name=f"{data.name} {share:g} mislabelled {seed}", train_labels=labels)


def _training(data: Data, kept: np.ndarray) -> Data:
    return replace(
        data,
        train_features=np.ascontiguousarray(data.train_features[kept]),
        train_labels=data.train_labels[kept],
    )
