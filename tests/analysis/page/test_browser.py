"""The page in a real browser, wide and narrow, light and dark."""

import shutil

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium")
WIDTHS, SCHEMES = (1280, 390), ("light", "dark")
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
pytestmark = [
    pytest.mark.xdist_group("page"),  # one process, one report
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on the PATH"),
]


@pytest.fixture(scope="session")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=[(width, scheme) for width in WIDTHS for scheme in SCHEMES], ids="{0[0]} {0[1]}".format)
def opened(request, browser, page):
    """The page, opened, and the errors that opening it has raised."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    errors, tab = [], context.new_page()
    tab.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("requestfailed", lambda request: errors.append(request.url[:80]))
    tab.goto((page / "index.html").as_uri(), wait_until="load")
    for details in tab.locator("details").all():
        details.locator("summary").click()  # closed, they overflow nothing
    yield tab, errors
    context.close()


def test_the_page_opens_without_errors_and_fits_its_width(opened):
    tab, errors = opened
    assert errors == []
    assert tab.locator("figure img").count() > 0 and tab.locator("details[open]").count() > 0
    assert tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_every_image_is_drawn_and_every_internal_link_has_its_target(opened):
    tab, _ = opened
    images = tab.evaluate("[...document.images].map(image => image.complete && image.naturalWidth > 0)")
    assert images and all(images)
    links = tab.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].map(link => link.hash.slice(1))")
    assert links and [link for link in links if tab.locator(f"[id='{link}']").count() != 1] == []


def test_dark_is_dark_and_light_is_light(opened):
    tab, _ = opened
    red, green, blue = map(int, tab.evaluate(BACKGROUND)[4:-1].split(","))
    is_dark = tab.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert max(red, green, blue) < 64 if is_dark else min(red, green, blue) > 192
