"""`loadkit watch` on real processes: its screen, its server, its files, its exit code."""

import csv
import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.command import Result, finish, loadkit, start

LEAKING = """
import time
print("ready", flush=True)
kept = []
while True:
    kept.append(b"x" * 100_000)
    time.sleep(0.02)
"""
WAITING = "import sys; print('ready', flush=True); sys.stdin.read()"


@contextmanager
def process(text: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", text]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as made:
        assert made.stdout is not None
        made.stdout.readline()
        try:
            yield made
        finally:
            made.kill()


class Watched(NamedTuple):
    """What a process that leaks came to, and what the server said of it meanwhile."""

    result: Result
    pages: dict[str, tuple[int, str]]
    directory: Path


def fetch(url: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    directory = tmp_path_factory.mktemp("watch")
    with process(LEAKING) as target:
        watch = start(
            *("watch", "--pid", target.pid, "--interval", "100ms", "--warmup", "500ms", "--serve", "0"),
            *("--csv", "w.csv", "--html", "w.html"),
            cwd=directory,
        )
        assert watch.stderr is not None
        assert watch.stdout is not None
        url = re.search(r"http://\S+?/(?=metrics)", watch.stderr.readline())
        assert url is not None
        lines = [watch.stdout.readline() for _ in range(35)]
        paths = ("", "metrics", "health", "snapshot", "leaks", "nothing")
        pages = {path: fetch(url[0] + path) for path in paths}
        pages["foreign"] = fetch(f"{url[0]}snapshot", Host="evil.example")
        watch.send_signal(signal.SIGINT)
        result = finish(watch)
    return Watched(Result(result.code, "".join(lines) + result.out, result.err), pages, directory)


def data(watched: Watched, path: str) -> Any:
    status, body = watched.pages[path]
    assert status == 200, body
    return json.loads(body)


def test_a_leak_is_critical_and_the_exit_code_says_so(watched: Watched) -> None:
    assert watched.result.code == 3, watched.result.out
    assert re.search(r"rss [\d.]+ MiB  threads \d+  fds \d+", watched.result.out)
    assert re.search(r"CRITICAL process rss: grew by .* an hour", watched.result.out)


def test_the_server_tells_values_and_leaks(watched: Watched) -> None:
    assert set(data(watched, "")) == {"/metrics", "/health", "/snapshot", "/leaks"}
    assert data(watched, "health")["status"] in ("critical", "warning", "ok")
    series = {one["series"]: one for one in data(watched, "snapshot")["series"]}
    assert series["rss"]["min"] <= series["rss"]["value"] <= series["rss"]["max"]
    verdicts = {one["series"]: one for one in data(watched, "leaks")["verdicts"]}
    assert verdicts["rss"]["by_time"] is True
    assert verdicts["fds"]["severity"] == "none"
    samples = {
        (sample.name, sample.labels.get("series")): sample.value
        for family in text_string_to_metric_families(watched.pages["metrics"][1])
        for sample in family.samples
    }
    assert samples["loadkit_observed", "rss"] > 1_000_000
    assert samples["loadkit_observed_leak", "fds"] == 0
    assert samples["loadkit_observed_growth_per_hour", "rss"] > 1_000_000
    assert ("loadkit_observed_lost_total", None) in samples


def test_the_server_answers_nobody_under_another_name(watched: Watched) -> None:
    assert watched.pages["foreign"][0] == 421
    assert watched.pages["nothing"][0] == 404


def test_the_table_has_a_line_for_each_look(watched: Watched) -> None:
    with (watched.directory / "w.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 35
    memory = [float(row["process.rss"]) for row in rows if row["process.rss"]]
    assert len(memory) >= 20
    assert memory[-1] > memory[5]
    assert [float(row["t_s"]) for row in rows] == sorted(float(row["t_s"]) for row in rows)


def test_the_page_has_a_plot_of_each_series_and_no_script(watched: Watched) -> None:
    page = (watched.directory / "w.html").read_text()
    assert "<script" not in page
    assert "process rss" in page
    assert page.count("<polyline") >= 5
    assert re.search(r"process read</td>(<td class=\"num\">[\d.]+ \w?i?B/s</td>){4}", page)
    assert not re.search(r"(?:src|href)=", page)


def test_watching_ends_with_the_process_and_without_a_leak_it_passes() -> None:
    with process(WAITING) as target:
        watch = start("watch", "--pid", target.pid, "--interval", "100ms")
        assert watch.stdout is not None
        watch.stdout.readline()
        target.communicate()
        result = finish(watch)
    assert result.code == 0, result.out
    assert "what was watched has ended" in result.err
    unknown = (
        r"^unknown  process rss, process threads, .*: \d+ samples .* it takes 10 to say whether it grows\n +run longer"
    )
    assert re.search(unknown, result.out, re.MULTILINE)


def test_of_two_processes_watching_goes_on_with_the_one_that_is_still_there(tmp_path: Path) -> None:
    with process(WAITING) as first, process(WAITING) as second:
        pids = ("--pid", first.pid, "--pid", second.pid)
        watch = start("watch", *pids, "--interval", "100ms", "--csv", "w.csv", cwd=tmp_path)
        assert watch.stdout is not None
        watch.stdout.readline()
        first.communicate()
        line = watch.stdout.readline()
        while not re.search(rf"pid-{first.pid} no sample \| pid-{second.pid} cpu", line):
            line = watch.stdout.readline()
            assert line, "watching ended with the first process"
        second.communicate()
        result = finish(watch)
    assert result.code == 0, result.out
    assert "what was watched has ended" in result.err
    assert f"pid-{second.pid}.rss" in (tmp_path / "w.csv").read_text()


def test_this_machine_is_watched_for_as_long_as_is_asked() -> None:
    result = loadkit("watch", "--host", "--duration", "500ms", "--interval", "250ms", "-q")
    assert result.code == 0, result.out + result.err
    assert "host memory: " in result.out
    assert not re.search(r"^ *\d+ms ", result.out, re.MULTILINE)
