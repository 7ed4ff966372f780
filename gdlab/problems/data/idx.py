"""IDX files, the format of MNIST: finding, reading, checking and writing them."""

from __future__ import annotations

import gzip
import math
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gdlab.archives import DEFLATED
from gdlab.problems.data.cache import cache_folder
from gdlab.problems.data.dataset import Data, DataError

IDX_UNSIGNED_BYTE = 0x08
LARGEST = 2**31  # bytes of a file, unpacked; those of MNIST are 47 million
PIECE = 2**18  # bytes that are read at once


def idx_data(name: str, openml_name: str, root: str | Path | None) -> Data:
    """A data set from four IDX files in the format of MNIST, compressed (.gz) or not.

    The files are looked for in `root`, else in $GDLAB_DATA/<name>, else in the cache; if the cache has none and neither
    of the others is given, they are downloaded into it. A folder in $GDLAB_DATA may be named with hyphens in place of
    underscores, as Debian's packages in /usr/share/datasets are.

    Raises
    ------
    DataError
        Naming the file that is missing, damaged or of the wrong shape, and how to fix it.

    """
    folder = _folder(name, openml_name, root)
    train, train_labels = _images_and_labels(folder, "train")
    test, test_labels = _images_and_labels(folder, "t10k")
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


def _folder(name: str, openml_name: str, root: str | Path | None) -> Path:
    """The folder with a data set's files, downloaded if necessary."""
    if root is not None:
        return Path(root)
    if "GDLAB_DATA" in os.environ:
        root = Path(os.environ["GDLAB_DATA"])
        hyphenated = root / name.replace("_", "-")
        return hyphenated if hyphenated.is_dir() and not (root / name).is_dir() else root / name
    folder = cache_folder() / name
    if not folder.is_dir():
        _download(name, openml_name, folder)
    return folder


def _images_and_labels(folder: Path, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    images_path, labels_path = (
        _find(folder, f"{prefix}-{rest}") for rest in ("images-idx3-ubyte", "labels-idx1-ubyte")
    )
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise DataError(f"{labels_path} has {len(labels)} labels for the {len(images)} images of {images_path.name}")
    if labels.max() > 9:
        raise DataError(f"{labels_path} must hold labels from 0 to 9, got {labels.max()}")
    return images, labels


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """One IDX file: two zeros, type 8 (bytes), the number of dimensions, their sizes (big-endian), the bytes.

    No more is read than its header asks for, and a byte to see whether there is more.
    """
    packed = path.suffix == ".gz"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            shape = _shape(file.read(4 + 4 * dimensions), path, dimensions)
            array = np.empty(_checked_size(shape, path, packed), np.uint8)
            filled = _fill(array, file.read)
            too_long = filled == array.size and file.read(1) != b""
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if filled < array.size:
        raise DataError(f"{path} is truncated: {filled} bytes of the {array.size} that its header {shape} asks for")
    if too_long:
        raise DataError(f"{path} is too long: more than the {array.size} bytes that its header {shape} asks for")
    array.flags.writeable = False
    return array.reshape(shape)


def _shape(header: bytes, path: Path, dimensions: int) -> tuple[int, ...]:
    """The sizes that an IDX file's header states."""
    magic = bytes([0, 0, IDX_UNSIGNED_BYTE, dimensions])
    if header[:4] != magic:
        raise DataError(
            f"{path} is not an IDX file of {dimensions}-dimensional bytes: "
            f"it begins {header[:4].hex()}, not {magic.hex()}"
        )
    if len(header) < 4 + 4 * dimensions:
        raise DataError(f"{path} is truncated: {len(header)} bytes, less than its header of {4 + 4 * dimensions}")
    return struct.unpack(f">{dimensions}I", header[4:])


def _checked_size(shape: tuple[int, ...], path: Path, packed: bool) -> int:
    """The number of bytes of an array, if the file is large enough to hold as many."""
    size, length = math.prod(shape), path.stat().st_size
    if size == 0:
        raise DataError(f"{path} is empty: its header {shape} asks for no bytes")
    if size > length * (DEFLATED if packed else 1):
        raise DataError(
            f"{path} is truncated: its {length} bytes cannot hold the {size} that its header {shape} asks for"
        )
    if size > LARGEST:
        raise DataError(f"{path} is too large: its header {shape} asks for {size} bytes, more than {LARGEST}")
    return size


def _fill(array: np.ndarray, read: Callable[[int], bytes]) -> int:
    """Fill an array with the next bytes of a file; returns how many there were."""
    filled = 0
    while filled < array.size:
        piece = read(min(PIECE, array.size - filled))
        if not piece:
            break
        array[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
        filled += len(piece)
    return filled


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write unsigned bytes as an IDX file, compressed if `path` ends in .gz."""
    sizes = np.array(array.shape, ">u4").tobytes()
    content = bytes([0, 0, IDX_UNSIGNED_BYTE, array.ndim]) + sizes + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content, 6) if path.suffix == ".gz" else content)


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
    except Exception as error:  # whatever the network, OpenML or the parser raises, the remedy is the same
        raise DataError(
            f"{name} could not be downloaded ({type(error).__name__}): put its four IDX files "
            f"(train-images-idx3-ubyte.gz, …) in {folder}, or name their folder with problem.data.root"
        ) from None
    images, labels = bunch.data.astype(np.uint8).reshape(-1, 28, 28), bunch.target.astype(np.uint8)
    if images.shape != (70000, 28, 28):
        raise DataError(f"{name} came from OpenML with {len(images)} images instead of 70,000")
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        partial.mkdir(parents=True, exist_ok=True)
        for prefix, part in (("train", slice(60000)), ("t10k", slice(60000, None))):
            write_idx(partial / f"{prefix}-images-idx3-ubyte.gz", images[part])
            write_idx(partial / f"{prefix}-labels-idx1-ubyte.gz", labels[part])
        partial.replace(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{folder} cannot be written: {reason}; $GDLAB_CACHE names another cache") from None
