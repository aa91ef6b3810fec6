"""Ports for servers that cannot be asked which one the system gave them."""

import random
import socket
from contextlib import closing

_LISTENING = range(10_000, 32_000)
"""Below the ports that Linux gives to sockets that do not ask for one, so that no connection of another test takes it meanwhile."""
_TRIES = 100


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port on which nobody listens, and that nobody gets by chance."""
    for port in random.sample(_LISTENING, _TRIES):
        with closing(socket.socket(socket.AF_INET, kind)) as made:
            try:
                made.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"none of {_TRIES} ports was free")
