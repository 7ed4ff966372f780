"""Scripts inside the page: what draws its charts, and the charts' descriptions."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

import vl_convert
from markupsafe import Markup

from analysis import touch
from analysis.items import Chart

NOTICE = (
    "/*! Vega, Vega-Lite and Vega-Embed: Copyright University of Washington Interactive Data Lab, BSD-3-Clause; "
    "with D3: Copyright Mike Bostock, ISC */\n"
)
FILES = ("walks.js", "zoom.js", "charts.js")
UNUSED = ("name", "title", "caption")  # in the script, as they are on the page


@cache
def scripts() -> list[Markup]:
    """The bundle of Vega, Vega-Lite and Vega-Embed, which needs no network, and gdlab's own scripts."""
    folder = Path(next(iter(touch.__path__)))
    own = "\n".join((folder / file).read_text(encoding="utf-8") for file in FILES)
    bundle = NOTICE + vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return [Markup(text.replace("</script", r"<\/script")) for text in (bundle, own)]  # noqa: S704


def description(chart: Chart) -> Markup:
    """A chart as JSON inside a script element, which no text can end."""
    fields = {name: value for name, value in asdict(chart).items() if name not in UNUSED}
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", r"\u003c"))  # noqa: S704
