"""DogStatsD: StatsD with tags, as Datadog's agent, Telegraf, Vector and the exporter of Prometheus take it."""

from __future__ import annotations

from collections.abc import Mapping

from loadkit.outputs.exporter import Exporter
from loadkit.outputs.statsd import SCHEMA, read_lines

EXPORTERS: Mapping[str, Exporter] = {
    "dogstatsd": Exporter(
        kind="dogstatsd",
        description="Sends each second as StatsD with tags by UDP, for Datadog's agent and others that take them.",
        argument="to",
        metavar="HOST:PORT",
        schema=SCHEMA,
        required=("to",),
        make=lambda options: read_lines(options, tagged=True),
    ),
}
