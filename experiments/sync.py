"""Send what waits in the outbox of this folder to the tracking stores that it is for.

python experiments/sync.py
python experiments/sync.py --uri postgresql+psycopg://user:password@host/mlflow   # where the URI has a password in it
"""

from __future__ import annotations

import installation  # noqa: F401

# isort: split
import sys

import console

from gdlab import tracking
from gdlab.options import Parser
from gdlab.tracking import Destination, Target, TrackingError


def main() -> None:
    """Send everything, and print a line for each experiment; exit with code 1 if something still waits."""
    parser = Parser(__doc__)
    parser.add_argument("--uri", help="the tracking store, instead of the one that the runs were launched with")
    uri = parser.parse_args().uri
    waiting = [found for found in tracking.destinations() if uri is None or found.uri == tracking.redacted(uri)]
    if not waiting:
        print(f"nothing waits in {tracking.outbox_folder()}/" + (f" for {tracking.redacted(uri)}" if uri else ""))
    results = [sent(destination, uri or destination.uri) for destination in waiting]
    sys.exit(not all(results))


def sent(destination: Destination, uri: str) -> bool:
    """Send what waits for one experiment; False if something still waits."""
    name = destination.experiment
    try:
        if tracking.HIDDEN in uri:
            raise TrackingError(f"{uri} has a password: name it with --uri")
        target = Target(uri=uri, experiment=name, notice=console.notice)
        if trouble := tracking.check_writable(uri):
            raise TrackingError(trouble)
        done = tracking.put_right(target, destination)
    except TrackingError as error:
        print(f"error: {name}: {error}", file=sys.stderr)
        return False
    print(f"{name}: {console.counted(done.sent, 'run')} sent to {destination.uri}")
    if left := len(tracking.waiting(destination)):
        print(f"{name}: {console.counted(left, 'run')} waiting, which another process is sending")
    return not left


if __name__ == "__main__":
    main()
