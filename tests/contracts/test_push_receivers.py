"""What InfluxDB, a receiver of OTLP, and others that answer oddly do to the receivers that post to them."""

import gzip
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme

from loadkit import registry
from loadkit.metrics.span import Span
from loadkit.outputs.exporter import ExportedRun, OptionFault, Receiver, RefusedError, Second
from tests.support.influxdb import influxdb
from tests.support.otlp import METRICS, TRACES, attributes, collector
from tests.support.results import second

RUN = ExportedRun(
    run="k3f9", test="shop", target="http://shop", started_at=1_700_000_000.0, labels={"test": "shop", "run": "k3f9"}
)
SPAN = Span("a9" * 16, "b8" * 8, "", "it", 0, 5_000_000, 3)


def seconds(*indexes: int, spans: tuple[Span, ...] = ()) -> list[Second]:
    return [Second(snapshot=second(index), ended_at=0.0, spans=spans) for index in indexes]


def made(kind: str, **options: Any) -> Receiver:
    receiver: Receiver = registry.plugin("exporter", kind).make(options)
    receiver.check()
    receiver.start(RUN)
    return receiver


class Asked(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class Answering:
    """A server that keeps what it is asked and answers with the statuses it is given, the last one again and again."""

    def __init__(self, *statuses: int, text: bytes = b"", closing: bool = False) -> None:
        self.statuses = list(statuses)
        self.text = text
        self.closing = closing
        self.asked: list[Asked] = []
        self.url = ""

    def status(self) -> int:
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@contextmanager
def answering(*statuses: int, tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[Answering]:
    server = Answering(*statuses, **options)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers.get("Content-Encoding") == "gzip"
            server.asked.append(Asked(self.path, dict(self.headers), gzip.decompress(body) if packed else body))
            self.send_response(server.status())
            self.send_header("Content-Length", str(len(server.text)))
            self.end_headers()
            self.wfile.write(server.text)
            self.close_connection = server.closing  # without a word of it

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        if tls is not None:
            listening.socket = tls.wrap_socket(listening.socket, server_side=True)
        server.url = f"{'https' if tls else 'http'}://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


PUSHING = [("influxdb", {"bucket": "load"}), ("otlp", {})]


@pytest.mark.parametrize(("kind", "options"), PUSHING)
@pytest.mark.parametrize(
    ("status", "error"),
    [(500, OSError), (503, OSError), (429, OSError), (400, RefusedError), (401, RefusedError), (302, RefusedError)],
)
def test_an_answer_says_whether_to_ask_again(
    kind: str, options: dict[str, Any], status: int, error: type[Exception]
) -> None:
    with answering(status, text=b"no\x1b[31m room") as server:
        receiver = made(kind, url=server.url, **options)
        with pytest.raises(error, match=rf"it answered {status}: no\\x1b\[31m room"):
            receiver.take(seconds(0))
        receiver.close()


@pytest.mark.parametrize(("kind", "options"), PUSHING)
def test_what_was_not_taken_is_sent_again_as_it_was(kind: str, options: dict[str, Any]) -> None:
    with answering(503, 204) as server:
        receiver = made(kind, url=server.url, **options)
        with pytest.raises(OSError, match="503"):
            receiver.take(seconds(0, 1))
        receiver.take(seconds(0, 1))
        receiver.close()
    first, again = server.asked
    assert first.body == again.body != b""


@pytest.mark.parametrize(("kind", "options"), PUSHING)
def test_a_connection_that_was_closed_while_nobody_spoke_is_opened_again(kind: str, options: dict[str, Any]) -> None:
    with answering(204, closing=True) as server:
        receiver = made(kind, url=server.url, **options)
        for index in range(3):
            receiver.take(seconds(index))
        receiver.close()
    assert len(server.asked) == 3


@pytest.mark.parametrize(("kind", "options"), PUSHING)
def test_nobody_there_is_an_error_of_the_system(kind: str, options: dict[str, Any]) -> None:
    receiver = made(kind, url="http://127.0.0.1:1", **options)
    with pytest.raises(ConnectionRefusedError):
        receiver.take(seconds(0))
    receiver.close()


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("influxdb", {"url": "localhost:8086"}, "is not a URL of HTTP"),
        ("influxdb", {"url": "http://user:s3cret@host:port/?token=s3cret"}, "host:port/ is not a URL"),
        ("influxdb", {"url": "http://h:1?bukket=x"}, "unknown part bukket="),
        ("influxdb", {"url": "http://h:1", "bucket": "a", "database": "b"}, "both a bucket and a database"),
        ("otlp", {"url": "ftp://h"}, "is not a URL of HTTP"),
        ("otlp", {"url": "http://h:4318/v1/traces"}, "needs to know of which visits"),
        ("otlp", {"url": "http://u:p@h:4318"}, "neither a query nor a user"),
        ("otlp", {"url": "http://h:4318", "prefix": "my load."}, "no name begins with my load."),
    ],
)
def test_options_that_mean_nothing_are_refused_before_load(kind: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionFault, match=message) as found:
        registry.plugin("exporter", kind).make(options)
    assert "s3cret" not in f"{found.value} {found.value.hint}"


