"""Figures that follow the page into the dark, and stills of films."""

import base64
import io
import re
from urllib.parse import unquote

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from analysis.draw import style
from analysis.draw.film import animated
from analysis.page.pictures import DARK, darkened, embedded

PAPERS = ("#ffffff", DARK[style.PAPER])


def luminance(color):
    """The relative luminance of WCAG 2."""
    shares = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(color, other):
    low, high = sorted(luminance(each) for each in (color, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("color", sorted({*style.CHOICES, *(mark.color for mark in style.REGIMES.values())}))
def test_data_stand_out_on_dark_paper(color):
    """At 3 to 1, which WCAG 2.1 asks of graphics (1.4.11)."""
    assert contrast(DARK.get(color.lower(), color), DARK[style.PAPER]) >= 3


@pytest.mark.parametrize("color", [style.INK, style.TICKS, style.FAINT, style.BLACK])
def test_text_can_be_read_on_either_paper(color):
    """At 4.5 to 1, which WCAG 2.1 asks of text (1.4.3)."""
    assert contrast(color, style.PAPER) >= 4.5
    assert contrast(DARK[color], DARK[style.PAPER]) >= 4.5


@pytest.fixture
def svg(tmp_path):
    """A figure with a line in each of two colours, and a text that is to stay."""
    with style.theme():
        figure = Figure(figsize=(3, 2))
        ax = figure.subplots()
        ax.plot([0, 1], color=style.INK)
        ax.plot([1, 0], color=style.CHOICES[1])
        ax.text(0.5, 0.5, "on data", color=style.LIGHT_ON_DATA)
    return style.save(figure, tmp_path / "figure")[1]


def test_neutral_colours_become_variables_and_those_of_data_stay(svg):
    text = darkened(svg.read_text())
    rules, body = text.split("</style>", 1)
    for color in DARK:
        assert not re.search(rf"(fill|stroke): {color}", body)
    assert body.count(f"stroke: var(--{style.INK[1:]})") > 0
    assert style.CHOICES[1].lower() in body and style.LIGHT_ON_DATA in body
    light, dark = rules.split("@media (prefers-color-scheme:dark)")
    assert f"--{style.PAPER[1:]}:{style.PAPER};" in light
    assert f"--{style.PAPER[1:]}:{DARK[style.PAPER]};" in dark


def test_a_figures_address_holds_it_and_its_size(svg):
    found = embedded(svg)
    assert (found.width, found.height, found.is_vector, found.still) == (216, 144, True, "")  # 3 by 2 inches, in points
    assert found.address.startswith("data:image/svg+xml,%3Csvg") and '"' not in found.address
    assert unquote(found.address.partition(",")[2]) == darkened(svg.read_text())


def test_a_films_still_is_its_last_picture(tmp_path):
    file = tmp_path / "film.gif"
    file.write_bytes(animated([Image.new("RGB", (4, 3), color) for color in ("red", "blue")], 100, 100))
    found = embedded(file)
    assert (found.width, found.height, found.is_vector) == (4, 3, False)
    with Image.open(io.BytesIO(base64.b64decode(found.still.removeprefix("data:image/png;base64,")))) as still:
        assert still.convert("RGB").getpixel((0, 0)) == (0, 0, 255)
