"""Charts as descriptions: their controls, readouts and data, against plain pandas; and that Vega-Lite takes them."""

import json

import numpy as np
import pytest
import vl_convert
from studies import COSTS, EXPLODED, RATE, made_up

from analysis.draw import style
from analysis.items import SEPARATOR, VEGA_LITE
from analysis.page.scripts import description
from analysis.touch import vega
from analysis.touch.runs import runs_chart
from analysis.touch.sharpness import sharpness_chart


def parts(node, name):
    """All values of a key, anywhere in a specification."""
    if isinstance(node, list):
        return [found for item in node for found in parts(item, name)]
    if not isinstance(node, dict):
        return []
    return [*([node[name]] if name in node else []), *(found for item in node.values() for found in parts(item, name))]


@pytest.fixture(params=[COSTS, EXPLODED], ids=["network", "exploded"])
def made(request):
    return made_up(request.param)


def test_every_run_is_a_dot_a_line_a_choice_and_a_sentence(made):
    runs, steps = made
    chart = runs_chart("some", "Some runs", runs, steps)
    dots, lines = chart.spec["datasets"].values()
    assert [dot["run"] for dot in dots] == list(chart.controls[0].values) == list(runs["run_id"])
    assert {line["run"] for line in lines} == set(runs["run_id"])
    for line in lines:
        own = steps[steps["run_id"] == line["run"]]
        assert line["step"] == [max(step, 0.5) for step in own["step"]]
        assert all(np.isfinite(line["cost"]))
    sentences, links = chart.readouts[0].texts, chart.readouts[0].runs
    for place, (_, run) in enumerate(runs.iterrows()):
        assert sentences[str(place)].startswith(f"η = {run[RATE]:g}, seed {run['seed']}: {run['regime']}; outcome: ")
        assert links[str(place)] == run["run_id"]
        cost = f"{run['final_cost']:.3g}" if np.isfinite(run["final_cost"]) else "not finite"
        assert f"; final cost {cost}" in sentences[str(place)]


def test_the_run_chosen_first_has_the_lowest_cost(made):
    runs, steps = made
    (control, *_) = runs_chart("some", "Some runs", runs, steps).controls
    assert control.values[control.start] == runs.loc[runs["final_cost"].idxmin(), "run_id"]


def test_ranges_of_rates_are_counted_in_either_order(made):
    runs, steps = made
    rates = sorted(runs[RATE].unique())
    texts = runs_chart("some", "Some runs", runs, steps).readouts[1].texts
    for i, low in enumerate(rates):
        for j, high in enumerate(rates):
            inside = runs[runs[RATE].between(min(low, high), max(low, high))]
            text = texts[f"{i}{SEPARATOR}{j}"]
            assert text.startswith(f"{len(inside)} runs at η ")
            for regime, count in inside["regime"].value_counts().items():
                assert f"{count} {regime}" in text


def test_the_rates_to_choose_are_those_of_the_dots_to_the_last_digit():
    """Else the filter between two rates would leave out the runs at its ends."""
    runs, steps = made_up({10**-0.5: [0.2], 10**0.5: [0.1], 1000 / 3: [1.0]})
    chart = runs_chart("some", "Some runs", runs, steps)
    dots, lines = chart.spec["datasets"].values()
    for parameter in ("low", "high"):
        (control,) = (control for control in chart.controls if control.parameter == parameter)
        assert list(control.values) == [dot["rate"] for dot in dots] == [line["rate"] for line in lines]


def test_regimes_have_the_house_styles_colours_and_shapes():
    runs, steps = made_up(COSTS)
    scales = parts(runs_chart("some", "Some runs", runs, steps).spec, "scale")
    (domain,) = {tuple(scale["domain"]) for scale in scales if isinstance(scale["domain"][0], str)}
    assert domain == tuple(name for name in style.REGIMES if name in set(runs["regime"]))
    ranges = {tuple(scale["range"]) for scale in scales if "range" in scale}
    marks = [style.REGIMES[name] for name in domain]
    assert ranges == {tuple(mark.color for mark in marks), tuple(vega.SHAPES[mark.marker] for mark in marks)}


def with_sharpness():
    """Two rates whose sharpness rises to 2/η and beyond."""
    runs, steps = made_up({0.1: [0.2], 0.2: [0.1]})
    return runs, steps.assign(sharpness=steps["step"] / 4 + 4)


def test_the_sharpness_is_said_beside_its_limit():
    runs, steps = with_sharpness()
    chart = sharpness_chart("edge", runs, steps)
    (control,) = chart.controls
    assert list(control.values) == [0, 1, 8, 64]
    texts = chart.readouts[0].texts
    assert texts["0"].startswith(
        "Step 0. η = 0.1: sharpness 4 with 2/η = 20, cost 2; η = 0.2: sharpness 4 with 2/η = 10"
    )
    assert "η = 0.1: sharpness 20 with 2/η = 20, cost 0.2; " in texts["3"]
    assert sorted(row["limit"] for row in chart.spec["datasets"].popitem()[1])[::7] == [10, 20]


@pytest.mark.parametrize("chart", ["runs", "sharpness"])
def test_vega_lite_takes_the_specification(chart):
    made = {"runs": (runs_chart, made_up(EXPLODED)), "sharpness": (sharpness_chart, with_sharpness())}
    build, (runs, steps) = made[chart]
    found = build("some", *(["Some runs"] if chart == "runs" else []), runs, steps)
    assert found.kind == VEGA_LITE
    compiled = vl_convert.vegalite_to_vega(
        {**found.spec, "vconcat": [{**v, "width": 300} for v in found.spec["vconcat"]]}
    )
    signals = {signal["name"] for signal in compiled["signals"]}
    assert {control.parameter for control in found.controls} <= signals
    assert {gesture.selection for gesture in found.gestures} <= signals


def test_the_same_runs_give_the_same_bytes():
    runs, steps = made_up(COSTS)
    first, second = (description(runs_chart("some", "Some runs", runs, steps)) for _ in range(2))
    assert first == second
    assert json.loads(first)["alternative"].startswith("Two plots.")


def test_no_text_ends_the_script_that_holds_it():
    runs, steps = made_up({0.1: [0.5]}, **{"problem.name": "</script><b>"})
    runs["outcome"] = "</script>"
    assert "<" not in description(runs_chart("some", "Some runs", runs, steps))


def test_numbers_are_short_and_what_is_no_number_is_null():
    assert vega.plain([1 / 3, np.int64(12345), np.inf, np.float32(2.5), True, "x"]) == [
        0.3333,
        12345,
        None,
        2.5,
        True,
        "x",
    ]


@pytest.mark.parametrize(
    ("ends", "ticks"),
    [((0.02, 4), [0.03, 0.1, 0.3, 1, 3]), ((1e-3, 1e3), [1e-3, 0.01, 0.1, 1, 10, 100, 1e3]), ((11, 45), [20, 30, 40])],
)
def test_log_axes_have_round_numbers(ends, ticks):
    assert vega.log_axis(*ends).to_dict()["values"] == ticks
