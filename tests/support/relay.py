"""A relay of TCP connections that can be cut, as a network can."""

from __future__ import annotations

import contextlib
import socket
from threading import Lock, Thread


class Relay:
    """Passes what comes to its `port` on to another one of this machine, until `cut`; `mend` lets it begin again."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._held: list[socket.socket] = []
        self._lock = Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._listen()

    def cut(self) -> None:
        """End all connections, and take no new ones."""
        _end(self._listener)
        self._thread.join(10)
        with self._lock:
            for one in self._held:
                _end(one)
            self._held.clear()

    def mend(self, to: int | None = None) -> None:
        """Take connections again, at the same port; from now on for another one, where one is given."""
        self._to = self._to if to is None else to
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listen()

    def _listen(self) -> None:
        self._thread = Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            with self._lock:
                self._held += [here, there]
            for source, sink in ((here, there), (there, here)):
                Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    _end(source)
    _end(sink)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
