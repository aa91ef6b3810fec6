"""Limits from the outside: hosts, rates and the question on a terminal, which is a pseudo terminal here."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_run import serving
from tests.support.command import ROOT, loadkit, run, scenario, write_yaml
from tests.support.raw_server import Peer, response

PUBLIC = "http://192.0.2.1:9"  # TEST-NET-1 of RFC 5737: nobody's, and nothing is sent there
MUCH = [{"duration": 1, "arrivalRate": 101}]
ONE = [{"duration": 1, "arrivalCount": 1}]


async def lead(peer: Peer) -> None:
    """Redirect to another name of this machine, and to where secrets of a cloud are kept."""
    while head := await peer.request():
        path = head.split()[1].decode()
        where = {"/meta": "http://169.254.169.254/latest", "/file": "file:///etc/passwd"}.get(path)
        await peer.send(response(b"", "302 Found", f"Location: {where}") if where else response(b"ok"))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(lead) as made:
        yield made


def test_a_redirect_to_a_host_that_is_not_allowed_is_an_error_of_its_own(tmp_path: Path, url: str) -> None:
    flow: list[Any] = [{"get": {"url": "/meta"}}]
    result = run(tmp_path, scenario(url, ONE, flow), "--allow-host", "127.0.0.0/8")
    assert result.counters["errors.ERR_HOST_NOT_ALLOWED"] == 1
    assert "169.254.169.254 is not among the allowed hosts" in result.out


def test_a_url_with_variables_is_checked_when_it_is_known(tmp_path: Path, url: str) -> None:
    data = scenario(url, ONE, [{"get": {"url": "{{ place }}/x"}}], variables={"place": [PUBLIC, PUBLIC]})
    result = run(tmp_path, data, "--allow-host", "127.0.0.1")
    assert result.counters["errors.ERR_HOST_NOT_ALLOWED"] == 1


def test_a_redirect_to_a_file_is_not_followed(tmp_path: Path, url: str) -> None:
    result = run(tmp_path, scenario(url, ONE, [{"get": {"url": "/file"}}]))
    assert result.counters["errors.ERR_PROTOCOL"] == 1


def test_what_is_allowed_runs_and_a_name_by_its_addresses(tmp_path: Path, url: str) -> None:
    data = scenario(url.replace("127.0.0.1", "localhost"), ONE, [{"get": {"url": "/"}}])
    result = run(tmp_path, data, "--allow-host", "127.0.0.0/8")
    assert result.counters["http.codes.200"] == 1
    refused = run(tmp_path, data, "--allow-host", "10.0.0.0/8")
    assert refused.code == 2
    assert "localhost is " in refused.err
    assert "nothing was sent" in refused.err


def test_the_demo_is_always_allowed(tmp_path: Path) -> None:
    result = run(tmp_path, scenario("demo://", ONE, [{"get": {"url": "/products"}}]), "--allow-host", "shop.example")
    assert result.counters["http.codes.200"] == 1


def test_a_project_file_holds_for_every_command_below_it(tmp_path: Path, url: str) -> None:
    (tmp_path / ".loadkit.yaml").write_text("allow_hosts: [127.0.0.1]\nmax_rate: 60\n")
    (tmp_path / "sub").mkdir()
    quick = loadkit("quick", url, "--rate", "70", "--max-rate", "80", cwd=tmp_path / "sub")
    assert quick.code == 2
    assert "and only 60/s are allowed" in quick.err
    quick = loadkit("quick", PUBLIC, "--rate", "1", "--allow-host", "192.0.2.1", cwd=tmp_path / "sub")
    assert quick.code == 2
    assert "LK401: 192.0.2.1 is not among the allowed hosts" in quick.err
    write_yaml(tmp_path / "sub", scenario(PUBLIC, ONE, [{"get": {"url": "/"}}]))
    validated = loadkit("validate", "test.yaml", cwd=tmp_path / "sub")
    assert (validated.code, "LK401" in validated.out) == (2, True)
    (tmp_path / ".loadkit.yaml").write_text("allowed: 1\n")
    wrong = loadkit("quick", url, cwd=tmp_path / "sub")
    assert wrong.code == 2
    assert '.loadkit.yaml:1:1: error LK101: unknown key "allowed"' in wrong.err


def on_terminal(directory: Path, answer: str, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run a command on a terminal, answer its question if there is one, and return its exit code and what it wrote."""
    kept = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("LOADKIT_")}
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "loadkit", *arguments], stdin=side, stdout=side, stderr=side, cwd=directory,
        env={**kept, "PYTHONPATH": str(ROOT), "TERM": "dumb", **environment},
    )  # fmt: skip
    os.close(side)
    seen, asked = b"", False
    while True:
        try:
            data = os.read(main, 4096)
        except OSError:  # EIO: nobody holds the other side any more
            break
        if not data:
            break
        seen += data
        if not asked and b"Continue? [y/N]" in seen:
            asked = True
            os.write(main, f"{answer}\n".encode())
    code = process.wait(30)
    os.close(main)
    return code, seen.decode()


