import gzip
import math
import os
import shutil
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from damage import damaged, rewrite
from messages import exactly

from gdlab.problems.data import DataError, _loaded, load
from gdlab.problems.data.idx import idx_data, read_idx, write_idx

PARTS = {"train": 30, "t10k": 20}


@pytest.fixture
def folder(tmp_path):
    """A small set in the shape of MNIST: training files packed, test files not."""
    rng = np.random.default_rng(0)
    for part, count in PARTS.items():
        ending = ".gz" if part == "train" else ""
        write_idx(tmp_path / f"{part}-images-idx3-ubyte{ending}", rng.integers(0, 256, (count, 4, 3)))
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte{ending}", rng.integers(0, 10, count))
    return tmp_path


def test_reads_files_packed_or_not(folder):
    data = idx_data("small", "none", folder)
    assert data.train_features.shape == (30, 12) and data.test_features.shape == (20, 12)
    assert data.shape == (4, 3) and data.classes == 10
    assert (data.test_labels == read_idx(folder / "t10k-labels-idx1-ubyte", 1)).all()


def test_digest_tells_data_apart(folder):
    first = idx_data("small", "none", folder)
    again = idx_data("small", "none", folder)
    labels = read_idx(folder / "t10k-labels-idx1-ubyte", 1).copy()
    labels[0] = (labels[0] + 1) % 10
    write_idx(folder / "t10k-labels-idx1-ubyte", labels)
    changed = idx_data("small", "none", folder)
    assert first.digest == again.digest != changed.digest


def shorten(path):
    path.write_bytes(path.read_bytes()[:-5])


def lengthen(path):
    path.write_bytes(path.read_bytes() + b"more")


def retype(path):
    path.write_bytes(b"\x00\x00\x0d\x03" + path.read_bytes()[4:])


def behead(path):
    path.write_bytes(path.read_bytes()[:6])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (shorten, r"t10k-images-idx3-ubyte is truncated: 235 bytes of the 240 that its header \(20, 4, 3\) asks for"),
        (
            lengthen,
            r"t10k-images-idx3-ubyte is too long: more than the 240 bytes that its header \(20, 4, 3\) asks for",
        ),
        (retype, "t10k-images-idx3-ubyte is not an IDX file of 3-dimensional bytes: it begins 00000d03, not 00000803"),
        (behead, "t10k-images-idx3-ubyte is truncated: 6 bytes, less than its header of 16"),
        (Path.unlink, r"t10k-images-idx3-ubyte \(or .gz\) is missing: put the four IDX files in this folder"),
    ],
)
def test_a_bad_file_names_itself(folder, spoil, message):
    spoil(folder / "t10k-images-idx3-ubyte")
    with pytest.raises(DataError, match=message):
        idx_data("small", "none", folder)


def test_a_truncated_packed_file_names_itself(folder):
    shorten(folder / "train-images-idx3-ubyte.gz")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz cannot be read: Compressed file ended"):
        idx_data("small", "none", folder)


def test_a_file_that_is_not_packed_names_itself(folder):
    (folder / "train-images-idx3-ubyte.gz").write_bytes(b"not gzip")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz cannot be read: Not a gzipped file"):
        idx_data("small", "none", folder)


def right_reading(content, dimensions, packed):
    """What a file holds if nothing in it contradicts the rest: its sizes and its bytes; else None."""
    try:
        content = gzip.decompress(content) if packed else content
    except (OSError, EOFError, zlib.error):
        return None
    begin = 4 + 4 * dimensions
    sizes = [int.from_bytes(content[i : i + 4], "big") for i in range(4, begin, 4)]
    whole = content[:4] == bytes([0, 0, 8, dimensions]) and math.prod(sizes) == len(content) - begin > 0
    return (sizes, content[begin:]) if whole else None


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dimensions", [1, 3])
def test_files_damaged_at_random_are_read_right_or_refused(tmp_path, dimensions, packed):
    path = tmp_path / ("data.gz" if packed else "data")
    shape = (90, 4, 3)[:dimensions]
    write_idx(path, np.random.default_rng(0).integers(0, 256, shape))
    whole = path.read_bytes()
    versions = [*damaged(whole, 1500, seed=dimensions)]
    if packed:  # also what is damaged before it is packed
        versions += [gzip.compress(version, 1) for version in damaged(gzip.decompress(whole), 500, seed=dimensions)]
    refused = 0
    for version in versions:
        rewrite(path, version)
        right = right_reading(version, dimensions, packed)
        if right is None:
            refused += 1
            with pytest.raises(DataError) as error:
                read_idx(path, dimensions)
            assert str(error.value).startswith(f"{path} ") and len(str(error.value).splitlines()) == 1
        else:
            array = read_idx(path, dimensions)
            assert (list(array.shape), array.tobytes()) == right
    assert 500 < refused < len(versions)


