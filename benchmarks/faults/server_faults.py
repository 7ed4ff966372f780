"""Faults of MLflow's server, of PostgreSQL behind it, and of the way to it."""

from __future__ import annotations

import signal

from benchmarks.faults import proxy
from benchmarks.faults.registry import fault
from benchmarks.faults.trial import Trial

AWAY_SECONDS, CRASHED_SECONDS, LATER_SECONDS, UPLOADS_SECONDS = 60, 20, 40, 60
LATE_SECONDS = 5
ERRORS, LOST = 1 / 3, 0.1  # of all requests
ARTIFACTS = "/api/2.0/mlflow-artifacts/"


@fault("server-killed", route="server", on_time=True)
def server_killed(trial: Trial) -> None:
    """The server is killed, and started again after 60 s."""
    _away(trial, AWAY_SECONDS)


@fault("server-gone", route="server", on_time=True)
def server_gone(trial: Trial) -> None:
    """The server is killed, and started again only after the sweep's end."""
    _away(trial, trial.bench.limit)


def _away(trial: Trial, seconds: float) -> None:
    sweep = trial.launch()
    trial.in_flight(sweep)
    trial.bench.server.service.kill()
    trial.hold(seconds, sweep)
    if sweep.running and seconds < trial.bench.limit:
        trial.bench.free()
    trial.end(sweep)


@fault("refused-at-first", route="server", on_time=True)
def refused_at_first(trial: Trial) -> None:
    """The server is started 40 s after the sweep."""
    trial.bench.server.service.stop()
    sweep = trial.launch()
    trial.hold(LATER_SECONDS, sweep)
    trial.bench.free()
    trial.end(sweep)


@fault("postgresql-restarted", route="server", on_time=True)
def postgresql_restarted(trial: Trial) -> None:
    """PostgreSQL is restarted."""
    _postgresql_away(trial, signal.SIGINT, 0)


@fault("postgresql-crashed", route="server", on_time=True)
def postgresql_crashed(trial: Trial) -> None:
    """PostgreSQL crashes, and is started again after 20 s."""
    _postgresql_away(trial, signal.SIGQUIT, CRASHED_SECONDS)


def _postgresql_away(trial: Trial, number: int, seconds: float) -> None:
    sweep = trial.launch()
    trial.in_flight(sweep)
    trial.bench.postgresql.service.stop(number)
    trial.hold(seconds, sweep)
    trial.bench.postgresql.service.start()
    trial.end(sweep)


@fault("late", route="proxy", on_time=True)
def late(trial: Trial) -> None:
    """Every answer comes 5 s late."""
    _disturbed(trial, proxy.late(LATE_SECONDS))


@fault("errors", route="proxy", on_time=True)
def errors(trial: Trial) -> None:
    """A third of the requests is answered with the status 500."""
    _disturbed(trial, proxy.errors(ERRORS))


@fault("lost-replies", route="proxy", on_time=True)
def lost_replies(trial: Trial) -> None:
    """A tenth of the answers is lost after the server has acted."""
    _disturbed(trial, proxy.lost_replies(LOST))


def _disturbed(trial: Trial, rule: proxy.Rule) -> None:
    """A sweep that is disturbed from its first request to its last."""
    trial.bench.proxy.counts.clear()
    trial.bench.proxy.rule = rule
    trial.end(trial.launch())
    _count(trial)


@fault("silent", route="proxy", on_time=True)
def silent(trial: Trial) -> None:
    """In mid-sweep the server begins to accept requests without ever answering, until after the sweep's end."""
    _disturbed_midway(trial, proxy.silent, trial.bench.limit)


@fault("silent-at-first", route="proxy", on_time=True)
def silent_at_first(trial: Trial) -> None:
    """From the start the server accepts requests and never answers, until after the sweep's end."""
    _disturbed(trial, proxy.silent)


@fault("uploads-fail", route="proxy", on_time=True)
def uploads_fail(trial: Trial) -> None:
    """In mid-sweep all uploads of artifacts begin to fail, for 60 s."""
    _disturbed_midway(trial, proxy.errors(1, under=ARTIFACTS), UPLOADS_SECONDS)


def _disturbed_midway(trial: Trial, rule: proxy.Rule, seconds: float) -> None:
    trial.bench.proxy.counts.clear()
    sweep = trial.launch()
    trial.in_flight(sweep)
    trial.bench.proxy.rule = rule
    trial.hold(seconds, sweep)
    if sweep.running and seconds < trial.bench.limit:
        trial.bench.free()
    trial.end(sweep)
    _count(trial)


def _count(trial: Trial) -> None:
    counts = trial.bench.proxy.counts
    trial.notes.append(", ".join(f"{number} requests {name}" for name, number in sorted(counts.items())))
