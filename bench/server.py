"""The server that all tools load: nginx with one worker on a core of its own, answering from its configuration.

It answers some 140,000 requests a second, so it is never the limit. Every answer is the same 68-byte JSON.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SERVER_CORE = 0
GENERATOR_CORE = 1
BODY = '{"id":471142,"token":"a8f3c2d19b7e4056a8f3c2d19b7e","state":"ready"}'
assert len(BODY) == 68

_CONFIG = """
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    default_type application/json;
    ssl_certificate {folder}/server.crt;
    ssl_certificate_key {folder}/server.key;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        listen 127.0.0.1:{tls_port} ssl backlog=4096;
        location / {{ return 200 '{body}'; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where nginx listens."""

    url: str
    tls_url: str


def pinned(core: int, command: list[str]) -> list[str]:
    """Return a command that runs on one core, where there are two and `taskset`."""
    if shutil.which("taskset") and core < (os.cpu_count() or 1):
        return ["taskset", "-c", str(core), *command]
    return command


def raise_file_limit() -> int:
    """Allow this process and its children as many open files as the system permits; return how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[Server]:
    """Run nginx with its files in `folder`. Raises RuntimeError when it is not there or does not start."""
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if not binary:
        raise RuntimeError("nginx is needed as the server: apt-get install nginx-light")
    _make_certificate(folder)
    port, tls_port = _free_ports(2)
    files = raise_file_limit()
    connections = min(files - 100, 30_000)
    config = folder / "nginx.conf"
    config.write_text(
        _CONFIG.format(folder=folder, files=files, connections=connections, port=port, tls_port=tls_port, body=BODY)
    )
    with subprocess.Popen(
        pinned(SERVER_CORE, [binary, "-p", str(folder), "-c", str(config)]), stderr=subprocess.PIPE
    ) as process:
        try:
            _wait(process, port)
            yield Server(url=f"http://127.0.0.1:{port}", tls_url=f"https://127.0.0.1:{tls_port}")
        finally:
            process.terminate()


def _make_certificate(folder: Path) -> None:
    key, certificate = str(folder / "server.key"), str(folder / "server.crt")
    command = [
        *(
            "openssl",
            "req",
            "-x509",
            "-nodes",
            "-days",
            "2",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ),
        *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        *("-keyout", key, "-out", certificate),
    ]
    subprocess.run(command, check=True, capture_output=True)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(100):
        if process.poll() is not None:
            assert process.stderr is not None
            raise RuntimeError(f"nginx did not start: {process.stderr.read().decode()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("nginx did not start within 5 s")
