"""Command lines: errors in one line, options by their whole names."""

import pytest

from gdlab.options import Parser


@pytest.fixture
def parser():
    parser = Parser("What it does.")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--count", type=int, choices=(1, 2))
    return parser


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--ful"], "error: unrecognized arguments: --ful; did you mean --full?"),
        (["--cuont=1"], "error: unrecognized arguments: --cuont=1; did you mean --count?"),
        (["extra"], "error: unrecognized arguments: extra"),
        (["--count", "x"], "error: argument --count: invalid int value: 'x'"),
        (["--count"], "error: argument --count: expected one argument"),
    ],
)
def test_an_error_is_one_line(parser, capsys, arguments, line):
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(arguments)
    assert (ended.value.code, capsys.readouterr().err) == (2, f"{line}\n")


def test_the_description_is_shown_as_written(parser, capsys):
    with pytest.raises(SystemExit):
        parser.parse_args(["--help"])
    assert "What it does." in capsys.readouterr().out
