"""Digits that were missing from the training set."""

from __future__ import annotations

import numpy as np

from analysis.claims.claim import Claim, Evidence, Finding, finding


def misses_unseen_digits(evidence: Evidence) -> Finding:
    accuracies = []
    for group in evidence.networks:
        data = group.network.data
        unseen = data.test_labels == int(group.runs["problem.data.without"].iloc[-1])
        correct = group.network.outputs(group.ends[-1:], data.test_features)[0].argmax(axis=1) == data.test_labels
        accuracies.append((correct[unseen].mean(), correct.mean()))
    on_unseen, on_all = np.mean(accuracies, axis=0)
    return finding(
        f"trained without one digit, networks classify {on_unseen:.1%} of its test images correctly, and "
        f"{on_all:.1%} of all test images (n = {len(accuracies)} digits)",
        on_unseen < 0.01,
        evidence.runs["run_id"],
    )


blind = Claim(
    name="blind",
    order=230,
    about="gallery",
    text="A network cannot recognize a digit that its training set never contained.",
    runs=("problem.data.without=0,1,2,3,4,5,6,7,8,9",),
    check=misses_unseen_digits,
)
