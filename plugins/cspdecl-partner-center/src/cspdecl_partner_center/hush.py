"""Other people's logs stay other people's: what they write may hold a token, and Python prints it to stderr unasked.

MSAL logs a token answer it cannot read, whole; without a handler, logging's last resort puts that on stderr, and so
into the log of a CI job. Whoever wants these logs adds a handler to the logger by name.
"""

from __future__ import annotations

import logging


def hush(*names: str) -> None:
    """Keep the loggers of these libraries, and all below them, from reaching stderr or the root's handlers."""
    for name in names:
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
