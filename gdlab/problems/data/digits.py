"""scikit-learn's 8 × 8 digits."""

from __future__ import annotations

import numpy as np

from gdlab.problems.data import DATA_SETS
from gdlab.problems.data.dataset import Data

TEST_EXAMPLES = 360


@DATA_SETS.register("digits")
def digits() -> Data:
    """scikit-learn's 1,797 handwritten digits of 8 x 8 pixels, 0 to 16 dark (Alpaydin and Kaynak 1998); 1,437 train,
    360 test, in one fixed random order.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(1797).permutation(len(bunch.target))
    train, test = order[TEST_EXAMPLES:], order[:TEST_EXAMPLES]
    features, labels = bunch.data.astype(np.uint8), bunch.target.astype(np.uint8)
    return Data(
        name="digits",
        shape=(8, 8),
        scale=1 / 16,
        train_features=features[train],
        train_labels=labels[train],
        test_features=features[test],
        test_labels=labels[test],
    )
