"""The zoom through windows of trainability, and the walks' controls."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from analysis.draw.trainability import COLORS
from analysis.items import WALKS, ZOOM
from analysis.stats.boundaries import Picture, equalized
from analysis.touch.walks import landscapes, walks_chart
from analysis.touch.zoom import SHADES, image, zoom_chart


def window(side, width):
    """A window around 0 in which the lower left trains."""
    x = (np.arange(side) + 0.5) / side * width - width / 2
    return Picture(x, x, np.where(x[:, None] + x < 0, -1.0 - x**2, 1.0 + x**2))


PICTURES = {"tanh": {0: window(8, 4.0), 3: window(8, 0.5)}, "relu": {2: window(4, 1.0), 3: window(4, 0.5)}}
AXES = {"tanh": ("first", "last"), "relu": ("offset", "rate")}


def test_windows_are_pictures_with_their_edges():
    chart = zoom_chart("zoom", PICTURES, AXES, ["About them"])
    assert chart.kind == ZOOM
    tanh, relu = chart.spec["conditions"]
    assert [found["octave"] for found in tanh["windows"]] == [0, 3]
    assert [found["octave"] for found in relu["windows"]] == [0, 1]  # from its own widest
    assert tanh["windows"][0]["edges"] == pytest.approx([-2, 2, -2, 2])
    assert (relu["across"], relu["up"]) == AXES["relu"]
    octave = chart.controls[1]
    assert (octave.values[0], octave.values[-1]) == (0, 3)
    assert (octave.texts[0], octave.texts[-1]) == ("×1", "×8")
    assert "×1, ×2 and ×8" in chart.caption and chart.caption.endswith("About them.")


def test_a_picture_has_the_colours_of_the_figure_upside_up():
    shown = window(8, 4.0)
    data = base64.b64decode(image(shown).removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(data)) as found:
        pixels = np.asarray(found.convert("RGB")).astype(int)
    expected = COLORS((equalized(shown.value)[::-1] + 1) / 2)[..., :3] * 255
    steepest = 255 * np.abs(np.diff(COLORS(np.linspace(0, 1, SHADES + 1))[:, :3], axis=0)).max()
    assert np.abs(pixels - expected).max() <= steepest  # a shade
    assert pixels[-1, 0, 2] > pixels[-1, 0, 1]  # purple at the lower left


def test_walks_offer_the_landscapes_and_a_rate_on_either_side_of_every_limit():
    chart = walks_chart("walk")
    assert chart.kind == WALKS
    controls = {control.parameter: control for control in chart.controls}
    assert controls["landscape"].texts == list(landscapes())
    rates, momenta = np.array(controls["rate"].values), np.array(controls["momentum"].values)
    for problem, _ in landscapes().values():
        for limit in 2 * (1 + momenta) / problem.curvature:
            assert (rates < limit).any() and (rates > limit).any()
    for control in chart.controls:
        assert len(control.values) == len(control.texts) and 0 <= control.start < len(control.values)
