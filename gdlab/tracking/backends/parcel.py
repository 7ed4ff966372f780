"""Entries of an outbox as they travel to a server: each one file, a zip archive without compression.

records.json          the records of its runs
<run id>/theta.npz …  their artifacts
"""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

from gdlab.tracking import names, records
from gdlab.tracking.artifacts import lacking
from gdlab.tracking.records import RunRecord

RECORDS = "records.json"
MOST_BYTES = 256 * 2**20  # of a parcel
MOST_RECORDS_BYTES = 64 * 2**20  # of its records, which are read as a whole
MOST_FILES = 20_000
ID = re.compile(r"[0-9a-f]{32}")
LONGEST_NAME = 255  # bytes of a file's name
STATUSES = (names.RUNNING, names.FINISHED, names.FAILED, names.KILLED)
ENCRYPTED = 0x1  # of a member's flags

POINT = (str, int | float, int, int)  # the types of a metric's name, value, time and step
VALID: Mapping[str, Callable[[Any], bool]] = {  # values of records; a database would take some others, too
    "run_id": lambda value: isinstance(value, str) and ID.fullmatch(value) is not None,
    "name": lambda value: isinstance(value, str),
    "status": lambda value: value in STATUSES,
    "start_time": lambda value: isinstance(value, int),
    "end_time": lambda value: isinstance(value, int | None),
    "params": lambda value: _are_texts(value),
    "tags": lambda value: _are_texts(value) and names.KIND in value,
    "metrics": lambda value: _are_points(value),
    "dataset": lambda value: isinstance(value, dict | None),
    "files": lambda value: isinstance(value, dict) and all(isinstance(size, int) for size in value.values()),
}

File = SpooledTemporaryFile[bytes] | BytesIO


class ParcelError(ValueError):
    """A parcel that cannot be unpacked; the message says why."""


def pack(target: File, found: Sequence[RunRecord], folders: Mapping[str, Path]) -> None:
    """Write records, and the files in each run's folder, to a file."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
        archive.writestr(RECORDS, records.to_json(found))
        for run_id, folder in folders.items():
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                archive.write(path, f"{run_id}/{path.relative_to(folder).as_posix()}")


def can_hold(folder: Path) -> bool:
    """True if the names of all files in a folder are such as a parcel may have."""
    return all(is_plain(part) for path in folder.rglob("*") for part in path.relative_to(folder).parts)


def unpack(source: File, folder: Path) -> list[RunRecord]:
    """The records in a parcel; the artifacts are put into a folder, each run's into a subfolder named by its id.

    Raises
    ------
    ParcelError
        If it is not such an archive, has files of other runs or with other than plain names, or lacks files that its
        records list.

    """
    try:
        with zipfile.ZipFile(source) as archive:
            members = _members(archive, source)
            found = _records(archive)
            _check_owners(members, found)
            for member in members:
                place = folder / member.filename
                place.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as data, place.open("xb") as file:
                    shutil.copyfileobj(data, file)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ParcelError(f"not a whole zip archive: {error}") from None
    for record in found:
        absent = lacking(folder / record.run_id, record.files) if (folder / record.run_id).is_dir() else []
        if absent:
            raise ParcelError(f"run {record.run_id}: {absent[0]} is not what its record lists")
    return found


def _members(archive: zipfile.ZipFile, source: File) -> list[zipfile.ZipInfo]:
    """The members that are artifacts; none may lead out of its run's folder, or be larger than it claims."""
    members = archive.infolist()
    paths = [member.filename for member in members]
    if len(paths) > MOST_FILES:
        raise ParcelError(f"{len(paths)} files are more than {MOST_FILES}")
    if len(set(paths)) < len(paths):
        raise ParcelError("a name occurs twice")
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & ENCRYPTED:
            raise ParcelError(f"{member.filename!r} is compressed or encrypted")
        run_id, *parts = member.filename.split("/")
        if member.filename != RECORDS and not (parts and ID.fullmatch(run_id) and all(map(is_plain, parts))):
            raise ParcelError(f"{member.filename!r} is not the name of an artifact")
    if sum(member.file_size for member in members) > source.seek(0, os.SEEK_END):
        raise ParcelError("its members overlap")
    return [member for member in members if member.filename != RECORDS]


def is_plain(name: str) -> bool:
    """True for the name of a file or folder that means the same everywhere, and nothing but itself."""
    special = name in ("", ".", "..") or not name.isprintable() or "\\" in name or ":" in name
    return not special and len(name.encode()) <= LONGEST_NAME


def _records(archive: zipfile.ZipFile) -> list[RunRecord]:
    """The records, of the types that a database expects."""
    try:
        size = archive.getinfo(RECORDS).file_size
    except KeyError:
        raise ParcelError(f"it has no {RECORDS}") from None
    if size > MOST_RECORDS_BYTES:
        raise ParcelError(f"{RECORDS} has {size} bytes, more than {MOST_RECORDS_BYTES}")
    try:
        text = archive.read(RECORDS)
        damages = list(filter(None, map(_damage, json.loads(text))))
        found = [] if damages else records.from_json(text)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ParcelError(f"{RECORDS} holds no records: {error}") from None
    if damages:
        raise ParcelError(f"{RECORDS} has a run with {damages[0]}")
    if len({record.run_id for record in found}) < len(found):
        raise ParcelError("a run has two records")
    return found


def _damage(values: Any) -> str:
    """What a record's text has that no record has; empty if nothing."""
    if not isinstance(values, dict):
        return repr(values)
    wrong = (f"{name} {value!r}" for name, value in values.items() if not VALID.get(name, _is_anything)(value))
    return next(wrong, "")


def _is_anything(_: object) -> bool:
    return True


def _are_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _are_points(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(point, list) and len(point) == len(POINT) and all(map(isinstance, point, POINT)) for point in value
    )


def _check_owners(members: Sequence[zipfile.ZipInfo], found: Sequence[RunRecord]) -> None:
    """Raise for artifacts of runs that have no record here."""
    known = {record.run_id for record in found}
    for member in members:
        if member.filename.partition("/")[0] not in known:
            raise ParcelError(f"{member.filename!r} belongs to no run of this parcel")
