"""Passwords in tracking URIs: kept out of logs, and of all files that Hydra writes."""

from __future__ import annotations

import logging
from typing import Any

from gdlab.tracking.uris import redacted
from hydra_plugins._internals import change_yaml_strings


def hide() -> None:
    """Write `***` for passwords in every log record and YAML file of this process."""
    change_yaml_strings(redacted)
    make, formatter = logging.getLogRecordFactory(), logging.Formatter()

    def without_passwords(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        if "://" in f"{record.msg}{record.args}":
            record.msg, record.args = redacted(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = redacted(formatter.formatException(record.exc_info))
        return record

    logging.setLogRecordFactory(without_passwords)
