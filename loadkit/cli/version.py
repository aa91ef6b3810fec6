"""`loadkit version`."""

from __future__ import annotations

import platform
import sys

from loadkit import __version__
from loadkit.outputs.base import write_line


def version() -> int:
    """Print the version.

    \b
    Example:
      loadkit version
    """
    write_line(sys.stdout, describe_version())
    return 0


def describe_version() -> str:
    """Return "loadkit 1.2.3 (Python 3.11.7, Linux x86_64)"."""
    return f"loadkit {__version__} (Python {platform.python_version()}, {platform.system()} {platform.machine()})"
