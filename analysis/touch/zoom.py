"""A zoom through nested windows of trainability."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from analysis import addresses, words
from analysis.draw.trainability import COLORS, SHADES
from analysis.items import RANGE, ZOOM, Chart, Control
from analysis.stats.boundaries import Picture, equalized

PER_OCTAVE = 8  # places of the slider in which a window doubles


def zoom_chart(
    name: str, pictures: Mapping[str, Mapping[int, Picture]], axes: Mapping[str, tuple[str, str]], about: Sequence[str]
) -> Chart:
    """The windows of each condition as pictures, from the widest to the deepest; `axes` are the names of theirs."""
    conditions = [
        {
            "across": axes[condition][0],
            "up": axes[condition][1],
            "windows": [
                {"octave": zoom - min(own), "edges": list(own[zoom].edges), "image": image(own[zoom])}
                for zoom in sorted(own)
            ],
        }
        for condition, own in pictures.items()
    ]
    deepest = max(max(own) - min(own) for own in pictures.values())
    octaves = np.linspace(0, deepest, deepest * PER_OCTAVE + 1)
    return Chart(
        name=name,
        title="Zoom into the boundary",
        kind=ZOOM,
        spec={"conditions": conditions},
        alternative=(
            f"A picture of the pairs of learning rates that train, and a zoom into the boundary of the others, up to "
            f"{2**deepest:,} times. The slider and the keys plus and minus enlarge; the text below gives the rates."
        ),
        caption=words.sentences(
            "enlarge by the slider, the keys + and -, pinching, or the wheel after a click",
            f"pictures were computed at the enlargements {enlargements(pictures)}; between two of them the wider one "
            "is enlarged, and the deeper one fades in",
            *about,
        ),
        controls=[
            Control(
                parameter="condition",
                label="condition",
                values=list(range(len(conditions))),
                texts=list(pictures),
            ),
            Control(
                parameter="octave",
                label="enlargement",
                values=octaves.tolist(),
                texts=[f"×{2**octave:,.3g}" if octave < 10 else f"×{2**octave:,.0f}" for octave in octaves],
                kind=RANGE,
            ),
        ],
    )


def enlargements(pictures: Mapping[str, Mapping[int, Picture]]) -> str:
    """The enlargements of the windows of all conditions."""
    found = sorted({zoom - min(own) for own in pictures.values() for zoom in own})
    return words.listed([f"×{2**octave:,}" for octave in found])


def image(shown: Picture) -> str:
    """A window as a PNG of few colours, in a data address; the upper edge is the first row."""
    shades = np.round((equalized(shown.value)[::-1] + 1) * SHADES)
    picture = Image.fromarray(shades.astype(np.uint8), "P")
    palette = COLORS(np.linspace(0, 1, 2 * SHADES + 1))[:, :3]
    picture.putpalette((palette * 255).round().astype(np.uint8).tobytes())
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return addresses.of_image("png", file.getvalue())
