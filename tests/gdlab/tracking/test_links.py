"""Links to the MLflow UI open the classic tables, on the server that has the runs."""

import pytest

from gdlab.tracking import address, command_and_address, experiment_page, run_page

PAGE = "/#/experiments/8/runs?workflowType=machine_learning"


def test_pages_are_those_of_the_classic_view():
    assert experiment_page("8") == PAGE
    assert run_page("8", "abc") == "/#/experiments/8/runs/abc?workflowType=machine_learning"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sqlite:///mlflow.db", f"http://127.0.0.1:5000{PAGE}"),
        ("postgresql://u:PW@host/name", f"http://127.0.0.1:5000{PAGE}"),
        ("http://host:8080", f"http://host:8080{PAGE}"),
        ("https://u:PW@host/mlflow/", f"https://host/mlflow{PAGE}"),
    ],
)
def test_a_servers_pages_are_on_the_server(uri, expected):
    assert address(uri, PAGE) == expected


def test_the_command_serves_the_store_without_its_password():
    assert command_and_address("sqlite:///it's.db", PAGE) == (
        f"mlflow ui --backend-store-uri 'sqlite:///it'\"'\"'s.db', http://127.0.0.1:5000{PAGE}"
    )
    assert command_and_address("postgresql://u:PW@host/name", PAGE) == (
        f"mlflow ui --backend-store-uri 'postgresql://u:***@host/name', http://127.0.0.1:5000{PAGE}"
    )
    assert command_and_address("http://u:PW@host:8080", PAGE) == f"http://host:8080{PAGE}"
