"""A Pushgateway of a test's own: Debian's `prometheus-pushgateway`, on a port that the system chooses, keeping nothing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.support.daemons import daemon

_LISTENS = re.compile(r'msg="Listening on" address=127\.0\.0\.1:(\d+)')


@dataclass(frozen=True)
class Gateway:
    """A running server."""

    url: str

    def samples(self, name: str, **labels: str) -> list[Sample]:
        """What it serves under a name, as a Prometheus would scrape it, where it has these labels."""
        with urlopen(f"{self.url}/metrics", timeout=30) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        return [
            sample
            for family in families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]

    def total(self, name: str, **labels: str) -> float:
        """The sum of what it serves under a name."""
        return sum(sample.value for sample in self.samples(name, **labels))


@contextmanager
def pushgateway(program: str, place: Path) -> Iterator[Gateway]:
    """Run a server."""
    keeping_nothing = "--persistence.file="  # by itself Debian's keeps what it had
    command = [program, "--web.listen-address=127.0.0.1:0", keeping_nothing]
    with daemon(command, place) as server:
        found = server.wait_for(lambda: _LISTENS.search(server.log.read_text()))
        yield Gateway(f"http://127.0.0.1:{found[1]}")
