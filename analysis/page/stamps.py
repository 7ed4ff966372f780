"""Stamps: digests of code and data, kept beside what was made of them, to tell whether it is up to date."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = (".py", ".yaml", ".j2", ".js")


def digest(folders: Iterable[str], files: Iterable[Path], *words: str) -> str:
    """SHA-256 of the code in these folders of the project, of the files, and of the words."""
    sha = hashlib.sha256("\0".join(words).encode())
    for folder in folders:
        for path in sorted(path for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES):
            sha.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    for file in files:
        sha.update(file.read_bytes() if file.is_file() else b"absent")
    return sha.hexdigest()


def is_current(stamp: Path, text: str) -> bool:
    """True if a stamp holds this text."""
    return stamp.is_file() and stamp.read_text() == text


def write(stamp: Path, text: str) -> None:
    """Write a stamp."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(text)
