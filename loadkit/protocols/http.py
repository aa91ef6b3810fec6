"""The HTTP steps: get, post, put, patch, delete, head, options and rarer ones; their keys and how they compile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, NamedTuple

from loadkit.flow.apdex import threshold_ns
from loadkit.flow.expect import Expect, Texts, compile_expect
from loadkit.flow.extract import Captures, compile_captures
from loadkit.flow.function import compile_condition, request_hooks
from loadkit.flow.plugins import comes_before, expect_options
from loadkit.flow.response import Response
from loadkit.flow.step import NOBODY, Build, Sent, StepFunction, StepPlugin, Where
from loadkit.flow.told import PRINTS, Asked, results_of
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.metrics.book import Series
from loadkit.metrics.endpoints import ENDPOINT_ERRORS
from loadkit.protocols.address import request_name
from loadkit.protocols.connect import Connector
from loadkit.protocols.endpoint import EndpointOf, apdex_watch, compile_endpoint, endpoint_watch, request_of
from loadkit.protocols.exchange import Cookies, Exchange
from loadkit.protocols.hooked import compile_hooked
from loadkit.protocols.http_step import compile_exchange
from loadkit.protocols.judge import Checks, Tell, Watch, counts_of_passed, kinds_of
from loadkit.protocols.keys import (
    DEFAULT_CONNECT_TIMEOUT_S,
    DEFAULT_MAX_REDIRECTS,
    DEFAULT_TIMEOUT_S,
    REQUEST_KEYS,
)
from loadkit.protocols.network import network_of, note_way
from loadkit.protocols.passed_on import REFUSED, refusal
from loadkit.protocols.request import Wire, compile_request, url_of
from loadkit.protocols.spans import compile_span
from loadkit.units import NS_PER_S, parse_duration_ns


def sent(value: Any) -> Sent:
    """Read what stands under a verb: a URL, or a mapping."""
    spec: Mapping[str, Any] = value if isinstance(value, Mapping) else {"url": value}
    return Sent(str(spec.get("name") or request_name(str(spec.get("url", spec.get("uri", "/"))))), 1, spec)


def compile_http(step: Mapping[str, Any], where: Where, build: Build) -> StepFunction:
    """Compile one HTTP step."""
    verb = next(key for key in step if key in STEPS)
    spec = sent(step[verb]).keys
    at = (*where, verb)
    http = build.config.get("http", {})
    defaults = {**build.config.get("defaults", {}), **http.get("defaults", {})}
    condition = compile_if(spec, at, build)
    request = compile_request(verb.upper(), spec, at, build)
    build.origins.add(str(request.origin or "decided by variables"))
    note_way(request.origin, build)
    url, url_at = url_of(spec, at)
    if request.origin is not None and not url.startswith("/"):
        build.reach(request.origin.place, url_at)
    own_cookies = _compile_cookies(spec.get("cookie", {}), (*at, "cookie"), build)
    default_cookies = _compile_cookies(defaults.get("cookie", {}), ("config", "http", "defaults", "cookie"), build)
    timeout_ns = timeout_of(spec, at, build)
    connect_timeout_ns = _seconds(http, "connectTimeout", ("config", "http"), build, DEFAULT_CONNECT_TIMEOUT_S)
    endpoint, endpoint_of = compile_endpoint(spec, at, build)
    captures, expect = _compile_looks(spec, at, build)
    series = build.series(sent(spec).name, at, endpoint, checks=kinds_of(expect))
    exchange = Exchange(
        spec=request,
        series=series,
        timeout_ns=timeout_ns,
        connect_timeout_ns=connect_timeout_ns,
        follow_redirects=spec.get("followRedirect", True) is not False,
        max_redirects=_max_redirects(spec, http, at, build),
        repeats_method=build.compat,
        retries=not build.compat,
        condition=condition,
        cookies=tuple((dict(default_cookies) | dict(own_cookies)).items()),
        sends_cookies=bool(default_cookies),
        few_errors=build.few_errors,
        checks=_compile_checks(spec, at, build, _Looks(series, endpoint_of, captures, expect, verb.upper())),
        connector=_connector_of(build),
        endpoint_of=endpoint_of,
    )
    refused = refusal(spec, verb.upper()) if build.compat else ""
    if refused:
        return _refusing(exchange, refused)
    before = request_hooks("beforeRequest", spec, at, build, request=series.name)
    after = request_hooks("afterResponse", spec, at, build, request=series.name)
    if before or after:
        return compile_span(compile_hooked(exchange, before, after, spec, build), series, verb.upper(), build)
    return compile_span(compile_exchange(exchange), series, verb.upper(), build)


def _refusing(x: Exchange, reason: str) -> StepFunction:
    """Return the step of a request that Artillery does not send."""
    text = f"{x.spec.method} {x.series.name}: {reason}"

    async def step(user: VirtualUser) -> None:
        if x.condition is None or x.condition(user):
            x.series.book.error(REFUSED, x.series.name, text=text, mask=user.masked)
            if x.series.endpoint:
                x.series.book.count(f"{ENDPOINT_ERRORS}{REFUSED}", x.series.endpoint)
            raise StepFailed(REFUSED, text)

    return step


class _Looks(NamedTuple):
    """What looks at the responses of a step, and whose they are."""

    series: Series
    endpoint_of: EndpointOf | None
    captures: Captures | None
    expect: Expect | None
    method: str


def _compile_looks(spec: Mapping[str, Any], at: Where, build: Build) -> tuple[Captures | None, Expect | None]:
    """Compile captures and checks, which may read what was captured."""
    config = build.config
    defaults = {**config.get("defaults", {}), **config.get("http", {}).get("defaults", {})}
    if expect_options(config).default_200 and not spec.get("expect"):
        spec = {**spec, "expect": {"statusCode": 200}}
    captures = compile_captures(spec, at, build, strict_default=defaults.get("strictCapture", True) is not False)
    expect = compile_expect(spec, at, build)
    if expect is not None and build.expect_at is None:
        build.expect_at = build.positions.at((*at, "expect"))
    return captures, expect


def _compile_checks(spec: Mapping[str, Any], at: Where, build: Build, looks: _Looks) -> Checks:
    """Compile what follows a response: captures, checks, and the plugins that look at it, in the order of `plugins`."""
    config, series, method, expect = build.config, looks.series, looks.method, looks.expect
    options = expect_options(config)
    watches = _compile_watches(config, series, looks.endpoint_of)
    late = {name for name in watches if comes_before(config, "expect", name)}
    return Checks(
        series=series,
        method=method,
        captures=looks.captures,
        expect=expect,
        passed=build.book.tally(counts_of_passed(expect, series.name)),
        tell=_compile_tell(method, spec, at, build, expect),
        failing=request_of(spec, at, build, only_names=options.only_names) if options.as_errors else None,
        hides=comes_before(config, "expect", "metrics-by-endpoint"),
        first=tuple(watch for name, watch in watches.items() if name not in late),
        last=tuple(watch for name, watch in watches.items() if name in late),
    )


def _compile_watches(config: Mapping[str, Any], series: Series, endpoint_of: EndpointOf | None) -> dict[str, Watch]:
    """Return what looks at each response, by the plugin's name."""
    watches = {}
    if endpoint_of is not None:
        watches["metrics-by-endpoint"] = endpoint_watch(series, endpoint_of)
    limit_ns = threshold_ns(config)
    if limit_ns is not None:
        watches["apdex"] = apdex_watch(series, limit_ns)
    return watches


