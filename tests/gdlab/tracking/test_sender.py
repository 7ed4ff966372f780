"""The thread that sends: in order, once, again and again, whatever the store does meanwhile."""

import threading

import pytest

from gdlab.tracking import records, sender
from gdlab.tracking.backends.backend import Answer
from gdlab.tracking.outbox import Destination, Outbox
from gdlab.tracking.records import Finished, RunCard
from gdlab.tracking.sender import Sender

DESTINATION = Destination(uri="sqlite:///mlflow.db", experiment="x")
PLENTY = 30.0  # seconds, of which no test needs one


class Recorder:
    """A backend that keeps what it is given; `failures` are raised first, one for each try."""

    experiment_id = "1"

    def __init__(self, *failures):
        self.failures, self.stored, self.tries, self.closed = list(failures), [], 0, False
        self.open = threading.Event()
        self.open.set()

    def write(self, entry, outbox):
        self.open.wait()
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        self.stored += [record.name for record in entry.records]
        return Answer({}, {record.run_id: "its id" for record in entry.records})

    def end(self, notes, status):
        """End nothing."""

    def close(self):
        self.closed = True


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts senders; they pause for no time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sender, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(sender, "LONGEST_PAUSE", 0.0)
    started, notices = [], []

    def make(connect):
        made = Sender(Outbox(DESTINATION), connect, notices.append)
        made.notices = notices
        made.start()
        started.append(made)
        return made

    yield make
    for made in started:
        made.close()


def add(made, *names):
    folder = made.outbox.begin()
    cards = [RunCard(name=name, config={}, params={}, key=name) for name in names]
    made.outbox.add(folder, [records.begun(card, records.fixed_id(card.name), 1) for card in cards])
    made.wake()


def test_entries_are_sent_in_order_and_removed(start, tmp_path):
    backend = Recorder()
    made = start(lambda: backend)
    for number in range(5):
        add(made, f"{number}a", f"{number}b")
    made.wait_until_stored(PLENTY)
    assert backend.stored == [f"{number}{letter}" for number in range(5) for letter in "ab"]
    assert made.ids[records.fixed_id("0a")] == "its id" and not made.trouble and not made.notices
    made.close()
    assert backend.closed and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [OSError("no route"), RuntimeError("whatever"), KeyError("bad answer")])
def test_what_fails_is_sent_again_until_it_is_stored(start, error):
    backend = Recorder(*[error] * 7)
    made = start(lambda: backend)
    add(made, "a")
    add(made, "b")
    made.wait_until_stored(PLENTY)
    assert backend.stored == ["a", "b"] and backend.tries == 9
    assert made.notices == [
        f"nothing can be logged now: {error}; training goes on, and its results are kept",
        "the tracking store answers again",
    ]


def test_a_store_that_cannot_be_opened_is_opened_later(start):
    backend, tries = Recorder(), []

    def connect():
        tries.append(1)
        if len(tries) < 4:
            raise ConnectionRefusedError(111, "Connection refused")
        return backend

    made = start(connect)
    add(made, "a")
    made.wait_until_stored(PLENTY)
    assert backend.stored == ["a"] and len(tries) == 4


def test_waiting_ends_when_nothing_is_stored_for_a_time(start):
    backend = Recorder()
    backend.open.clear()
    made = start(lambda: backend)
    add(made, "a")
    made.wait_until_stored(0.05)
    assert made.outbox.waiting == 1 and backend.stored == []
    backend.open.set()
    made.wait_until_stored(PLENTY)
    assert backend.stored == ["a"]


def test_waiting_can_end_at_the_first_trouble(start):
    backend = Recorder(*[OSError("no route")] * 10**6)
    made = start(lambda: backend)
    add(made, "a")
    made.wait_until_stored(PLENTY, until_trouble=True)
    assert made.trouble == "no route" and made.outbox.waiting == 1
    made.close()
    assert [entry.records[0].name for entry in Outbox.adopted(DESTINATION, made.outbox.folder).entries()] == ["a"]


def test_runs_that_are_superseded_are_reported(start):
    first = Finished("another", "budget", {"final_cost": 0.5})

    class Full(Recorder):
        def write(self, entry, outbox):
            return Answer({record.run_id: first for record in entry.records})

    made = start(Full)
    add(made, "a")
    made.wait_until_stored(PLENTY)
    assert made.superseded == {records.fixed_id("a"): first}
