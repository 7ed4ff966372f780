"""Parcels: what is packed is unpacked, and nothing else is."""

import io
import json
import zipfile
from dataclasses import replace

import pytest
from messages import exactly

from gdlab.tracking import records
from gdlab.tracking.backends import parcel
from gdlab.tracking.records import RunCard

RUN = "0123456789abcdef" * 2
OTHER = RUN[::-1]
RECORD = replace(
    records.begun(RunCard(name="a run", config={}, params={"seed": 1}, key="k"), RUN, 1000),
    status="FINISHED",
    end_time=2000,
    metrics=[("cost", 0.5, 1500, 3)],
    files={"theta.npz": 3, "model/MLmodel": 2},
)
FILES = {f"{RUN}/theta.npz": b"\1\2\3", f"{RUN}/model/MLmodel": b"de"}


def archive(files=FILES, found=(RECORD,), compression=zipfile.ZIP_STORED, **changes):
    """A parcel put together by hand; `changes` of the first record's values in its text."""
    stored = json.loads(records.to_json(found))
    stored[0].update(changes)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as made:
        made.writestr("records.json", json.dumps(stored))
        for name, content in files.items():
            made.writestr(zipfile.ZipInfo(name) if compression == zipfile.ZIP_STORED else name, content)
    return target


def text_of(content):
    """A parcel whose records are this text."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        made.writestr("records.json", content)
    return target


def flipped(target, number):
    """The same archive with another byte at a place."""
    content = bytearray(target.getvalue())
    content[number] ^= 0xFF
    return io.BytesIO(bytes(content))


def in_folder(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_packed_is_unpacked(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    for name, content in FILES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    file = io.BytesIO()
    plain = replace(RECORD, run_id=OTHER, files={})
    parcel.pack(file, [RECORD, plain], {RUN: source / RUN})
    assert parcel.unpack(file, target) == [RECORD, plain]
    assert in_folder(target) == FILES


REFUSED = {
    "no archive": (io.BytesIO(b"PK"), "not a whole zip archive: File is not a zip file"),
    "nothing": (io.BytesIO(), "not a whole zip archive: File is not a zip file"),
    "half of one": (io.BytesIO(archive().getvalue()[:-30]), "not a whole zip archive: File is not a zip file"),
    "damaged": (
        flipped(archive(), archive().getvalue().index(b"\1\2\3")),
        f"not a whole zip archive: Bad CRC-32 for file '{RUN}/theta.npz'",
    ),
    "compressed": (archive(compression=zipfile.ZIP_DEFLATED), "'records.json' is compressed or encrypted"),
    "no records": (text_of("[]"), None),
    "no list": (text_of("3"), "records.json holds no records: 'int' object is not iterable"),
    "a list of others": (text_of("[3]"), "records.json has a run with 3"),
    "text": (text_of("{"), None),
    "an unknown field": (archive(colour="red"), None),
    "no kind": (archive(tags={}), "records.json has a run with tags {}"),
    "a run id": (archive({}, run_id="../x"), "records.json has a run with run_id '../x'"),
    "a status": (archive(status="DONE"), "records.json has a run with status 'DONE'"),
    "a time": (archive(start_time="now"), "records.json has a run with start_time 'now'"),
    "a param": (archive(params={"a": 1}), "records.json has a run with params {'a': 1}"),
    "a value": (archive(metrics=[["a", "0", 1, 1]]), "records.json has a run with metrics [['a', '0', 1, 1]]"),
    "a point": (archive(metrics=[["a", 0.5, 1]]), "records.json has a run with metrics [['a', 0.5, 1]]"),
    "a run twice": (archive(found=[RECORD, RECORD]), "a run has two records"),
    "a file lacks": (
        archive({f"{RUN}/theta.npz": b"\1\2\3"}),
        f"run {RUN}: model/MLmodel is not what its record lists",
    ),
    "a size differs": (
        archive({**FILES, f"{RUN}/theta.npz": b"\1\2\3\4"}),
        f"run {RUN}: theta.npz is not what its record lists",
    ),
    "a file of another run": (
        archive({f"{OTHER}/theta.npz": b""}),
        f"'{OTHER}/theta.npz' belongs to no run of this parcel",
    ),
}
NAMES = [
    "theta.npz",
    RUN,
    f"{RUN}/",
    f"{RUN}/../{OTHER}/theta.npz",
    f"{RUN}/./theta.npz",
    f"{RUN}//theta.npz",
    f"/{RUN}/theta.npz",
    f"{RUN}\\theta.npz",
    f"{RUN}/..\\theta.npz",
    f"{RUN}/C:theta.npz",
    f"{RUN}/a\nb",
    f"{RUN}/{'é' * 128}",
    f"{RUN.upper()}/theta.npz",
    "../records.json",
]


@pytest.mark.parametrize("kind", [kind for kind, (_, message) in REFUSED.items() if message])
def test_other_than_parcels_are_refused(kind, tmp_path):
    source, message = REFUSED[kind]
    with pytest.raises(parcel.ParcelError, match=exactly(message)):
        parcel.unpack(source, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_names_that_could_lead_elsewhere_are_refused(name, tmp_path):
    with pytest.raises(parcel.ParcelError, match=exactly(f"{name!r} is not the name of an artifact")):
        parcel.unpack(archive({name: b""}), tmp_path)
    assert not in_folder(tmp_path)


def test_the_text_of_records_may_not_be_any(tmp_path):
    assert parcel.unpack(REFUSED["no records"][0], tmp_path) == []
    for kind in ("text", "an unknown field"):
        with pytest.raises(parcel.ParcelError, match="records.json holds no records: "):
            parcel.unpack(REFUSED[kind][0], tmp_path)


def test_a_name_that_occurs_twice_is_refused(tmp_path):
    target = archive()
    with zipfile.ZipFile(target, "a") as made, pytest.warns(UserWarning, match="Duplicate name"):
        made.writestr(f"{RUN}/theta.npz", b"\1\2\3")
    with pytest.raises(parcel.ParcelError, match=exactly("a name occurs twice")):
        parcel.unpack(target, tmp_path)


def test_members_that_overlap_are_refused(tmp_path):
    """A small archive whose directory names the same bytes many times would fill the disk."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        made.writestr("records.json", records.to_json([RECORD]))
        made.writestr(f"{RUN}/a", b"x" * 1000)
        (member,) = made.infolist()[1:]
        for number in range(9):
            copy = zipfile.ZipInfo(f"{RUN}/{number}")
            copy.header_offset, copy.CRC = member.header_offset, member.CRC
            copy.file_size = copy.compress_size = member.file_size
            made.filelist.append(copy)
    with pytest.raises(parcel.ParcelError, match=exactly("its members overlap")):
        parcel.unpack(target, tmp_path)


def test_records_that_are_too_large_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(parcel, "MOST_RECORDS_BYTES", 10)
    with pytest.raises(parcel.ParcelError, match=r"^records.json has \d+ bytes, more than 10$"):
        parcel.unpack(archive(), tmp_path)


def test_a_folder_with_special_names_does_not_fit(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "é (1).png").touch()
    assert parcel.can_hold(tmp_path)
    (tmp_path / "a" / "b:c").touch()
    assert not parcel.can_hold(tmp_path)
