"""The embedded shop as a process of its own, answering a share of requests with 503."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.command import start


@contextmanager
def failing_demo(error_rate: float) -> Iterator[str]:
    """Yield the URL of a demo that fails so often."""
    process = start("demo", "--port", 0, "--error-rate", error_rate, "--latency", 0.2)
    try:
        assert process.stdout is not None
        yield next(word for word in _first_line(process).split() if word.startswith("http://")).rstrip("/,;")
    finally:
        process.terminate()
        process.communicate()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()
