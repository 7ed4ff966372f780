"""Charts of the page by mouse, by touch and by keyboard; their numbers are those of the runs."""

import re

import numpy as np
import pandas as pd
import pytest

import gdlab
from analysis import frames, touch
from analysis.touch.walks import described, landscapes
from gdlab import tracking
from gdlab.optimizers.momentum import Momentum

pytestmark = pytest.mark.xdist_group("page")  # one process, one report
RATE = "optimizer.learning_rate"
DOTS = """plot => [...plot.querySelectorAll("g.mark-symbol.role-mark")]
  .sort((a, b) => b.childElementCount - a.childElementCount)[0]"""
CENTERS = f"""plot => [...({DOTS})(plot).children].map(dot => dot.getBoundingClientRect())
  .map(box => [box.x + box.width / 2, box.y + box.height / 2])"""


class Chart:
    """A chart of the page, in view."""

    def __init__(self, tab, name):
        self.tab, self.figure = tab, tab.locator(f"#chart-{name}")
        self.figure.scroll_into_view_if_needed()
        self.plot = self.figure.locator(".plot")
        self.is_touched = tab.evaluate("navigator.maxTouchPoints") > 0

    def control(self, parameter):
        return self.figure.locator(f"[data-parameter={parameter}]")

    def place(self, parameter):
        return int(self.control(parameter).input_value())

    def press(self, parameter, *keys):
        self.control(parameter).focus()
        for key in keys:
            self.tab.keyboard.press(key)

    @property
    def readouts(self):
        return self.figure.locator(".readout").all_text_contents()

    def centers(self):
        """The places of its dots on the screen, which the plot is scrolled to."""
        self.plot.scroll_into_view_if_needed()
        return self.plot.evaluate(CENTERS)

    def point(self, x, y):
        """Point at a place by mouse, or tap it."""
        if self.is_touched:
            self.tab.touchscreen.tap(x, y)
        else:
            self.tab.mouse.move(x, y)

    def drag(self, *paths):
        """Drag the mouse along a path, or a finger along each."""
        if not self.is_touched:
            (path,) = paths
            self.tab.mouse.move(*path[0])
            self.tab.mouse.down()
            for place in path[1:]:
                self.tab.mouse.move(*place)
            self.tab.mouse.up()
            return
        session = self.tab.context.new_cdp_session(self.tab)
        for kind, places in (
            ("touchStart", [path[0] for path in paths]),
            *(("touchMove", row) for row in zip(*paths, strict=True)),
        ):
            points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


@pytest.fixture
def runs(folder):
    """The runs of lr_divergence, as the study has them."""
    return frames.runs(f"sqlite:///{folder}/mlflow.db", "lr_divergence")


def settled(tab):
    """Wait until the browser has drawn what it was told."""
    tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_a_dot_shows_its_run_and_links_to_it(opened, runs):
    chart = Chart(opened[0], "lr_divergence_touch")
    centers = chart.centers()
    assert len(centers) == len(runs)
    for place in (0, len(runs) - 1):
        run, before = runs.iloc[place], chart.plot.inner_html()
        chart.point(*centers[place])
        settled(opened[0])
        assert chart.place("run") == place
        assert chart.readouts[0].startswith(f"η = {run[RATE]:g}, seed {run['seed']:.0f}: ")
        assert f"outcome: {run['outcome']}" in chart.readouts[0]
        link = chart.figure.locator(".readout a").get_attribute("href")
        assert link == tracking.address("sqlite:///mlflow.db", tracking.run_page(run["experiment_id"], run["run_id"]))
        assert chart.plot.inner_html() != before  # its line is drawn


def test_a_run_is_chosen_by_keyboard(opened, runs):
    chart = Chart(opened[0], "lr_divergence_touch")
    chart.press("run", "Home", "ArrowDown")
    assert chart.place("run") == 1
    assert chart.readouts[0].startswith(f"η = {runs[RATE].iloc[1]:g}, seed {runs['seed'].iloc[1]:.0f}: ")


def test_rates_are_brushed_and_chosen_from_the_list(opened, runs):
    chart = Chart(opened[0], "lr_divergence_touch")
    rates = sorted(runs[RATE].unique())
    first, last = (np.mean(chart.centers()[place : place + 2], axis=0) for place in (0, 2))
    shift = (last - first)[0] / 2
    y = chart.centers()[-1][1] + 10
    path = [(x, y) for x in np.linspace(last[0] - shift, last[0] + shift, 6)]
    chart.drag(path)
    settled(opened[0])
    assert (chart.place("low"), chart.place("high")) == (1, 1)
    assert chart.readouts[1].startswith(f"2 runs at η = {rates[1]:g}: ")
    chart.press("low", "Home")
    chart.press("high", "End")
    assert chart.readouts[1].startswith(f"{len(runs)} runs at η from {rates[0]:g} to {rates[-1]:g}: ")


def test_a_seeds_distances_and_barriers(opened, report_file):
    chart = Chart(opened[0], "seed_minima_touch")
    chart.press("arm", "Home")
    chart.press("seed", "Home")
    pairs = pd.read_csv(report_file.parent / "seed_minima_distances.csv")
    for place in (1, 2):
        chart.point(*chart.centers()[place - 1])
        assert chart.place("other") == place
        raw, aligned = pairs[["distance", "distance aligned"]].iloc[place - 1]  # of the first arm, in its order
        text = f"Seeds 1 and {place + 1}: distance {raw:.3g}, aligned {aligned:.3g}; barrier "
        assert chart.readouts[0].startswith(text)
    chart.press("seed", "End")
    chart.press("other", "End")
    assert chart.readouts[0] == "Seed 3: choose another seed."
    chart.press("other", "Home")
    assert chart.readouts[0].startswith(f"Seeds 3 and 1: distance {pairs['distance'].iloc[1]:.3g}, ")


