"""The command lines of scripts: errors in one line, no abbreviations."""

from __future__ import annotations

import argparse
from typing import NoReturn

from gdlab.checks import hint


class Parser(argparse.ArgumentParser):
    """A parser that shows a description as it was written, and takes options by their whole names only.

    An abbreviation would have a slip of the finger start what was not asked for: `--ful` is not `--full`.
    """

    def __init__(self, description: str | None = None) -> None:
        super().__init__(
            description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
        )

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 and one line."""
        unknown = message.partition("unrecognized arguments: ")[2].split()
        near = hint(unknown[0].partition("=")[0], list(self._option_string_actions)) if unknown else ""
        self.exit(2, f"error: {message}{near}\n")
