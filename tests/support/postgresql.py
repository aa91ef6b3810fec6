"""A PostgreSQL server of a test session's own: in a directory that goes away with it, reached by a Unix socket alone."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

USER = "loadkit"
# Ends with whoever holds its standard input, however that one ends.
_SUPERVISED = '"$@" & read _; kill -INT $!; wait $!'


def server_programs() -> Path | None:
    """Return the directory of `initdb` and `postgres`, the newest there is: Debian keeps them out of the search path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[4]))
    on_path = shutil.which("postgres")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def postgresql(programs: Path) -> Iterator[str]:
    """Run a server and yield the URL of its database `postgres`, with a password in it."""
    place = Path(tempfile.mkdtemp(prefix="loadkit-pg-", dir="/tmp"))  # a socket's path must be short
    owner = _owner(place)
    password = secrets.token_hex(8)
    (place / "password").write_text(password)
    (place / "password").chmod(0o644)
    data = place / "data"
    try:
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", f"--pwfile={place}/password", "-N", "-E", "UTF8",
             "--locale=C"], check=True, capture_output=True, cwd=place, **owner,
        )  # fmt: skip
        settings = {"listen_addresses": "", "unix_socket_directories": place, "fsync": "off", "max_connections": 40}
        given = [f"-c{name}={value}" for name, value in settings.items()]
        command = ["sh", "-c", _SUPERVISED, "sh", programs / "postgres", "-D", data, *given]
        with open(place / "log", "wb") as log, subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=place, **owner
        ) as server:  # fmt: skip
            try:
                url = f"postgresql://{USER}:{password}@/postgres?host={place}"
                _wait_for(url, server, place / "log")
                yield url
            finally:
                assert server.stdin
                server.stdin.close()
                server.wait(30)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _owner(place: Path) -> dict[str, object]:
    """Return as whom the server runs, to whom the directory is given: PostgreSQL refuses to run as root."""
    if os.getuid():
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(place, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.02)
    raise AssertionError(log.read_text())
