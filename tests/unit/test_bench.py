"""What the benchmarks drive is the engine as it is now."""

import pytest

from bench.drive import driven
from bench.micro import _CONTEXT, _STEADY, _schedule
from loadkit.workload.poisson import Poisson


@pytest.mark.parametrize("kind", ["get", "flow"])
def test_the_engine_can_be_driven_without_a_socket(kind: str) -> None:
    driven(kind, 10)()


def test_arrivals_can_be_timed() -> None:
    _schedule(Poisson(_STEADY, _CONTEXT))()
