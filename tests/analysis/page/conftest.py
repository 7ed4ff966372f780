"""A store of small sweeps, and the report made of it, once for all tests of the page."""

import shutil
import sys

import pytest
from launches import changed, config, sweep

from analysis import figures, report, scripts

CHROMIUM = shutil.which("chromium")
LEARNING_RATES = {
    "lr_parabola": (0.001, 0.1, 1.0, 2.0),
    "lr_border": (0.5, 0.995, 1.004, 2.0),
    "lr_divergence": (0.1, 3.0, 300.0),
    "lr_optimizers": (0.1, 1.0),
    "lr_batch": (0.1, 3.0),
    "edge_of_stability": (0.01, 0.05),
}


def small(name, **sections):
    """A run of a study, on a tiny network and with few steps."""
    run = config(f"experiment={name}")
    if run["problem"]["name"] == "network":
        problem = {"hidden": [4], "data": {"name": "digits"}}
        run = changed(run, problem=problem, stop={"max_steps": 30, "max_epochs": None}, record={"points": 4})
    return changed(run, **sections)


def jobs(name):
    """The runs of a study, by name."""
    if name == "lr_parabola":
        bases, seeds = [small(name)], [0]
    elif name == "lr_border":
        overrides = ("problem=parabola", "problem.start=[5.0]", "record.sharpness=start", "stop.diverged_above=100")
        bases, seeds = [config(*overrides)], [0]
    elif name == "lr_batch":
        bases, seeds = [small(name, problem={"batch_size": size}) for size in (4, None)], [0, 1]
    elif name == "lr_optimizers":
        adam = config("optimizer=adam")["optimizer"]
        bases, seeds = [small(name), {**small(name), "optimizer": adam}], [0, 1]
    else:
        bases, seeds = [small(name)], [0] if name == "edge_of_stability" else [0, 1]
    return {
        f"{number} {rate} {seed}": changed(
            base, optimizer={"learning_rate": rate}, seed=seed, seeds={"init": seed, "batches": seed}
        )
        for number, base in enumerate(bases)
        for rate in LEARNING_RATES[name]
        for seed in seeds
    }


def minima():
    """Networks that differ in their start, in their order of mini-batches, or in both."""
    base = small("seed_minima")
    seeds = {"start": "{0} 0", "order": "0 {0}", "both": "{0} {0}"}
    return {
        f"{arm} {seed}": changed(
            base,
            seed=seed,
            seeds=dict(zip(("init", "batches"), map(int, pair.format(seed).split()), strict=True)),
            record={"path": arm == "both"},
        )
        for arm, pair in seeds.items()
        for seed in (1, 2, 3)
    }


def windows():
    """A window of learning rates, and one inside it."""
    base = config("experiment=trainability", "problem.features=4", "problem.training_examples=12", "stop.max_steps=40")
    return {f"zoom {zoom}": changed(base, measurement={"pixels": 16, "stride": 1, "zoom": zoom}) for zoom in (0, 2)}


@pytest.fixture(scope="session")
def folder(tmp_path_factory, empty_store):
    """A store with some of the studies, small."""
    folder = tmp_path_factory.mktemp("store")
    shutil.copy(empty_store, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        uri = f"sqlite:///{folder}/mlflow.db"
        touched = {"seed_minima": minima(), "trainability": windows()}
        for name, runs in {**{name: jobs(name) for name in LEARNING_RATES}, **touched}.items():
            assert not [result for result in sweep(uri, name, runs) if result.failure]
        walk = config(
            "problem=parabola", "problem.start=[5.0]", "stop.max_steps=7", "record.points=8", "record.spacing=even"
        )
        sweep(uri, "lessons", {"walk": walk, "scores": config("measurement=scores")})
    return folder


@pytest.fixture
def run(folder, monkeypatch):
    """Run a command's main with these arguments, where the store is, in this process."""

    def start(main, *arguments, where=folder):
        monkeypatch.chdir(where)
        monkeypatch.setattr(sys, "argv", ["script", *arguments])
        for module in (figures, report):
            monkeypatch.setattr(module, "in_parallel", map)
        scripts.exit_plainly(main)

    return start


@pytest.fixture
def page(report_file):
    """The folder of the report, which is another than the default."""
    return report_file.parent


@pytest.fixture(scope="session")
def browser():
    """Chromium, started once."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not CHROMIUM:
        pytest.skip("chromium is not on the PATH")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def report_file(folder, tmp_path_factory):
    """The report of the store, for tests that only look at it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(report, "in_parallel", map)
        patch.setattr(sys, "argv", ["script", "--output", "out put", "--results", "results/found.md"])
        scripts.exit_plainly(report.main)
    return folder / "out put" / "index.html"


@pytest.fixture(
    scope="session",
    params=[(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")],
    ids="{0[0]} {0[1]}".format,
)
def opened(request, browser, report_file):
    """The page with every chart drawn and every image loaded, and all that it complained about or asked for.

    It is used by mouse where it is wide, by touch where it is narrow.
    """
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=width < 600)
    errors, requests, tab = [], [], context.new_page()
    tab.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(report_file.as_uri(), wait_until="load")
    tab.evaluate(
        "document.querySelectorAll('details').forEach(details => (details.open = true))"
    )  # to overflow, if any
    for chart in tab.locator("figure.chart").all():
        chart.scroll_into_view_if_needed()
        chart.locator(".plot[data-drawn]").wait_for()
    tab.evaluate("Promise.all([...document.images].map(image => { image.loading = 'eager'; return image.decode() }))")
    yield tab, errors, requests
    context.close()
    assert errors == []  # while it was used