@pytest.mark.parametrize(("kind", "options"), PUSHING)
def test_a_certificate_that_nobody_vouches_for_is_refused_unless_that_is_allowed(
    kind: str, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with answering(204, tls=context) as server:
        stranger = made(kind, url=server.url, **options)
        with pytest.raises(ssl.SSLCertVerificationError):
            stranger.take(seconds(0))
        stranger.close()
        careless = made(kind, url=server.url, insecure=True, **options)
        careless.take(seconds(0))
        careless.close()
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        known = made(kind, url=server.url, **options)
        known.take(seconds(0))
        known.close()
    assert len(server.asked) == 2


# InfluxDB


def test_a_bucket_is_written_to_with_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUX_TOKEN", "t0ken-of-ours")
    with answering(204) as server:
        receiver = made("influxdb", url=f"{server.url}/base/?org=my+shop&bucket=load")
        receiver.take(seconds(0))
        receiver.close()
    (asked,) = server.asked
    assert asked.path == "/base/api/v2/write?bucket=load&org=my%20shop&precision=ns"
    assert asked.headers["Authorization"] == "Token t0ken-of-ours"
    assert "t0ken" not in receiver.to
    assert b"loadkit_requests,name=/products,run=k3f9" in asked.body


@pytest.mark.parametrize(
    ("options", "login"),
    [
        ({"url": "{url}?db=shop&token=t0ken"}, "Token t0ken"),
        ({"url": "{url}", "database": "shop", "password": "t0ken"}, "Basic OnQwa2Vu"),
    ],
)
def test_who_knows_no_databases_to_be_made_is_written_to_all_the_same(options: dict[str, str], login: str) -> None:
    with answering(400, 204, text=b'{"error":"CREATE DATABASE is not supported"}') as server:
        receiver = made("influxdb", **{**options, "url": options["url"].format(url=server.url)})
        receiver.take(seconds(0))
        receiver.close()
    assert [asked.path for asked in server.asked] == ["/query", "/write?db=shop&precision=ns"]
    assert {asked.headers["Authorization"] for asked in server.asked} == {login}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"error":"database not found: \\"x\\""}\n', 'database not found: "x"'),
        (b'{"code":"unauthorized","message":"unauthorized access"}', "unauthorized access"),
        (
            b'{"error":"partial write of line protocol occurred","data":[{"original_line":"a","line_number":2,'
            b'"error_message":"invalid column type"}]}',
            "partial write of line protocol occurred: invalid column type",
        ),
        (b'{"error":7}', '{"error":7}'),
        (b"[1]", "[1]"),
        (b"plain words", "plain words"),
    ],
)
def test_an_error_is_told_in_the_receivers_words(text: bytes, said: str) -> None:
    with answering(422, text=text) as server:
        receiver = made("influxdb", url=server.url, bucket="load")
        with pytest.raises(RefusedError) as caught:
            receiver.take(seconds(0))
        receiver.close()
    assert str(caught.value) == f"it answered 422: {said}"


def test_a_database_in_the_path_is_told_its_place() -> None:
    with answering(404) as server:
        receiver = made("influxdb", url=f"{server.url}/load")
        with pytest.raises(RefusedError, match=r"it answered 404.*; .* a database is named by \?db=NAME"):
            receiver.take(seconds(0))
        receiver.close()


