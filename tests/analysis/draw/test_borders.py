"""The picture of the borders."""

import pytest
from matplotlib.colors import to_rgba
from studies import three_borders

from analysis.draw import style
from analysis.draw.borders import borders
from analysis.stats.borders import measured_borders


def test_every_case_is_drawn():
    table = measured_borders(three_borders())
    ax = borders(table).axes[0]
    bars = [line for line in ax.get_lines() if len(line.get_xdata()) == 2 and list(line.get_ydata()) != [0, 1]]
    assert [list(bar.get_xdata()) for bar in bars] == [
        pytest.approx([row.holds / row.predicted, row.diverges / row.predicted]) for row in table.itertuples()
    ]
    dots = [line.get_xdata()[0] for line in ax.get_lines() if len(line.get_xdata()) == 1]
    assert dots == table["measured / predicted"].tolist()
    off = [to_rgba(bar.get_color()) == to_rgba(style.CHOICES[1]) for bar in bars]
    assert off == [False, False, True]
    assert [text.get_text() for text in ax.texts] == [f"{ratio:.3f}" for ratio in table["measured / predicted"]]
    assert ax.get_xlabel() == "measured border / predicted border" and ax.get_xscale() == "log"
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "parabola, λ = 2, rise ×100",
        "parabola, momentum, β = 0.9, λ = 1, rise ×100",
        "network, tanh / identity, λ = 4, rise ×100",
    ]
    low, high = ax.get_xlim()
    assert low < table["measured / predicted"].min() and table["measured / predicted"].max() < high