def _compile_tell(method: str, spec: Mapping[str, Any], at: Where, build: Build, expect: Expect | None) -> Tell | None:
    """Return what prints the checks of a request as `plugins.expect.outputFormat` says; None where nothing is printed."""
    told = PRINTS.get(expect_options(build.config).format)
    if told is None or expect is None:
        return None
    name_of = build.template(str(spec.get("name") or ""), (*at, "name")).text
    body_of = build.template(spec.get("json"), (*at, "json")).render
    names, tell_of = expect.names, expect.tell

    def tell(user: VirtualUser, wire: Wire, response: Response, texts: Texts) -> None:
        asked = Asked(
            method=method, url=f"{wire.origin}{wire.path}", path=wire.path, name=name_of(user), json=body_of(user)
        )
        text = told(user, asked, response, results_of(names, texts, tell_of(user, response, texts)))
        if text:
            user.log(text)

    return tell


def _connector_of(build: Build) -> Callable[[VirtualUser], Connector]:
    """Return what finds a worker's connector, made when the first HTTP step runs."""
    network = network_of(build)

    def connector_of(user: VirtualUser) -> Connector:
        shared = user.run.shared
        found: Connector | None = shared.get("http")
        if found is None:
            found = shared["http"] = Connector(network)
        return found

    return connector_of


Condition = Callable[[VirtualUser], bool]


def compile_if(spec: Mapping[str, Any], where: Where, build: Build) -> Condition | None:
    """Compile the `ifTrue` and `probability` of a step; None when it is always carried out."""
    condition = _compile_condition(spec.get("ifTrue", True), (*where, "ifTrue"), build)
    return _with_probability(condition, spec, where, build)


def _compile_condition(value: Any, where: Where, build: Build) -> Condition | None:
    if isinstance(value, bool):
        return None if value else lambda user: False
    return compile_condition(value, where, build)


