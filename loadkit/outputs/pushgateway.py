"""Pushes the totals of a run to a Prometheus Pushgateway: for a scraper that cannot reach this machine, or comes too rarely.

Each push replaces the group of the run: PUT /metrics/job/JOB/run/RUN. The group stays there after the run, as the gateway's do.
Source: https://github.com/prometheus/pushgateway#api
"""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from loadkit.outputs.duration import read_seconds
from loadkit.outputs.exporter import ExportedRun, Exporter, OptionFault, Options, Second
from loadkit.outputs.openmetrics import PREFIX, RunMetrics, read_prefix
from loadkit.outputs.posting import INSECURE, Endpoint, Poster, read_endpoint
from loadkit.outputs.totals import Totals

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_JOB = "loadkit"
_EVERY = "5s"
_EXAMPLE = "http://127.0.0.1:9091"


class Pushed:
    """Pushes to a gateway."""

    def __init__(self, endpoint: Endpoint, *, job: str, prefix: str, every_s: float, insecure: bool) -> None:
        self.to = endpoint.shown
        self.every_s = every_s
        self._poster = Poster(endpoint, _login(endpoint), insecure=insecure)
        self._job = job
        self._prefix = prefix
        self._path = ""
        self._totals: Totals | None = None
        self._metrics: RunMetrics | None = None
        self._added_ns = 0
        self._running = True

    def check(self) -> None:
        """Do nothing: a gateway that does not answer now may do so later."""

    def start(self, run: ExportedRun) -> None:
        """Begin with totals of nothing. The run's id, or the tag in its place, is in the group, so it is no label here."""
        self._totals = Totals(run)
        labels = {key: value for key, value in run.labels.items() if key != "run"}
        self._metrics = RunMetrics(run, labels, prefix=self._prefix)
        self._path = f"/metrics{_in_path('job', self._job)}{_in_path('run', run.labels.get('run', run.run))}"

    def take(self, seconds: Sequence[Second]) -> None:
        """Add seconds to the totals, each once, and push."""
        for second in seconds:
            if self._totals and second.snapshot.end_ns > self._added_ns:
                self._totals.add(second)
                self._added_ns = second.snapshot.end_ns
        self._push()

    def end(self) -> None:
        """Push once more, to say that the run is over."""
        self._running = False
        self._push()

    def waiting(self) -> bool:
        """Say no: nobody comes here."""
        return False

    def close(self) -> None:
        """Close the connection."""
        self._poster.close()

    def collect(self) -> Iterable[Metric]:
        """Return what is pushed now; prometheus-client calls it."""
        if not (self._metrics and self._totals):
            return []
        return self._metrics.families(self._totals, running=self._running)

    def _push(self) -> None:
        from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

        self._poster.put(self._path, generate_latest(self), CONTENT_TYPE_PLAIN_0_0_4)


def _login(endpoint: Endpoint) -> dict[str, str]:
    if not endpoint.user:
        return {}
    login = f"{endpoint.user}:{endpoint.password}"
    return {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}


def _in_path(name: str, value: str) -> str:
    """Return a label of the group as a part of the path; base64 where it holds a slash or nothing."""
    if value and "/" not in value:
        return f"/{name}/{quote(value, safe='')}"
    return f"/{name}@base64/{urlsafe_b64encode(value.encode(errors='replace')).decode().rstrip('=') or '='}"


def _make(options: Options) -> Pushed:
    endpoint = read_endpoint(str(options["url"]), key="url", example=_EXAMPLE)
    if endpoint.query:
        raise OptionFault("url", "the URL of a Pushgateway has no query", hint=f"write {_EXAMPLE}")
    if "job" in options.get("tags", {}):
        raise OptionFault("tags", "a Pushgateway has the label job of its group", hint="say it with the option `job`")
    return Pushed(
        endpoint,
        prefix=read_prefix(options),
        job=str(options.get("job", _JOB)),
        every_s=read_seconds(options, "every", _EVERY),
        insecure=options.get("insecure") is True,
    )


EXPORTERS: Mapping[str, Exporter] = {
    "pushgateway": Exporter(
        kind="pushgateway",
        description="Pushes totals to a Prometheus Pushgateway, in a group of the job and the run.",
        argument="url",
        metavar="URL",
        schema={
            "url": {
                "type": "string",
                "title": "URL",
                "description": "The gateway; user and password before its host are sent as Basic authentication.",
                "examples": [_EXAMPLE],
            },
            "job": {
                "type": "string",
                "title": "Job",
                "description": "The label `job` of the group.",
                "examples": ["checkout-load"],
                "default": _JOB,
            },
            "every": {
                "type": ["string", "number"],
                "title": "Every",
                "description": "How long to wait between two pushes. The last one comes right after the run.",
                "examples": ["15s"],
                "default": _EVERY,
            },
            "prefix": PREFIX,
            "insecure": INSECURE,
        },
        required=("url",),
        make=_make,
    ),
}
