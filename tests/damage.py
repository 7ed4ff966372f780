"""Files damaged at random, in the ways that disks, networks and editors damage them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path


def damaged(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """So many damaged versions of a file's content."""
    rng = random.Random(seed)
    while count:
        version = rng.choice(WAYS)(content, rng)
        if version != content:
            count -= 1
            yield version


def rewrite(path: Path, content: bytes) -> None:
    """Write a file anew; writing over one that exists makes ext4 wait for the disk."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def flip_a_bit(content: bytes, rng: random.Random) -> bytes:
    version = bytearray(content)
    version[rng.randrange(len(version))] ^= 1 << rng.randrange(8)
    return bytes(version)


def change_bytes(content: bytes, rng: random.Random) -> bytes:
    version = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        version[rng.randrange(len(version))] = rng.randrange(256)
    return bytes(version)


def change_near_an_end(content: bytes, rng: random.Random) -> bytes:
    """Headers and directories are there."""
    version = bytearray(content)
    place = rng.randrange(min(32, len(version)))
    version[rng.choice((place, -1 - place))] = rng.choice((0, 1, 127, 128, 255))
    return bytes(version)


def truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def extend(content: bytes, rng: random.Random) -> bytes:
    return content + rng.choice((rng.randbytes(rng.randint(1, 40)), bytes(rng.randint(1, 600)), content))


def lose_bytes(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    return content[:start] + content[start + rng.randint(1, 16) :]


def zero_a_block(content: bytes, rng: random.Random) -> bytes:
    start, length = rng.randrange(len(content)), rng.choice((4, 64, 512))
    return content[:start] + bytes(len(content[start : start + length])) + content[start + length :]


WAYS = (flip_a_bit, change_bytes, change_near_an_end, truncate, extend, lose_bytes, zero_a_block)
