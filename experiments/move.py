"""Copy the runs of a database, such as mlflow.db, with their artifacts, to the server that `make server` runs.

The runs keep their ids, names, times and places in their sweeps. What the server has already stays as it is, so that a
move can be repeated: after an interruption, or to bring over what has finished since.
"""

from __future__ import annotations

import installation  # noqa: F401

# isort: split
import sys

import console

from gdlab.options import Parser
from gdlab.tracking import TrackingError
from gdlab.tracking.moving import move


def main() -> None:
    """Copy every experiment, and print a line for each; exit with code 1 if runs were left out."""
    parser = Parser(__doc__)
    parser.add_argument("--uri", default="sqlite:///mlflow.db", help="the database (%(default)s)")
    parser.add_argument("--to", default="http://127.0.0.1:5000", help="the server (%(default)s)")
    options = parser.parse_args()
    left_out = 0
    try:
        for moved in move(options.uri, options.to):
            print(f"{moved.experiment}: {console.counted(moved.runs, 'run')} on the server", flush=True)
            for run_id, trouble in moved.left_out.items():
                print(f"{moved.experiment}: run {run_id} is left out: it {trouble}", file=sys.stderr)
            left_out += len(moved.left_out)
    except TrackingError as error:
        sys.exit(f"error: {error}")
    sys.exit(bool(left_out))


if __name__ == "__main__":
    main()
