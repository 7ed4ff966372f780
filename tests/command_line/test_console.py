"""The bar of a sweep on a terminal."""

import io
import re

import console

import gdlab
from gdlab.sweeps.plan import Job, plan
from gdlab.sweeps.summary import TRAINED, JobResult


class Terminal(io.StringIO):
    def isatty(self):
        return True


def open_terminal(monkeypatch):
    """A terminal of 80 columns in place of standard error; pytest replaces it between a fixture and its test."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    return terminal


def planned(*steps):
    """A plan of runs with these budgets, in a stack each."""
    configs = [gdlab.config("bowl", stop={"max_steps": count}) for count in steps]
    return plan([Job(name=f"{place}", config=config) for place, config in enumerate(configs)], {}, workers=1, rows=1)


def shown(terminal):
    """The last state of the bar."""
    return re.split(r"[\r\n]", terminal.getvalue().rstrip("\r\n"))[-1]


def result(place, cost):
    return JobResult(place=place, name=f"{place}", how=TRAINED, final={"final_cost": cost, "final_accuracy": 0.5})


def test_the_bar_counts_steps_and_runs_and_fits_the_terminal(monkeypatch):
    terminal = open_terminal(monkeypatch)
    bar = console.SweepBar(planned(1_000_000, 2_000_000))
    bar.REDRAW = 0
    assert "0.00/3.00M steps, 0/2 runs" in shown(terminal)
    bar.advance(1_500_000)
    assert " 50% " in shown(terminal) and "1.50M/3.00M steps, 0/2 runs" in shown(terminal)
    bar.add(result(0, 0.25))
    assert "1.50M/3.00M steps, 1/2 runs, best 50.00%" in shown(terminal)
    bar.add(result(1, 0.125))
    assert "100% " in shown(terminal) and "3.00M/3.00M steps, 2/2 runs" in shown(terminal)
    assert max(map(len, re.split(r"[\r\n]", terminal.getvalue()))) < 80
    bar.close()


def test_steps_that_were_trained_twice_do_not_overflow(monkeypatch):
    terminal = open_terminal(monkeypatch)
    bar = console.SweepBar(planned(10))
    bar.REDRAW = 0
    bar.advance(15)
    assert "10.0/10.0 steps" in shown(terminal)
    bar.close()


def test_without_a_terminal_there_is_no_bar(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    bar = console.SweepBar(planned(10))
    bar.advance(5)
    bar.add(result(0, 0.5))
    bar.close()
    assert stream.getvalue() == ""
