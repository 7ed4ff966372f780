"""A data set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import UInt8

from gdlab.arrays import Features, Labels


@dataclass(frozen=True, kw_only=True, eq=False)
class Data:
    """A training set and a test set; `shape` is that of one image, in pixels."""

    name: str
    shape: tuple[int, int]
    scale: float
    train_features: Features
    train_labels: Labels
    test_features: UInt8[np.ndarray, "tests features"]
    test_labels: UInt8[np.ndarray, " tests"]
    classes: int = 10

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all examples and labels, in their order."""
        sha = hashlib.sha256(f"{self.name} {self.shape} {self.scale!r}".encode())
        for array in (self.train_features, self.train_labels, self.test_features, self.test_labels):
            sha.update(np.ascontiguousarray(array).data)
        return sha.hexdigest()

    @property
    def facts(self) -> dict[str, str | int]:
        """Name, sizes and digest."""
        return {
            "name": self.name,
            "digest": self.digest,
            "train_examples": len(self.train_labels),
            "test_examples": len(self.test_labels),
            "features": self.train_features.shape[1],
            "classes": self.classes,
        }


class DataError(ValueError):
    """A data set that cannot be loaded; the message names the file and how to fix it."""
