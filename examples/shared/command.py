"""A program that runs until somebody stops it."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable

from modelvane.errors import ModelvaneError


def until_stopped(run: Callable[[argparse.Namespace], object], options: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM, and give the exit code; what is expected to go wrong is said in a sentence."""
    # uvicorn ends gracefully on either, then raises it again
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run(options)
    except KeyboardInterrupt:
        return 0
    except (ModelvaneError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