def test_the_sharpness_up_to_a_step(opened, report_file):
    chart = Chart(opened[0], "edge_of_stability_touch")
    steps = pd.read_csv(report_file.parent / "edge_of_stability.csv")
    for key, step in (("End", steps["step"].max()), ("Home", 0)):
        chart.press("step", key)
        at = steps[steps["step"] == step].sort_values(RATE)
        (text,) = chart.readouts
        assert text.startswith(f"Step {step:,}. ")
        found = re.findall(r"η = (\S+): sharpness (\S+) with 2/η = (\S+), cost ([^;]+)[;.]", text)
        expected = [(f"{r[RATE]:g}", f"{r['sharpness']:.3g}", f"{2 / r[RATE]:.3g}") for _, r in at.iterrows()]
        assert [row[:3] for row in found] == expected
    box = chart.plot.bounding_box()
    chart.point(box["x"] + box["width"] / 2, box["y"] + 150)
    if not chart.is_touched:
        opened[0].mouse.down()
        opened[0].mouse.up()
    settled(opened[0])
    assert 0 < chart.place("step") < steps["step"].nunique() - 1
    before = chart.plot.inner_html()
    chart.press("step", "ArrowRight")
    settled(opened[0])
    assert chart.plot.inner_html() != before


def test_walks_say_what_happens(opened):
    chart = Chart(opened[0], "lr_parabola_walk")
    chart.press("landscape", "End")
    chart.press("rate", "End")
    (text,) = chart.readouts
    assert text.startswith("η = 2.1, β = 0: descent diverges. After 20 steps the cost is ")
    assert text.endswith("The limit 2(1 + β)/λ is 1, with λ = 2.")
    chart.press("momentum", "End")
    assert "The limit 2(1 + β)/λ is 1.95, with λ = 2." in chart.readouts[0]
    for rate, verb in ((2, "diverges"), (1.95, "oscillates for ever"), (1.9, "oscillates and converges")):
        chart.press("rate", "ArrowLeft")
        assert chart.readouts[0].startswith(f"η = {rate}, β = 0.95: descent {verb}. ")
    drawn = "canvas => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"
    assert chart.plot.locator("canvas").evaluate(drawn) > 10


def test_the_zoom_by_keys_wheel_and_fingers(opened):
    tab, *_ = opened
    chart = Chart(tab, "trainability_touch")
    last = int(chart.control("octave").get_attribute("max"))
    chart.press("octave", "Home")
    assert chart.readouts[0].startswith("×1: across, learning rate of the first layer, log₁₀ η₀, from ")
    chart.press("octave", "+", "+")
    assert chart.place("octave") == 4
    chart.press("octave", "-")
    assert chart.place("octave") == 2
    chart.plot.scroll_into_view_if_needed()
    box = chart.plot.locator("canvas").bounding_box()
    x, y = box["x"] + 150, box["y"] + 100
    if chart.is_touched:
        chart.drag(*[[(x + side * apart, y) for apart in np.linspace(20, 80, 7)] for side in (-1, 1)])
    else:
        tab.mouse.click(x, y)
        tab.mouse.wheel(0, -400)
        settled(tab)
    assert 4 < chart.place("octave") <= last
    chart.press("octave", "End")
    assert chart.readouts[0].startswith("×4: ")


SETTINGS = [(0.1, 0.0), (0.95, 0.0), (1.05, 0.0), (0.3, 0.9), (1.9, 0.95), (1.99, 0.9)]


@pytest.fixture(scope="module")
def script(browser):
    """A page with the script of the walks alone."""
    (folder,) = touch.__path__
    tab = browser.new_page()
    tab.add_script_tag(path=f"{folder}/walks.js")
    yield tab
    tab.close()


@pytest.mark.parametrize("name", landscapes())
def test_walks_are_those_of_the_optimizer(script, name):
    """To 1e-12: the arithmetic is the same, but for the order in which a cost is summed."""
    problem, start = landscapes()[name]
    rates, momenta = (list(values) for values in zip(*SETTINGS, strict=True))
    steps = 30
    rule, theta = Momentum(learning_rate=rates, momentum=momenta), np.tile(start, (len(rates), 1))
    found = gdlab.run(problem, rule, max_steps=steps, theta=theta, points=steps + 1, spacing="even").frame
    columns = [f"w{i + 1}" for i in range(len(start))]
    for (rate, momentum), (_, own) in zip(SETTINGS, found.groupby("run"), strict=True):
        walked = script.evaluate("walk => gdlab.walk(...walk)", [described(problem, start), rate, momentum, steps])
        count = len(own)  # a run that diverged ended early
        np.testing.assert_allclose(np.array(walked["path"])[:count], own[columns], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(np.array(walked["costs"])[:count], own["cost"], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", landscapes())
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_walks_know_the_stability_limit_of_the_rule(script, name, momentum):
    problem, start = landscapes()[name]
    limit = float(Momentum(learning_rate=[1.0], momentum=[momentum]).stability_limit(problem.curvature)[0, 0])
    curvatures = described(problem, start)["curvatures"]
    for rate, verb in ((0.99, "oscillates and converges"), (1.0, "oscillates for ever"), (1.01, "diverges")):
        found = script.evaluate("all => gdlab.behaviour(...all)", [curvatures, rate * limit, momentum])
        assert found == {"limit": pytest.approx(limit, rel=1e-15), "verb": verb}
    slow = script.evaluate("all => gdlab.behaviour(...all)", [curvatures, 0.1, 0.0])
    assert slow["verb"] == "converges without crossing the minimum"
