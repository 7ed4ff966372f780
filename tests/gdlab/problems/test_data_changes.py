"""Changes to a training set: fewer examples, wrong labels."""

import numpy as np
import pytest
from cases import config
from messages import exactly

from gdlab.problems.data import load
from gdlab.sweeps.configuration import ConfigurationError, build
from gdlab.sweeps.key import key

WHOLE = load("digits")


def wrong(share, seed=0, **changes):
    """Where the labels differ from the right ones, and what they have become."""
    data = load("digits", label_noise=share, noise_seed=seed, **changes)
    places = np.flatnonzero(data.train_labels != WHOLE.train_labels[: len(data.train_labels)])
    return dict(zip(places.tolist(), data.train_labels[places].tolist(), strict=True))


@pytest.mark.parametrize("share", [0.001, 0.2, 0.5, 1.0])
def test_a_share_of_the_labels_is_wrong(share):
    assert len(wrong(share)) == round(share * len(WHOLE.train_labels))


def test_only_training_labels_change():
    noisy = load("digits", label_noise=0.3)
    assert (noisy.train_features == WHOLE.train_features).all()
    assert (noisy.test_labels == WHOLE.test_labels).all() and (noisy.test_features == WHOLE.test_features).all()
    assert (load("digits").train_labels == WHOLE.train_labels).all()


def test_the_seed_of_the_data_decides_which_labels_are_wrong():
    assert wrong(0.2) == wrong(0.2, 0) != wrong(0.2, 1)
    assert wrong(0.1).items() < wrong(0.2).items()


def test_wrong_labels_are_drawn_evenly_from_the_other_classes():
    shifts = [(label - int(WHOLE.train_labels[place])) % 10 for place, label in wrong(1.0).items()]
    counts = np.bincount(shifts, minlength=10)
    assert counts[0] == 0
    assert np.abs(counts[1:] - len(shifts) / 9).max() < 4 * np.sqrt(len(shifts) / 9)  # four standard deviations


def test_the_first_training_examples_are_kept():
    some = load("digits", train_examples=50)
    assert (some.train_labels == WHOLE.train_labels[:50]).all() and (
        some.train_features == WHOLE.train_features[:50]
    ).all()
    assert len(some.test_labels) == len(WHOLE.test_labels)
    assert load("digits", train_examples=len(WHOLE.train_labels)) is WHOLE
    assert len(wrong(0.2, train_examples=50)) == 10
    without = load("digits", without=3, train_examples=50)
    assert len(without.train_labels) == 50 and 3 not in without.train_labels


def test_changed_data_have_digests_and_keys_of_their_own():
    changes = [{}, {"label_noise": 0.2}, {"label_noise": 0.2, "noise_seed": 1}, {"train_examples": 50}]
    assert len({load("digits", **change).digest for change in changes}) == len(changes)
    overrides = [[f"problem.data.{name}={value}" for name, value in change.items()] for change in changes]
    assert len({key(config("problem/data=digits", *texts)) for texts in overrides}) == len(changes)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("label_noise=1.5", "problem.data.label_noise must lie in [0, 1], got 1.5"),
        ("label_noise=much", "problem.data.label_noise must be a finite number, got 'much'"),
        ("label_noise=[0.1,0.2]", "problem.data.label_noise must be one number, got [0.1, 0.2]"),
        ("noise_seed=-1", "problem.data.noise_seed must be a whole number of at least 0, got -1"),
        (
            "train_examples=2000",
            "problem.data.train_examples must be a whole number from 1 to 1437 (the training set of digits), got 2000",
        ),
    ],
)
def test_a_bad_change_is_named(override, message):
    with pytest.raises(ConfigurationError, match=exactly(message)):
        build([config("problem/data=digits", f"problem.data.{override}")])
