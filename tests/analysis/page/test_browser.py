"""The page in a real browser, wide and narrow, light and dark, with scripts and without."""

import io

import pytest
from PIL import Image

pytestmark = pytest.mark.xdist_group("page")  # one process, one report
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LARGEST = 12e6  # bytes
HERE = ("file:", "data:", "blob:")
NARROW = 512  # pixels: the 32rem of the style
PAPER = 680  # pixels: A4 between margins of 1.5 cm


def test_the_page_opens_without_errors_and_fits_its_width(opened):
    tab, errors, _ = opened
    assert errors == []
    assert tab.locator("figure img").count() > 0 and tab.locator("details[open]").count() > 0
    assert tab.evaluate(OVERFLOW) == 0


def test_figures_that_are_wider_than_the_screen_are_swiped_and_say_so(opened):
    tab, *_ = opened
    wide = tab.locator("figure.swiped picture")
    assert wide.count() == tab.evaluate(
        "[...document.querySelectorAll('figure picture')].filter(e => e.scrollWidth > e.clientWidth).length"
    )
    assert (wide.count() > 0) == (tab.viewport_size["width"] < NARROW)
    for picture in wide.all():
        assert picture.get_attribute("tabindex") == "0"


def test_no_request_leaves_the_machine(opened):
    _, _, requests = opened
    assert requests and [url[:80] for url in requests if not url.startswith(HERE)] == []


def test_every_image_is_drawn_and_every_internal_link_has_its_target(opened):
    tab, *_ = opened
    images = tab.evaluate("[...document.images].map(image => image.complete && image.naturalWidth > 0)")
    assert images and all(images)
    links = tab.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].map(link => link.hash.slice(1))")
    assert links and [link for link in links if tab.locator(f"[id='{link}']").count() != 1] == []


def brightness(tab, locator):
    """The brightness of the upper left of an element, inside its border, from 0 to 255."""
    locator.scroll_into_view_if_needed()
    with Image.open(io.BytesIO(locator.screenshot())) as image:
        return image.convert("L").getpixel((20, 20))


def test_dark_is_dark_and_light_is_light(opened):
    tab, *_ = opened
    red, green, blue = map(int, tab.evaluate(BACKGROUND)[4:-1].split(","))
    is_dark = tab.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    figure = brightness(tab, tab.locator("#figure-lr_divergence_final img"))
    assert max(red, green, blue, figure) < 64 if is_dark else min(red, green, blue, figure) > 192


def test_axe_finds_nothing_serious(opened):
    """Axe-core's rules for readers who do not see, or have no mouse (Deque)."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(opened[0]).response["violations"]
    serious = [violation for violation in found if violation["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in serious] == []


def test_the_page_is_small_enough_to_send(report_file):
    assert report_file.stat().st_size < LARGEST


def test_without_scripts_the_figures_are_there_and_the_charts_are_not(browser, report_file):
    """And what is folded away unfolds."""
    context = browser.new_context(viewport={"width": 390, "height": 900}, java_script_enabled=False)
    tab = context.new_page()
    tab.goto(report_file.as_uri())
    assert tab.locator("figure.chart").count() > 0
    assert not any(chart.is_visible() for chart in tab.locator("figure.chart").all())
    for summary in tab.locator("summary:not(.chart summary)").all():
        summary.click()
    assert all(image.is_visible() for image in tab.locator("figure img").all())
    context.close()


@pytest.fixture
def tab(browser, report_file):
    """The page, as it opens."""
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(report_file.as_uri())
    yield tab
    context.close()


def test_details_open_by_keyboard(tab):
    table = tab.locator("#table-lr_border_table table")
    assert not table.is_visible()
    tab.locator("#lr_border > details > summary").last.press("Enter")
    assert table.is_visible()


def test_on_paper_all_is_unfolded_and_the_charts_are_not_there(tab):
    tab.emulate_media(media="print")
    for hidden in ("figure.chart", "summary", "nav"):
        assert tab.locator(hidden).count() > 0
        assert not any(element.is_visible() for element in tab.locator(hidden).all())
    for shown in ("figure img", "table", "pre"):
        assert all(element.is_visible() for element in tab.locator(shown).all())
    tab.set_viewport_size({"width": PAPER, "height": 1000})
    assert tab.evaluate("document.documentElement.scrollWidth") == PAPER  # wider, and the browser shrinks all of it


def test_films_stand_still_for_those_who_want_no_motion(tab):
    film = tab.locator("#figure-trainability_zoom img")
    film.evaluate("image => (image.loading = 'eager')")
    for motion, kind in (("reduce", "png"), ("no-preference", "gif")):
        tab.emulate_media(reduced_motion=motion)
        source = film.evaluate("image => image.decode().then(() => image.currentSrc)")
        assert source.startswith(f"data:image/{kind};")