@pytest.mark.parametrize(
    ("sizes", "content", "message"),
    [
        ((20, 28, 28), bytes(2**26), "is too long: more than the 15680 bytes that its header (20, 28, 28) asks for"),
        (
            (2**32 - 1, 2**31, 2**31),  # 2 to the 94th: as an int64 it would be negative or nothing
            bytes(100),
            f"is truncated: its LENGTH bytes cannot hold the {(2**32 - 1) * 2**62} that its header "
            f"{(2**32 - 1, 2**31, 2**31)} asks for",
        ),
        ((2**32 - 1, 28, 28), bytes(2**22), "is truncated"),
        ((0, 28, 28), b"", "is empty: its header (0, 28, 28) asks for no bytes"),
        ((4, 1, 2), b"\0\1\2\3", "is truncated: 4 bytes of the 8 that its header (4, 1, 2) asks for"),
    ],
    ids=["a bomb", "an overflow", "a large claim", "empty", "short"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_reading_takes_no_more_memory_than_the_header_asks_for(tmp_path, sizes, content, message, packed):
    path = tmp_path / ("images.gz" if packed else "images")
    content = bytes([0, 0, 8, 3]) + np.array(sizes, ">u4").tobytes() + content
    path.write_bytes(gzip.compress(content, 1) if packed else content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as error:
            read_idx(path, 3)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(error.value).startswith(f"{path} {message}".replace("LENGTH", str(path.stat().st_size)))
    assert peak < 2**20  # a piece of the file, and the array


def test_a_file_packed_in_many_members(tmp_path):
    content = bytes([0, 0, 8, 1]) + np.array([20_000], ">u4").tobytes()
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(content) + b"".join(gzip.compress(bytes([n % 10])) for n in range(20_000)))
    assert read_idx(path, 1).tolist() == [n % 10 for n in range(20_000)]
    path.write_bytes(path.read_bytes() + gzip.compress(b"") * 20_000 + gzip.compress(b"1"))
    with pytest.raises(DataError, match=r"is too long: more than the 20000 bytes that its header \(20000,\) asks for"):
        read_idx(path, 1)


def test_labels_of_another_count(folder):
    write_idx(folder / "train-labels-idx1-ubyte.gz", np.zeros(29))
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte.gz has 29 labels for the 30 images of train-images"):
        idx_data("small", "none", folder)


def test_labels_out_of_range(folder):
    write_idx(folder / "train-labels-idx1-ubyte.gz", np.full(30, 11))
    with pytest.raises(DataError, match="must hold labels from 0 to 9, got 11"):
        idx_data("small", "none", folder)


def test_pictures_of_two_sizes(folder):
    write_idx(folder / "t10k-images-idx3-ubyte", np.zeros((20, 3, 3)))
    with pytest.raises(DataError, match=r"training images are \(4, 3\) pixels, test images \(3, 3\)"):
        idx_data("small", "none", folder)


def test_files_are_sought_in_gdlab_data(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("GDLAB_DATA", str(tmp_path / "sets"))
    shutil.copytree(folder, tmp_path / "sets" / "mnist", ignore=shutil.ignore_patterns("sets"))
    assert len(idx_data("mnist", "none", None).train_labels) == 30
    with pytest.raises(DataError, match="sets/fashion_mnist/train-images-idx3-ubyte .* is missing"):
        idx_data("fashion_mnist", "none", None)
    (tmp_path / "sets" / "mnist").rename(tmp_path / "sets" / "fashion-mnist")  # Debian's name
    assert len(idx_data("fashion_mnist", "none", None).train_labels) == 30


def test_unknown_names_and_roots():
    known = "digits, fashion_mnist, mnist, mnist_5k"
    for name, hint in (("cifar", ""), ("minst", "; did you mean mnist?")):
        with pytest.raises(ValueError, match=exactly(f"name must be one of {known}, got {name!r}{hint}")):
            load(name)
    message = "root must be left out: digits comes with an installed package, got '/tmp'"
    with pytest.raises(ValueError, match=exactly(message)):
        load("digits", "/tmp")


@pytest.mark.parametrize(
    ("name", "train", "test", "features"), [("mnist_5k", 4000, 1000, 784), ("digits", 1437, 360, 64)]
)
def test_embedded_sets(name, train, test, features):
    data = load(name)
    assert data.train_features.shape == (train, features) and data.test_features.shape == (test, features)
    assert data.train_features.max() * data.scale == pytest.approx(1)
    together = {row.tobytes() for row in data.train_features} & {row.tobytes() for row in data.test_features}
    assert not together


def test_mnist_5k_is_stratified_and_fixed():
    data = load("mnist_5k")
    assert np.bincount(data.train_labels).tolist() == [400] * 10
    assert np.bincount(data.test_labels).tolist() == [100] * 10
    assert data.digest.startswith("d196ea50ea92c9cb")


def test_the_cache_of_mnist_5k_is_made_again_or_named(tmp_path, monkeypatch):
    code = "from gdlab.problems.data import load; print(load('mnist_5k').digest)"
    env = {**os.environ, "GDLAB_CACHE": str(tmp_path)}
    first = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert first.stdout.strip() == load("mnist_5k").digest
    path = tmp_path / "mnist_5k.npz"
    path.write_bytes(path.read_bytes()[:1000])
    monkeypatch.setenv("GDLAB_CACHE", str(tmp_path))
    with pytest.raises(DataError, match=r"mnist_5k.npz is damaged .* remove it and it will be made again"):
        _loaded.__wrapped__("mnist_5k", None)


def test_no_network_says_where_to_put_the_files(tmp_path, monkeypatch):
    import sklearn.datasets

    def unreachable(*args, **settings):
        raise OSError("no route")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", unreachable)
    monkeypatch.setenv("GDLAB_CACHE", str(tmp_path))
    monkeypatch.delenv("GDLAB_DATA", raising=False)
    with pytest.raises(
        DataError, match=rf"mnist could not be downloaded .* put its four IDX files .* in {tmp_path}/mnist"
    ):
        _loaded.__wrapped__("mnist", None)
    assert not (tmp_path / "mnist").exists()


def test_a_download_is_written_as_idx_files(tmp_path, monkeypatch):
    import sklearn.datasets
    from sklearn.utils import Bunch

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 70000).astype(str)
    bunch = Bunch(data=np.zeros((70000, 784), np.uint8), target=labels)
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", lambda *args, **settings: bunch)
    monkeypatch.setenv("GDLAB_CACHE", str(tmp_path))
    monkeypatch.delenv("GDLAB_DATA", raising=False)
    data = _loaded.__wrapped__("fashion_mnist", None)
    assert (data.train_labels == labels[:60000].astype(np.uint8)).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fashion_mnist"]
    assert len(gzip.decompress((tmp_path / "fashion_mnist" / "t10k-images-idx3-ubyte.gz").read_bytes())) == 16 + 7840000


@pytest.mark.skipif(
    not (Path(os.environ.get("GDLAB_DATA", "nowhere")) / "mnist").is_dir(), reason="GDLAB_DATA has no full MNIST"
)
def test_full_mnist():
    data = load("mnist")
    assert data.train_features.shape == (60000, 784) and data.test_features.shape == (10000, 784)
    assert np.bincount(data.train_labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