def _with_probability(
    condition: Condition | None, spec: Mapping[str, Any], where: Where, build: Build
) -> Condition | None:
    """Return the condition with a draw behind it; a request that is always sent draws nothing."""
    if "probability" not in spec:
        return condition
    at = (*where, "probability")
    template = build.template(spec["probability"], at)
    if not template.is_constant:
        if build.compat:
            return lambda user: False
        text = "the request is sent with the probability that the template gives (in Artillery never)"
        build.warn("LK506", at, text)
        return _both(condition, lambda user: user.random.random() < _share(template.text(user)))
    share = _share(template.text(NOBODY))
    if not 0 <= share <= 1:
        outcome = "always sent" if share > 1 else "never sent"
        build.warn("LK104", at, f"{spec['probability']!r} is not a number from 0 to 100; the request is {outcome}")
    if share >= 1:
        return condition
    return _both(condition, lambda user: user.random.random() < share)


def _share(percent: str) -> float:
    """Return a probability of percents, below 0 for what is no number: such a request is never sent."""
    try:
        return float(percent) / 100
    except ValueError:
        return -1.0


def _both(first: Condition | None, second: Condition) -> Condition:
    return second if first is None else lambda user: first(user) and second(user)


def _compile_cookies(cookies: Mapping[str, Any], where: Where, build: Build) -> Cookies:
    chosen: dict[str, Callable[[Any], str]] = {}
    for name, value in cookies.items():
        if not name or any(char in ' \t\r\n;,="' for char in name):
            build.error("LK214", (*where, name), f"{name!r} is not a cookie name", key=True)
        chosen[name] = build.template(value, (*where, name)).text
    return tuple(chosen.items())


def timeout_of(spec: Mapping[str, Any], where: Where, build: Build) -> int:
    """Return the time a request may take in all. Artillery's `config.timeout` wins over `http.timeout`."""
    general_ns = _seconds(build.config.get("http", {}), "timeout", ("config", "http"), build, DEFAULT_TIMEOUT_S)
    if "timeout" in build.config:
        general_ns = _seconds(build.config, "timeout", ("config",), build, DEFAULT_TIMEOUT_S)
    own_ns = _seconds(spec, "timeout", where, build, DEFAULT_TIMEOUT_S) if "timeout" in spec else general_ns
    build.timeouts_ns.add(own_ns)
    return own_ns


def _max_redirects(spec: Mapping[str, Any], http: Mapping[str, Any], at: Where, build: Build) -> int:
    """Return how many redirects are followed, which no template can say."""
    where = (*at, "maxRedirects") if "maxRedirects" in spec else ("config", "http", "maxRedirects")
    wanted = spec.get("maxRedirects", http.get("maxRedirects", DEFAULT_MAX_REDIRECTS))
    if isinstance(wanted, int) or (isinstance(wanted, float) and isfinite(wanted)):
        return int(wanted)
    build.error("LK102", where, "maxRedirects must be a number", hint="write it out, such as 3, without a template")
    return DEFAULT_MAX_REDIRECTS


def _seconds(mapping: Mapping[str, Any], key: str, where: Where, build: Build, default_s: int) -> int:
    """Return a timeout in nanoseconds, longer than it is written where more patience is asked for."""
    return round(_written(mapping, key, where, build, default_s) * build.patience)


def _written(mapping: Mapping[str, Any], key: str, where: Where, build: Build, default_s: int) -> int:
    value = mapping.get(key, default_s)
    try:
        duration_ns = parse_duration_ns(value)
    except ValueError as error:
        build.error("LK211", (*where, key), str(error))
        return default_s * NS_PER_S
    if not duration_ns:
        build.error(
            "LK211", (*where, key), f"a {key} of 0 lets no request succeed", hint="leave the key out for the default"
        )
        return default_s * NS_PER_S
    return duration_ns


def _step_schema(verb: str) -> dict[str, Any]:
    return {
        **({"x-rare": True} if verb in RARE_VERBS else {}),  # hints do not list them
        "title": f"HTTP {verb.upper()}",
        "description": f"Send a {verb.upper()} request and wait for its response.",
        "examples": [{"url": "/"}],
        "type": ["object", "string"],
        "additionalProperties": False,
        "anyOf": [{"required": ["url"]}, {"required": ["uri"]}, {"type": "string"}],
        "patternProperties": {"^x-": {}},
        "properties": REQUEST_KEYS,
    }


VERBS = ("get", "post", "put", "patch", "delete", "head", "options")

# The others that servers understand, which Artillery sends as well (llhttp's list)
RARE_VERBS = (
    "trace", "query", "purge", "propfind", "proppatch", "mkcol", "copy", "move", "lock", "unlock", "search", "report",
    "acl", "bind", "rebind", "unbind", "checkout", "link", "unlink", "m-search", "merge", "mkactivity", "mkcalendar",
    "notify", "source", "subscribe", "unsubscribe",
)  # fmt: skip

STEPS = {
    verb: StepPlugin(schema=_step_schema(verb), compile=compile_http, requests=True, sent=sent, needs_target=True)
    for verb in (*VERBS, *RARE_VERBS)
}
