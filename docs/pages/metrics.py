"""Everything a run measures, under the names that thresholds and reports use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from docs.pages.markdown import block, code, heading, table
from loadkit import registry
from loadkit.metrics.sample import Outcome
from loadkit.slo.metric import METRICS, Kind, Metric, Scope
from loadkit.slo.observed_metric import AGGREGATES as OBSERVED

_INTRODUCTION = """
These names stand in [thresholds](../guides/thresholds-and-ci.md), in `ensure` and in the [report](report.md). Capitals
stand for what varies: `NNN` is a status, `Nxx` a family of them (`5xx`), `NAME` an error, `TYPE` a kind of check.
"""

_THRESHOLDS = """
A threshold is one comparison. `of "NAME"` narrows it to one request, or for `vusers.*` to one scenario, `phase` and
`scenario` to what was due in one phase or done by one scenario, and `each` judges every name by itself. A metric of
the whole run takes no `of`, `each` or `scenario`; the gauges `worker.*`, `coordinator.*` and `observe.*` take no
`phase` either. Windows, warnings and what else a threshold can say are keys of [its
mapping](configuration.md#configthresholds); how they work is told in [thresholds over time](../guides/thresholds-
over-time.md).
"""

_GRAMMAR = """
threshold  = metric comparison value [ "per" work ] { scope }
comparison = < | <= | > | >= | == | !=
scope      = "of" name | [ "in" ] "phase" name | [ "in" ] "scenario" name | "each"
"""

_KINDS: Mapping[Kind, tuple[str, str]] = {
    Kind.TIME: ("time", "`250ms`, `1.5s`, `1m30s`, `80us`; a bare number is milliseconds"),
    Kind.RATIO: ("ratio", "`1%` or `0.01`, from 0 to 1"),
    Kind.RATE: ("rate", "`100/s`, `6000/min`; a bare number is per second"),
    Kind.BYTES: ("bytes", "`512`, `64KB`, `1MiB`"),
    Kind.COUNT: ("count", "a plain number"),
}

_SCOPES = {Scope.REQUEST: "a request", Scope.SCENARIO: "a scenario", Scope.RUN: "-"}

_AGGREGATES = (
    ("mean", "the exact mean"),
    ("min, max", "the smallest and the largest value, exact"),
    ("median", "the same as `p50`"),
    ("p50, p95, p99.5", "a percentile: the value that so many percent do not exceed; any number from 0 to 100"),
    ("p999, p9999", "99.9 and 99.99, as everywhere in load testing"),
    ("count", "how many values there are"),
)

_NOTES = """
Times are kept in HDR histograms from 1 us to one hour with three significant digits; minimum, maximum and mean are exact.
Histograms are merged, percentiles never averaged. A counter that never occurred is 0. A time without samples and a
ratio of nothing have no value, and a threshold on them fails and says why.

Requests that got no valid response are not in `http.response_time` but in `http.failure_time`, which the summary shows
beside it; calls that did not return are in `python.failure_time`.