def test_a_database_with_users_takes_what_its_user_writes() -> None:
    with influxdb(auth=True) as server:
        server.ask("CREATE USER admin WITH PASSWORD 'r00t' WITH ALL PRIVILEGES")
        root = "admin:r00t"
        server.ask("CREATE DATABASE shop", user=root)
        server.ask("CREATE USER ci WITH PASSWORD 'pa ss'", user=root)
        server.ask("GRANT ALL ON shop TO ci", user=root)
        place = server.url.removeprefix("http://")
        receiver = made("influxdb", url=f"http://ci:pa%20ss@{place}?db=shop")  # who may not make a database
        receiver.take(seconds(0, 1))
        receiver.take(seconds(0, 1))  # again, as when the answer was lost
        receiver.close()
        (series,) = server.ask("SELECT sum(count) FROM loadkit_requests", "shop", user=root)
        assert series["values"][0][1] == sum(one.snapshot.count("http.requests") for one in seconds(0, 1))
        stranger = made("influxdb", url=server.url, user="ci", password="wrong")
        with pytest.raises(RefusedError, match="401"):
            stranger.take(seconds(0))
        stranger.close()


# OTLP


def test_with_delta_a_point_has_what_is_new() -> None:
    with collector() as server:
        receiver = made("otlp", url=server.url, temporality="delta", prefix="load/shop.")
        receiver.take(seconds(0, 1))
        receiver.close()
        one = second(0).count("http.requests")
        counts = [sum(point.as_int for point in server.points("load/shop.requests", at)) for at in (0, 1)]
        assert counts == [one, one]
        starts = [server.points("load/shop.requests", at)[0].start_time_unix_nano for at in (0, 1)]
        assert starts[1] - starts[0] == 10**9


@pytest.mark.parametrize(("path", "metrics", "traces"), [("", 1, 1), (METRICS, 1, 0), (TRACES, 0, 1)])
def test_a_url_of_one_signal_gets_that_alone(path: str, metrics: int, traces: int) -> None:
    with collector() as server:
        receiver = made("otlp", url=f"{server.url}{path}", traces=True)
        receiver.take(seconds(0, spans=(SPAN,)))
        receiver.close()
        assert (len(server.metrics), len(server.traces)) == (metrics, traces)


def test_a_signal_that_was_taken_is_not_sent_again_for_the_other() -> None:
    with collector() as server:
        receiver = made("otlp", url=server.url, traces={"sample": 1})
        broken, receiver._poster.post = receiver._poster.post, None  # type: ignore[attr-defined]

        def once_lost(path: str, *rest: Any) -> bytes:
            if path == TRACES and not server.headers[-1].get("lost"):
                server.headers.append({"lost": "yes"})
                raise ConnectionResetError("gone")
            return broken(path, *rest)  # type: ignore[no-any-return]

        receiver._poster.post = once_lost  # type: ignore[attr-defined]
        with pytest.raises(ConnectionResetError):
            receiver.take(seconds(0, spans=(SPAN,)))
        receiver.take(seconds(0, spans=(SPAN,)))
        receiver.close()
        assert (len(server.metrics), len(server.spans)) == (1, 1)


def test_what_was_taken_in_part_is_said() -> None:
    with collector() as server:
        server.rejected = 7
        receiver = made("otlp", url=server.url)
        with pytest.raises(RefusedError, match="it did not take 7 of them: too old"):
            receiver.take(seconds(0))
        receiver.close()


def test_a_visit_is_a_span_inside_the_tool_and_a_request_one_of_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=a%20b, x-key = k")
    request = SPAN._replace(
        span_id="c7" * 8, parent_id=SPAN.span_id, name="/cart", method="POST", status=503, end_ns=2_000_000
    )
    with collector() as server:
        receiver = made("otlp", url=server.url, traces=True)
        receiver.take(seconds(0, spans=(request, SPAN)))
        receiver.close()
        client, visit = server.spans
        assert (visit.name, visit.kind, visit.parent_span_id, attributes(visit)) == ("it", 1, b"", {"loadkit.visit": 3})
        assert (client.name, client.kind, client.parent_span_id) == ("/cart", 3, visit.span_id)
        assert (client.status.code, client.status.message) == (2, "status 503")
        assert attributes(client)["http.request.method"] == "POST"
        assert client.end_time_unix_nano - client.start_time_unix_nano == 2_000_000
        assert client.start_time_unix_nano == 1_700_000_000 * 10**9
        assert (server.headers[0]["x-team"], server.headers[0]["x-key"]) == ("a b", "k")