def of(directory: Path, target: str, phases: list[dict[str, Any]], **config: Any) -> Path:
    return write_yaml(directory, scenario(target, phases, [{"get": {"url": "/", "timeout": 1}}], **config))


@pytest.mark.parametrize("answer", ["n", "", "yes please"])
def test_a_terminal_is_asked_and_a_no_sends_nothing(tmp_path: Path, answer: str) -> None:
    of(tmp_path, PUBLIC, MUCH)
    code, seen = on_terminal(tmp_path, answer, "run", "test.yaml")
    assert code == 2
    assert seen.count("Continue?") == 1
    assert "This sends up to 101 requests/s to 192.0.2.1, not a private host." in seen
    assert "not confirmed; nothing was sent" in seen
    assert "against" not in seen


def test_a_closed_phase_without_pacing_counts_as_much_and_quick_asks_too(tmp_path: Path) -> None:
    code, seen = on_terminal(tmp_path, "n", "quick", PUBLIC, "--users", "1")
    assert code == 2
    assert "This sends as many requests as it answers to 192.0.2.1" in seen


def test_a_private_host_and_a_small_rate_are_not_asked_about(tmp_path: Path, url: str) -> None:
    of(tmp_path, url, MUCH)
    for arguments in (["run", "test.yaml"], ["run", "test.yaml", "--solo"]):
        code, seen = on_terminal(tmp_path, "n", *arguments)
        assert (code in (0, 5), "Continue?" in seen) == (True, False), seen


NOWHERE = ["-o", "missing/report.json"]  # what comes after the question ends the command before anything is sent
UNASKED: list[tuple[list[str], dict[str, str]]] = [(["--yes"], {}), (["-y"], {}), (["-q"], {}), ([], {"CI": "true"})]


@pytest.mark.parametrize(("options", "environment"), UNASKED)
def test_a_yes_in_advance_quiet_and_ci_are_not_asked(
    tmp_path: Path, options: list[str], environment: dict[str, str]
) -> None:
    of(tmp_path, PUBLIC, MUCH)
    code, seen = on_terminal(tmp_path, "n", "run", "test.yaml", *options, *NOWHERE, **environment)
    assert (code, "Continue?" in seen) == (6, False), seen


def test_a_pipe_is_never_asked(tmp_path: Path) -> None:
    of(tmp_path, PUBLIC, MUCH)
    result = loadkit("run", "test.yaml", *NOWHERE, cwd=tmp_path)
    assert (result.code, "Continue?" in result.out + result.err) == (6, False)


def test_a_yes_goes_on(tmp_path: Path) -> None:
    of(tmp_path, PUBLIC, MUCH)
    code, seen = on_terminal(tmp_path, "y", "run", "test.yaml", *NOWHERE)
    assert (code, "Continue?" in seen) == (6, True), seen
