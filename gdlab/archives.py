"""NumPy archives (.npz), read so that a damaged one is noticed and takes no more memory than a whole one."""

from __future__ import annotations

import math
import warnings
import zipfile
from pathlib import Path

import numpy as np

DEFLATED = 1032  # times smaller is the most that zlib makes of anything
ENDING = ".npy"


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of numbers in an archive, by their names.

    `numpy.load` takes the memory that an array's header asks for before it looks whether there are as many bytes, and
    does not verify the checksum of an array that is shorter than its file.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is damaged.

    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive, warnings.catch_warnings():
            warnings.simplefilter("error")  # of what a damaged header looks like
            return {
                member.filename.removesuffix(ENDING): _array(archive, member, path.stat().st_size)
                for member in archive.infolist()
            }
    except OSError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy have a dozen kinds for a damaged file
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from None


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, length: int) -> np.ndarray:
    """An array in an archive of this length, read to the end, where its checksum is verified, but not beyond."""
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version != (1, 0):
            raise ValueError(f"{member.filename} has the version {version}, not (1, 0)")
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
        if dtype.kind not in "biuf":
            raise ValueError(f"{member.filename} must hold numbers, got {dtype}")
        size = math.prod(shape) * dtype.itemsize
        content = stream.read(size + 1) if size <= length * DEFLATED else b""
    if len(content) != size:
        found = "more" if len(content) > size else "less"
        raise ValueError(f"{member.filename} holds {found} than the {size} bytes of {dtype}{list(shape)}")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran_order else "C").copy()
