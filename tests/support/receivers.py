"""Receivers that exporters are tested against: of HTTP requests, of datagrams, and one that takes connections and never reads."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOLERANT_S = 20.0


@dataclass
class Posted:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Inbox:
    """What a receiver got, in order. `status` is what it answers, `text` with which words."""

    port: int
    got: list[Any] = field(default_factory=list)
    status: int = 200
    text: bytes = b""
    came: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


@contextmanager
def http_receiver(port: int = 0) -> Iterator[Inbox]:
    """Take requests, and answer them with 200 or what the inbox says."""
    inbox = Inbox(port)

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            inbox.got.append(Posted(self.command, self.path, dict(self.headers), body))
            self.send_response(inbox.status)
            self.send_header("Content-Length", str(len(inbox.text)))
            self.end_headers()
            self.wfile.write(inbox.text)
            inbox.came.release()

        do_GET = do_PUT = do_POST = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        inbox.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield inbox
        finally:
            server.shutdown()
            thread.join(TOLERANT_S)


@contextmanager
def udp_receiver(port: int = 0) -> Iterator[Inbox]:
    """Take datagrams."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        made.bind(("127.0.0.1", port))
        inbox = Inbox(made.getsockname()[1])
        ending = b"\0end"

        def receive() -> None:
            while (data := made.recv(65_536)) != ending:
                inbox.got.append(data)
                inbox.came.release()

        thread = threading.Thread(target=receive)
        thread.start()
        try:
            yield inbox
        finally:
            with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as last:
                last.sendto(ending, ("127.0.0.1", inbox.port))
            thread.join(TOLERANT_S)


@contextmanager
def deaf_receiver() -> Iterator[Inbox]:
    """Let connections in and never read from them."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield Inbox(server.getsockname()[1])
