"""How many files and sockets this process may hold open."""

from __future__ import annotations

import resource
import sys

SPARE_DESCRIPTORS = 100
"""What a worker keeps for itself, beside the connections of virtual users."""


def descriptor_limit() -> int:
    """Return the limit of open descriptors, after raising the soft limit to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # "unlimited" is more than some kernels grant
            return soft
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard
