"""Canaries: secrets in every place that takes one, and not one of them in anything that is printed, written or listed."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loadkit.report.journal import MAGIC, read_frames
from loadkit.report.store import JOURNAL
from tests.e2e.test_run import serving
from tests.support.command import ROOT, write_yaml
from tests.support.raw_server import Peer, response

SIGN = "canary"
ENVIRONMENT = {
    "SHOP_API_TOKEN": "canary-env-token-1",
    "SIGNING_KEY": "canary-env-key-2",
    "PLAIN_NAME": 'canary "env" listed/3?',
    "OF_HEADER": "canary-env-header-4",
}
VARIABLES = {
    "iban": "canary-iban-5",
    "colours": ["canary-list-6a", "canary-list-6b"],
    "password": "canary-password-7",
    "nested": {"a": ["canary-nested-8"]},
    "from_env": "{{ $env.PLAIN_NAME }}",
    "long": "canary-" + "long" * 80,
}
SECRETS = ["iban", "colours", "nested", "long", "$env.PLAIN_NAME", "from_env", "card", "t", "h", "unfound", "mixed"]


async def echo(peer: Peer) -> None:
    """Answer with all that was sent, with secrets of its own, and not always with success."""
    while head := await peer.request():
        line, _, rest = head.decode("latin-1").partition("\r\n")
        path = line.split()[1]
        if path.startswith("/close"):
            return
        if path.startswith("/away"):
            await peer.send(response(b"", "302 Found", "Location: /echo?token=canary-location-9&code=1"))
            continue
        if path.startswith("/nowhere"):
            await peer.send(response(b"", "302 Found", "Location: ftp://u:canary-ftp-10@h/?sig=canary-ftp-11"))
            continue
        fields = dict(field.split(": ", 1) for field in rest.split("\r\n\r\n")[0].split("\r\n") if ": " in field)
        body = {
            "line": line, "headers": fields, "sent": rest.partition("\r\n\r\n")[2],
            "sid": "canary-set-cookie-13", "access_token": "canary-response-14", "n": None,
        }  # fmt: skip
        if path.startswith("/login"):  # where it is captured; before that nobody can know that it is a secret
            body["t"] = "canary-captured-12"
        note = "X-Note: canary-header-15" if path.startswith("/login") else "X-Other: 1"
        status = "500 Oh" if path.startswith("/fail") else "200 OK"
        cookie = "Set-Cookie: sid=canary-set-cookie-13; Path=/"
        await peer.send(response(json.dumps(body).encode(), status, cookie, note))


def flow() -> list[Any]:
    headers = {"Authorization": "Bearer canary-bearer-16", "X-Api-Key": "canary-api-key-17", "X-Mine": "{{ iban }}"}
    everything = (
        "{{ iban }} {{ colours }} {{ password }} {{ card }} {{ from_env }} {{ long }} {{ pin_code }} {{ target }}"
    )
    return [
        {"post": {
            "url": "/login?key=canary-key-18&iban={{ iban }}&e={{ from_env }}",
            "headers": {**headers, "X-Env": "{{ $env.OF_HEADER }}", "X-Secret": "{{ $env.OF_HEADER }}"},
            "cookie": {"session": "canary-cookie-19"},
            "json": {"iban": "{{ iban }}", "deep": "{{ nested }}", "e": "{{ from_env }}", "long": "{{ long }}"},
            "capture": [{"json": "$.t", "as": "t"}, {"header": "x-note", "as": "h"}],
            "expect": [
                {"headerEquals": ["x-note", "nothing"]},
                {"headerEquals": ["set-cookie", "nothing"]},
                {"equals": ["{{ iban }}", "{{ colours }}", "{{ from_env }}", "{{ long }}"]},
                {"matchesRegexp": "{{ iban }}.never.{{ long }}"},
                {"contentType": "{{ t }}"},
            ],
        }},
        {"set": {"mixed": "user:{{ iban }}", "pin_code": "canary-set-20"}},
        {"log": everything},
        {"log": "{{ t }} {{ h }} {{ mixed }} {{ $env.SHOP_API_TOKEN }} {{ $env.SIGNING_KEY }} https://a:canary-log-21@b/?key=canary-log-22"},
        {"get": {"url": "/away", "auth": {"user": "ann", "pass": "{{ password }}"}, "expect": {"statusCode": 418}}},
        {"get": {"url": "/fail", "auth": {"user": "bob", "pass": "canary-basic-23"}, "expect": {"statusCode": 200}}},
        {"get": {"url": "/echo?a=b&token=canary-query-25"}},
    ]  # fmt: skip


ENDS: dict[str, Any] = {
    "match": [{"get": {"url": "/login", "headers": {"X-Mine": "{{ long }}"},
                       "capture": [{"json": "$.t", "as": "unfound"}, {"header": "x-note", "as": "h"}],
                       "match": {"json": "$.headers", "value": "{{ iban }}"}}}],
    "line": [{"get": {"url": "/echo?i={{ iban }}&c={{ card }}", "match": {"json": "$.line", "value": "{{ card }}"}}}],
    "token": [{"get": {"url": "/echo", "match": {"json": "$.access_token", "value": "x"}}}],
    "cookie": [{"get": {"url": "/echo", "match": {"json": "$.sid", "value": "x"}}}],
    "captures": [{"get": {"url": "/login", "capture": [
        {"json": "$.t", "as": "unfound"}, {"header": "x-note", "as": "h"}, {"json": "$.n.{{ iban }}", "as": "b"},
    ]}}],
    "think": [{"think": "{{ iban }}"}],
    "loop": [{"loop": [{"log": "x"}], "count": "{{ from_env }}"}],
    "closed": [{"get": {"url": "/close?token={{ iban }}"}}],
    "nowhere": [{"get": {"url": "/nowhere"}}],
    "bad url": [{"get": {"url": "{{ iban }}/x"}}],
    "bad header": [{"get": {"url": "/", "headers": {"X": "{{ broken }}"}}}],
}  # fmt: skip


def scenario(url: str) -> dict[str, Any]:
    place = url.replace("http://", "http://ann:canary-userinfo-26@")
    return {
        "config": {
            "target": place,
            "phases": [{"duration": 1, "arrivalRate": 80, "name": "all"}],
            "variables": {**VARIABLES, "broken": "{{ iban }}\r\nX-Broken: {{ iban }}"},
            "payload": {"path": "cards.csv", "fields": ["card"], "order": "sequence"},
            "secrets": [*SECRETS, "broken"],
            "http": {"defaults": {"headers": {"X-Auth-Token": "canary-default-27"}}},
            "thresholds": ["http.response_time.p95 < 10s"],
        },
        "scenarios": [
            {"name": "all", "flow": flow()},
            *({"name": name, "flow": [*steps]} for name, steps in ENDS.items()),
        ],
    }


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(echo) as made:
        yield made


def signs() -> set[str]:
    """The sign as it is, and as it stands within base64 at each of the three places."""
    found = {SIGN}
    for lead, lost in ((0, 0), (1, 2), (2, 3)):
        whole = base64.b64encode(bytes(lead) + SIGN.encode()).decode()
        found.add(whole[lost : len(whole) - (0, 3, 2)[(lead + len(SIGN)) % 3]])
    return found


def leaks(text: str) -> list[str]:
    lines = text.splitlines()
    return [line[:300] for line in lines for sign in signs() if sign.lower() in line.lower()][:5]


INPUTS = {"test.yaml", "cards.csv"}


def command_lines(pid: int) -> str:
    """The command lines of the children of a process and of their children."""
    found = ""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
                if parent == pid:
                    found += entry.joinpath("cmdline").read_text() + "\n" + command_lines(int(entry.name))
            except (OSError, ValueError):
                continue
    return found


def contents(path: Path) -> str:
    """A file as text; a journal with its frames decompressed."""
    if path.name != JOURNAL:
        return path.read_text(errors="replace")
    with path.open("rb") as file:
        assert file.read(len(MAGIC)) == MAGIC
        return "\n".join(map(str, read_frames(file)))


class Watched:
    """A command in a directory with canaries, and everything that came out of it."""

    def __init__(self, directory: Path, data: dict[str, Any], *arguments: object, end: int | None = None) -> None:
        write_yaml(directory, data)
        (directory / "cards.csv").write_text("canary-card-28a\ncanary-card-28b\n")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOADKIT_")}
        self.listed = ""
        out, err = directory / "out.txt", directory / "err.txt"
        with out.open("w") as to_out, err.open("w") as to_err:
            process = subprocess.Popen(
                [sys.executable, "-m", "loadkit", "run", "test.yaml", *map(str, arguments)],
                stdin=subprocess.DEVNULL, stdout=to_out, stderr=to_err, cwd=directory,
                env={**environment, **ENVIRONMENT, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TMPDIR": str(directory)},
            )  # fmt: skip
        until = time.monotonic() + 60
        while process.poll() is None:
            assert time.monotonic() < until, err.read_text()
            self.listed += command_lines(process.pid)
            if end is not None and re.search(r"VU [3-9]\d <-", err.read_text()):  # in the midst of it
                process.send_signal(end)
                end = None
            time.sleep(0.1)
        self.out, self.err, self.code = out.read_text(), err.read_text(), process.returncode
        self.files = {
            path.name: contents(path) for path in directory.rglob("*") if path.is_file() and path.name not in INPUTS
        }

    def assert_quiet(self) -> None:
        assert leaks(self.out) == []
        assert leaks(self.err) == []
        assert "fleet.worker" in self.listed
        assert leaks(self.listed) == []
        assert "snapshots" in self.files[JOURNAL]
        assert {name: found for name, text in self.files.items() if (found := leaks(text))} == {}


def test_no_secret_is_in_the_report_or_on_the_screen(tmp_path: Path, url: str) -> None:
    seen = Watched(tmp_path, scenario(url), "-o", "report.json", "--name", "run", "--tag", "token:on-argv", "--seed", 4)
    seen.assert_quiet()
    assert seen.code in (3, 5), seen.err  # 5: this machine was too busy
    report = json.loads(seen.files["report.json"])
    kept = report["loadkit"]["examples"]
    assert report["loadkit"]["tags"] == {"token": "***"}
    assert report["loadkit"]["target"] == url.replace("http://", "http://***@")
    wanted = {
        "expect.header x-note values equals",
        "expect.equals",
        "expect.matchesRegexp",
        "expect.contentType",
        "Failed capture or match",
    }
    wanted |= {
        "Invalid loop count",
        "ERR_PROTOCOL",
        "ERR_INVALID_REQUEST",
        "ERR_CONNECTION_CLOSED",
    }
    assert wanted <= kept.keys(), sorted(kept)
    (bad_think,) = [name for name in kept if name.startswith("Invalid think time: ")]
    assert "***" in bad_think
    assert all("***" in example["text"] for name in ("expect.equals", bad_think) for example in kept[name])


@pytest.mark.parametrize("mode", [["--debug"], ["--debug", "--solo"], ["--debug", "-q"], ["-q", "--workers", "2"]])
def test_no_secret_is_printed_in_any_mode(tmp_path: Path, url: str, mode: list[str]) -> None:
    seen = Watched(tmp_path, scenario(url), *mode, "--seed", 4)
    seen.assert_quiet()
    if "--solo" not in mode:
        assert "***" in seen.out + seen.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_killed_leaves_no_secret(tmp_path: Path, url: str, number: signal.Signals) -> None:
    data = scenario(url)
    data["config"]["phases"] = [{"duration": 30, "arrivalRate": 20}]
    seen = Watched(tmp_path, data, "--debug", "-o", "report.json", end=number)
    seen.assert_quiet()
    assert seen.code == (-number if number is signal.SIGKILL else 128 + number)


def test_a_wrong_file_is_quoted_without_its_secrets(tmp_path: Path, url: str) -> None:
    data = json.dumps(scenario(url))  # one line: every diagnostic quotes all of it
    (tmp_path / "cards.csv").write_text("x\n")
    (tmp_path / "test.yaml").write_text(data.replace('"/away"', '"/{{ nothing }}"').replace('"order"', '"ordr"'))
    done = subprocess.run(
        [sys.executable, "-m", "loadkit", "validate", "test.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout.count(" error LK") == 2
    assert leaks(done.stdout + done.stderr) == []
