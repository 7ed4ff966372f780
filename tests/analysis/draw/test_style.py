"""Figure files, and the palette."""

import itertools

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb
from studies import made_up

from analysis.draw import style
from analysis.draw.final import final
from analysis.draw.trajectories import trajectories
from analysis.stats import regimes


def test_saved_twice_the_same_bytes(tmp_path):
    _, steps = made_up({0.01: [0.8, np.inf], 10.0: [1.0, 1.0]})
    figure = trajectories(steps)
    first, second = style.save(figure, tmp_path / "first"), style.save(figure, tmp_path / "second")
    assert [file.name for file in first] == ["first.png", "first.svg"]
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]


def test_figures_leave_matplotlib_as_it_was():
    before = dict(mpl.rcParams)
    final(made_up({0.1: [0.5]})[0])
    assert dict(mpl.rcParams) == before


def test_every_regime_has_its_own_colour_and_marker():
    assert set(style.REGIMES) == set(regimes.MEANINGS)
    assert len({mark.color for mark in style.REGIMES.values()}) == len(style.REGIMES)
    assert len({mark.marker for mark in style.REGIMES.values()}) == len(style.REGIMES)


def test_scale_colours_get_lighter_all_the_way_and_stay_visible_on_white():
    colors = style.scale_colors()(np.linspace(0, 1, 50))[:, :3]
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert all(a < b for a, b in itertools.pairwise(luminance))
    assert 1.05 / (luminance[-1] + 0.05) > 1.5  # contrast to white, as WCAG has it; viridis itself ends at 1.26
    assert to_rgb(style.FAINT)[0] < 0.46  # grey text of contrast 4.5 or more on white
