"""Pictures inside the page: vector figures that follow the page into the dark, and films with a still for print."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from analysis import addresses
from analysis.draw import style

SAFE = " ;:,/=()+-*!'"  # in an address inside double quotes; beside letters and digits
DARK = {  # the neutral colours of figures, on the page's dark paper
    style.PAPER: "#18191b",
    style.INK: "#e8e8ea",
    style.BLACK: "#e8e8ea",
    style.TICKS: "#e8e8ea",
    style.FAINT: "#a5a5ad",
    style.GRID: "#4a4c52",
    **dict.fromkeys(style.PANES, "#232528"),
    style.CHOICES[0].lower(): "#2a88c8",  # texts are written in this blue, too dark for them here
}
COLOR = re.compile(r"(fill|stroke): (#[0-9a-f]{6})")
PATH = re.compile(r' d="[^"]*"')
LONG = re.compile(r"(\.\d{2})\d+")  # a hundredth of a point is finer than any screen
DECLARATION = re.compile(r"^.*?(?=<svg)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """A picture as the page has it: its address, its size in pixels, and the address of a still of a film."""

    address: str
    width: int
    height: int
    is_vector: bool
    still: str = ""


def embedded(file: Path) -> Embedded:
    """A saved figure, as SVG, or film, as GIF."""
    if file.suffix == ".svg":
        text = file.read_text(encoding="utf-8")
        width, height = (round(float(size)) for size in re.findall(r'(?:width|height)="([\d.]+)pt"', text)[:2])
        address = f"data:image/svg+xml,{quote(darkened(text), safe=SAFE)}"
        return Embedded(address=address, width=width, height=height, is_vector=True)
    data = file.read_bytes()
    with Image.open(io.BytesIO(data)) as film:
        width, height = film.size
        film.seek(getattr(film, "n_frames", 1) - 1)
        last = io.BytesIO()
        film.save(last, "PNG", optimize=True)
    return Embedded(
        address=addresses.of_image("gif", data),
        still=addresses.of_image("png", last.getvalue()),
        width=width,
        height=height,
        is_vector=False,
    )


def darkened(svg: str, dark: Mapping[str, str] = DARK) -> str:
    """A figure whose colours in `dark` change where the reader prefers a dark page; the others stay."""
    names = {color: f"--{color[1:]}" for color in dark}
    light_rules = "".join(f"{names[color]}:{color};" for color in dark)
    dark_rules = "".join(f"{names[color]}:{shade};" for color, shade in dark.items())
    rules = f"<style>:root{{{light_rules}}}@media (prefers-color-scheme:dark){{:root{{{dark_rules}}}}}</style>"

    def variable(found: re.Match[str]) -> str:
        return f"{found[1]}: var({names[found[2]]})" if found[2] in names else found[0]

    text = PATH.sub(lambda path: LONG.sub(r"\1", path[0]), COLOR.sub(variable, DECLARATION.sub("", svg, count=1)))
    end = text.index(">") + 1
    return f"{text[:end]}{rules}{text[end:]}"
