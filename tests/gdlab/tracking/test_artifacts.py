"""Artifacts that move to their place."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from gdlab.tracking import artifacts


@pytest.fixture
def other_file_system(monkeypatch):
    """Have the system refuse to rename a file into another folder, as it does across file systems."""
    replace = Path.replace

    def refuse(path, target):
        if path.parent != Path(target).parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    (folder / "pictures").mkdir(parents=True)
    (folder / "theta.npz").write_text("theta")
    (folder / "pictures" / "one.svg").write_text("one")
    return folder


def test_files_move_to_another_file_system(tmp_path, source, other_file_system):
    sizes = artifacts.sizes(source)
    artifacts.move(source, tmp_path / "target")
    assert artifacts.sizes(tmp_path / "target") == sizes
    assert artifacts.sizes(source) == {}


def test_a_full_disk_leaves_nothing_of_a_file_that_did_not_fit(tmp_path, source, other_file_system, monkeypatch):
    def fill(path, target):
        Path(target).write_text(path.read_text()[:2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sizes = artifacts.sizes(source)
    with monkeypatch.context() as full:
        full.setattr(shutil, "copyfile", fill)
        with pytest.raises(OSError, match="No space left on device"):
            artifacts.move(source, tmp_path / "target")
    assert artifacts.sizes(tmp_path / "target") == {}
    assert artifacts.sizes(source) == sizes
    artifacts.move(source, tmp_path / "target")
    assert artifacts.sizes(tmp_path / "target") == sizes
