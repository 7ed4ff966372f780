"""Links to the pages of the MLflow UI: an experiment's table of runs, and a run."""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

from gdlab.tracking.uris import SERVERS, redacted
from gdlab.tracking.views import KEY

LOCAL_UI = "http://127.0.0.1:5000"  # where `mlflow ui` serves
CLASSIC = "?workflowType=machine_learning"  # else MLflow 3 opens its pages for language models


def experiment_page(experiment_id: str, view: str = "") -> str:
    """The path of an experiment's table of runs in the MLflow UI, in one of its `views`."""
    return f"/#/experiments/{experiment_id}/runs{CLASSIC}" + (f"&{KEY}={view}" if view else "")


def run_page(experiment_id: str, run_id: str) -> str:
    """The path of a run's page in the MLflow UI."""
    return f"/#/experiments/{experiment_id}/runs/{run_id}{CLASSIC}"


def address(uri: str, page: str) -> str:
    """The address of a page: on the tracking server itself, else on an `mlflow ui` of this machine."""
    if not is_server(uri):
        return LOCAL_UI + page
    server = urlsplit(uri)
    host = server.netloc.rpartition("@")[2]
    return f"{server.scheme}://{host}{server.path.rstrip('/')}{page}"


def command_and_address(uri: str, page: str) -> str:
    """The command that serves the UI, where a server does not do so already, and the address of a page."""
    if is_server(uri):
        return address(uri, page)
    return f"mlflow ui --backend-store-uri {shlex.quote(redacted(uri))}, {address(uri, page)}"


def is_server(uri: str) -> bool:
    """True if a store is a tracking server, which serves the UI itself."""
    return uri.partition("://")[0].lower() in SERVERS
