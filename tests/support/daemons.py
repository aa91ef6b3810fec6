"""Servers of other people's that tests start: Debian's programs, in directories of the tests' own."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")

# Ends with whoever holds its standard input, however that one ends.
_SUPERVISED = '"$@" & read _; kill -{signal} $!; wait $!'
_SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"  # where some of them are, and not everybody looks
_BEGINS_S = 60


def installed(program: str) -> str | None:
    """Return where a program is, None where it is not and need not be."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:{_SYSTEM}")
    package, variable = _DEBIAN[program]
    assert found or not os.environ.get(variable), f"{program} is not installed: apt-get install {package}"
    return found


def needed(program: str) -> str:
    """Return where a program is; the test is skipped without it."""
    found = installed(program)
    if found is None:
        pytest.skip(f"needs {program}: apt-get install {_DEBIAN[program][0]}")
    return found


_DEBIAN = {
    "prometheus": ("prometheus", "LOADKIT_TEST_PROMETHEUS"),
    "prometheus-pushgateway": ("prometheus-pushgateway", "LOADKIT_TEST_PUSHGATEWAY"),
    "influxd": ("influxdb", "LOADKIT_TEST_INFLUXDB"),
    "collectd": ("collectd-core", "LOADKIT_TEST_COLLECTD"),
}
"""The package of each program, and the variable that CI sets, so that nothing is left out there."""


@dataclass(frozen=True)
class Daemon:
    """A server that runs; `log` is what it wrote to its standard output and error."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_for(self, found: Callable[[], T | None]) -> T:
        """Ask again and again, until something is found."""
        until = time.monotonic() + _BEGINS_S
        while (made := found()) is None:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.02)
        return made


@contextmanager
def daemon(command: list[str], place: Path, *, ended_by: str = "TERM") -> Iterator[Daemon]:
    """Run a server in a directory, until the end or until whoever started it is gone."""
    log = place / "log"
    supervised = ["sh", "-c", _SUPERVISED.format(signal=ended_by), "sh", *command]
    with open(log, "wb") as out, subprocess.Popen(
        supervised, stdin=subprocess.PIPE, stdout=out, stderr=out, cwd=place
    ) as process:  # fmt: skip
        try:
            yield Daemon(process, log)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(30)
