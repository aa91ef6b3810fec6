"""Demo processes for the tests that speak HTTP to them."""

import asyncio
from collections.abc import Iterator

import pytest

from loadkit.demo.options import DemoOptions
from loadkit.demo.process import start_demo


@pytest.fixture(scope="module")
def demo_url() -> Iterator[str]:
    demo = asyncio.run(start_demo(DemoOptions(latency=0.1, seed=1)))
    yield demo.url
    demo.stop()


@pytest.fixture(scope="module")
def failing_demo_url() -> Iterator[str]:
    demo = asyncio.run(start_demo(DemoOptions(latency=0, seed=1, error_rate=0.2)))
    yield demo.url
    demo.stop()