[Hooks](../guides/hooks.md#metrics-of-your-own) record counters, rates and histograms of their own, which thresholds may name, too.
"""

_ERRORS: Mapping[Outcome, str] = {
    Outcome.CAPTURE_FAILED: "a strict `capture` found nothing, or a strict `match` found something else",
    Outcome.REFUSED: "the target refused the connection",
    Outcome.CONNECT_TIMEOUT: "no connection within `http.connectTimeout`",
    Outcome.RESPONSE_TIMEOUT: "no complete response within the timeout of the request",
    Outcome.RESET_CONNECT: "the target cut the connection off before the request was sent, or in the TLS handshake",
    Outcome.RESET: "the target reset the connection before the first byte of its response",
    Outcome.RESET_HEAD: "the target reset the connection within the head of its response",
    Outcome.RESET_BODY: "the target reset the connection within the body of its response",
    Outcome.UNREACHABLE: "no way to the host or network",
    Outcome.CLOSED: "the connection ended without a response, or could not be opened",
    Outcome.TRUNCATED: "the connection ended within the response",
    Outcome.DNS: "there is no such name, or it has no address",
    Outcome.SOCKET: "there is no such Unix socket; `EAGAIN` where its queue is full",
    Outcome.PROXY: "the proxy on the way to the target cannot be found, refuses the connection, or breaks it off",
    Outcome.PROXY_TIMEOUT: "no connection through the proxy within `http.connectTimeout`",
    Outcome.PROXY_AUTHENTICATION: "the proxy asks for a user and password before it makes a tunnel (407), or for others",
    Outcome.PROXY_TUNNEL: "the proxy makes no tunnel to the target: it refuses, cannot reach it, or does not answer",
    Outcome.TLS: "the TLS handshake failed, for none of the reasons below; the target may not speak TLS",
    Outcome.TLS_TIMEOUT: "connected, but no TLS handshake within `http.connectTimeout`",
    Outcome.TLS_VERSION: "the target offers no version of TLS that is safe to use",
    Outcome.TLS_UNCLEAN: "a body that ends with the connection, which ended without TLS's goodbye: it may be cut off",
    Outcome.CERT_EXPIRED: "the certificate is no longer valid",
    Outcome.CERT_OTHER_HOST: "the certificate is for another host",
    Outcome.CERT_SELF_SIGNED: "the certificate is signed by itself and not trusted",
    Outcome.CERT_SELF_SIGNED_IN_CHAIN: "the chain of certificates ends in one that is not trusted",
    Outcome.CERT_NO_ISSUER: "nobody trusted has signed the certificate; see `tls.ca`",
    Outcome.CERT_UNVERIFIED: "the target did not send the certificates between its own and a trusted one",
    Outcome.PROTOCOL: "the response is not valid HTTP, or something follows its end",
    Outcome.DECODE: "the body is not what its Content-Encoding says",
    Outcome.TOO_LARGE: "headers above 256 KiB or 256 fields, a field above 64 KiB, or a body that is read and exceeds "
    "64 MiB or a thousand times what was received",
    Outcome.TOO_MANY_REDIRECTS: "more than 10 redirects",
    Outcome.NOT_ALLOWED: "a redirect or a URL leads to a host that `--allow-host` or `.loadkit.yaml` does not allow",
    Outcome.INVALID_REQUEST: "a request that must not be sent: a URL that is none, a line break in a header",
    Outcome.NO_ROW: "a payload with `onExhausted: fail` had no row left for the virtual user",
    Outcome.GENERATOR: "this machine ran out of descriptors or ports; makes the measurement INVALID",
    Outcome.CANCELLED: "the virtual user was cut off at the end of the run",
    Outcome.INTERNAL: "a fault in loadkit; please report it",
}

_OTHER_ERRORS = (
    (
        "ValueError, AssertionError",
        "an exception of this class in a function of the step `call`; any other class likewise",
    ),
    (
        "EAI_AGAIN, EAI_FAIL, EAI_SYSTEM",
        "the name servers did not answer, refused, or this system's resolver failed: not that there is no such name",
    ),
    ("cookie_parse_error_invalid_cookie", "a Set-Cookie that its host may not set; the virtual user goes on"),
    ("Invalid think time: TEXT", "a `think` whose template gave no duration"),
    ("Invalid loop count: TEXT", "a `count` whose template gave no number"),
    (
        "Failed expectations for request NAME",
        "with `plugins: {expect: {reportFailuresAsErrors: true}}`, where a failed check ends the virtual user",
    ),
)

_ARTILLERY = (
    ("vusers.created_by_name.SCENARIO", 'vusers.created of "SCENARIO"'),
    ("plugins.metrics-by-endpoint.response_time.REQUEST.p95", 'http.response_time.p95 of "REQUEST"'),
    ("plugins.metrics-by-endpoint.REQUEST.codes.200", 'http.codes.200 of "REQUEST"'),
    ("plugins.metrics-by-endpoint.REQUEST.errors.NAME", 'errors.NAME of "REQUEST"'),
)


_OBSERVED = """
`config.observe` gives each source a name; a threshold names it, one of its series and an aggregate: `observe.api.rss.max < 500MB`.
Which series a source has depends on what it is; those of `prometheus`, `run` and `sql` are named under `series`.
Growth is compared with so much per work that is done: `observe.api.rss.growth < 5MB per 500 requests`, `... < 10MB per 1h`. It is
judged by its interval, at the end; see [leaks](../concepts/leaks.md).
"""


def metrics_page() -> str:
    """Return the page."""
    errors = [(code(f"errors.{outcome.value}"), words) for outcome, words in _ERRORS.items()]
    errors += [(", ".join(code(name) for name in names.split(", ")), words) for names, words in _OTHER_ERRORS]
    parts = [heading(1, "Metrics"), _INTRODUCTION.strip()]
    parts.append(table(("metric", "kind", "`of`", "what it is"), map(_row, METRICS)))
    parts += [heading(2, "Aggregates of times"), "A time needs one of these behind its name: `http.response_time.p95`."]
    parts.append(table(("aggregate", "what it is"), [(_codes(names), words) for names, words in _AGGREGATES]))
    parts += [_NOTES.strip(), heading(2, "Thresholds"), _THRESHOLDS.strip(), block(_GRAMMAR.strip())]
    parts.append(table(("kind", "how a value is written"), _KINDS.values()))
    parts += [heading(2, "The system under test"), _OBSERVED.strip()]
    parts.append(table(("source", "series", "kind", "what it is"), _observed()))
    parts.append(table(("aggregate", "what it is"), [(code(name), words) for name, words in OBSERVED.items()]))
    parts += [heading(2, "Errors"), "Each error ends its virtual user, unless the table says otherwise."]
    parts.append(table(("error", "what happened"), errors))
    parts += [heading(2, "Artillery's names"), "Thresholds and `ensure` understand these as well."]
    parts.append(table(("there", "here"), [(code(there), code(here)) for there, here in _ARTILLERY]))
    return "\n\n".join(parts)


def _row(metric: Metric) -> tuple[str, str, str, str]:
    return code(metric.name), _KINDS[metric.kind][0], _SCOPES[metric.scope], metric.description


def _observed() -> Iterator[tuple[str, str, str, str]]:
    """Yield the series of the sources whose series are the same everywhere."""
    for sampler in registry.plugins("sampler").values():
        if "series" not in sampler.keys:
            claims = ", ".join(code(claim) for claim in sampler.claims)
            for series in sampler.series({}):
                yield claims, code(series.name), _KINDS[series.kind][0], series.description
                claims = ""


def _codes(names: str) -> str:
    return ", ".join(code(name) for name in names.split(", "))
