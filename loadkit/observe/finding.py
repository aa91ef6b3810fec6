"""Which process of this machine is meant."""

from __future__ import annotations

import os
import re
import socket
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from loadkit.slo.observed import Options, Place, Unavailable

if TYPE_CHECKING:
    import psutil

_SHOWN = 4
_LONGEST = 60
_PORTS = {"http": 80, "https": 443}


def find(options: Options, place: Place) -> psutil.Process:
    """Return the process that options describe. Raises Unavailable, with what was looked for, where there is none or several."""
    if "pid" in options:
        return _by_pid(int(options["pid"]))
    if "port" in options:
        return _by_port(int(options["port"]))
    if "target" in options:
        return _by_pid(place.demo_pid) if place.demo_pid else _by_port(_port_here(place.target))
    if "process" in options:
        name = str(options["process"])
        return _the_one(_others(lambda process: _is_named(process, name)), f'named "{name}"')
    form = form_of(options)
    what = f"whose command line has /{form.pattern}/"
    return _the_one(_others(lambda process: form.search(" ".join(process.cmdline())) is not None), what)


def form_of(options: Options) -> re.Pattern[str]:
    """Return what the command line of the process has in it. Raises re.error."""
    with warnings.catch_warnings():  # `[[` is said to mean something else one day
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(str(options["command"]))


def described(process: psutil.Process) -> str:
    """Return "process 4711 (gunicorn)"."""
    import psutil

    try:
        return f"process {process.pid} ({process.name()})"
    except psutil.Error:
        return f"process {process.pid}"


def _by_pid(pid: int) -> psutil.Process:
    import psutil

    try:
        found = psutil.Process(pid)
        ended = found.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        raise Unavailable(f"there is no process {pid}") from None
    if ended:
        raise Unavailable(f"{described(found)} has ended; its entry stays until its parent takes notice")
    return found


def _by_port(port: int) -> psutil.Process:
    """Return who listens on a port; a socket that workers have from their parent is the parent's."""
    import psutil

    try:
        found = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    except psutil.AccessDenied:
        raise Unavailable("this user may not see who listens on ports; name it by pid, process or command") from None
    here = [one for one in found if one.laddr and one.laddr.port == port]
    pids = {one.pid for one in here if one.pid is not None}
    if here and not pids:
        raise Unavailable(f"the process that listens on port {port} is another user's; name it by pid or process")
    processes = []
    for pid in pids:
        try:
            processes.append(psutil.Process(pid))
        except psutil.NoSuchProcess:
            continue
    return _the_one(processes, f"that listens on port {port}")


def _port_here(target: str) -> int:
    """Return the port of a target on this machine. Raises Unavailable for one that is elsewhere."""
    parts = urlsplit(target)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        addresses = set()
    if not port or not addresses & _own_addresses():
        raise Unavailable(f"the target {parts.scheme}://{parts.netloc.rpartition('@')[2]} is not on this machine")
    return port


def _own_addresses() -> set[str]:
    import psutil

    found = {one.address.partition("%")[0] for each in psutil.net_if_addrs().values() for one in each}
    return {*found, "127.0.0.1", "::1"}


def _others(matches: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """Return the processes that match, without this one, those that it started, and those that started it."""
    import psutil

    own = psutil.Process()
    ours = {own.pid, *(one.pid for one in own.parents()), *(one.pid for one in own.children(recursive=True))}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid not in ours and process.status() != psutil.STATUS_ZOMBIE and matches(process):
                found.append(process)
        except psutil.Error:
            continue  # it has ended, or its command line is not for us
    return found


def _is_named(process: psutil.Process, name: str) -> bool:
    """Compare with the name, and with that of the file that is run: an interpreter's name is not the script's."""
    if process.name() == name:
        return True
    return name in {os.path.basename(word) for word in process.cmdline()[:2]}


def _the_one(found: Iterable[psutil.Process], what: str) -> psutil.Process:
    """Return the only process that no other one of them started. Raises Unavailable where there is none, or several."""
    import psutil

    by_pid = {process.pid: process for process in found}
    roots = []
    for process in by_pid.values():
        try:
            if not by_pid.keys() & {parent.pid for parent in process.parents()}:
                roots.append(process)
        except psutil.Error:
            continue
    if not roots:
        raise Unavailable(f"there is no process {what}")
    if len(roots) > 1:
        listed = ", ".join(sorted(map(_line, roots))[:_SHOWN])
        more = ", ..." if len(roots) > _SHOWN else ""
        raise Unavailable(f"there are {len(roots)} processes {what}: {listed}{more}; name one by pid, port or command")
    return roots[0]


def _line(process: psutil.Process) -> str:
    import psutil

    try:
        words = " ".join(process.cmdline()) or process.name()
    except psutil.Error:
        words = ""
    return f"{process.pid} ({words[:_LONGEST]})"
