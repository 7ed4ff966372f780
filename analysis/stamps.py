"""Whether anything has changed since something was made: a digest of code and store, kept beside what was made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = (".py", ".yaml", ".j2")


def digest(folders: Iterable[str], files: Iterable[Path], *words: str) -> str:
    """SHA-256 of the code in these folders of the project, of the files, and of the words."""
    sha = hashlib.sha256("\0".join(words).encode())
    for folder in folders:
        for path in sorted(path for path in (ROOT / folder).rglob("*") if path.suffix in KINDS):
            sha.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    for file in files:
        sha.update(file.read_bytes() if file.is_file() else b"absent")
    return sha.hexdigest()


def unchanged(stamp: Path, text: str) -> bool:
    """Whether a stamp says this."""
    return stamp.is_file() and stamp.read_text() == text


def put(stamp: Path, text: str) -> None:
    """Have a stamp say this from now on."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(text)
