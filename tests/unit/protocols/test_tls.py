"""Certificates: what is trusted, what the client shows, and what is wrong with the files."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from loadkit.protocols.network import network_of
from loadkit.protocols.tls import TlsFault, tls_context
from tests.support.engine import Ran, build_for, on_loop, run_flow
from tests.support.raw_server import Peer, raw_server, response

GET = [{"get": {"url": "/x"}}]
PASSPHRASE = "correct horse"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the files of a server that demands certificates, and of a client that has one."""
    from cryptography.hazmat.primitives import serialization

    directory = tmp_path_factory.mktemp("tls")
    authority, client = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    client.cert_pem.write_to_path(str(directory / "clients.pem"))
    for name, issuer, whom in (("server", authority, "localhost"), ("client", client, "ann@example.com")):
        made = issuer.issue_cert(whom)
        made.cert_chain_pems[0].write_to_path(str(directory / f"{name}.pem"))
        made.private_key_pem.write_to_path(str(directory / f"{name}.key"))
        made.private_key_and_cert_chain_pem.write_to_path(str(directory / f"{name}-both.pem"))
    key = serialization.load_pem_private_key((directory / "client.key").read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSPHRASE.encode()),
    )
    (directory / "locked.key").write_bytes(locked)
    return directory


def demanding(files: Path, flow: list[Any], tls: dict[str, Any], target: str = "", **config: Any) -> Ran:
    """Run a flow against a server that speaks with nobody who shows no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files / "server.pem", files / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(files / "clients.pem")
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # in 1.3 a refusal comes only after the handshake

    async def serve(peer: Peer) -> None:
        shown = peer.writer.get_extra_info("ssl_object").getpeercert()
        while await peer.request():
            await peer.send(response(str(bool(shown)).encode()))

    async def main() -> Ran:
        async with raw_server(serve, tls=context) as server:
            url = f"https://localhost:{server.port}"
            return await run_flow(flow, target or url, config={"tls": tls, **config}, variables={"server": url})

    ran: Ran = on_loop(main())
    return ran


def in_files(files: Path, **names: str) -> dict[str, Any]:
    return {key: str(files / name) for key, name in names.items()}


@pytest.mark.parametrize(
    "names",
    [
        {"ca": "ca.pem", "cert": "client.pem", "key": "client.key"},
        {"ca": "ca.pem", "cert": "client-both.pem"},
        {"certificateAuthority": "ca.pem", "certificate": "client.pem", "key": "client.key"},
    ],
    ids=["files", "one file", "Artillery's names"],
)
def test_a_server_that_demands_a_certificate_is_shown_one(files: Path, names: dict[str, str]) -> None:
    ran = demanding(files, [*GET, *GET], in_files(files, **names))
    assert (ran.errors, ran.count("http.codes.200"), ran.count("http.connections")) == ({}, 2, 1)


def test_certificates_may_stand_in_the_scenario_as_text(files: Path) -> None:
    texts = {key: (files / name).read_text() for key, name in (("ca", "ca.pem"), ("cert", "client.pem"))}
    key = (files / "client.key").read_text()
    ran = demanding(files, GET, {"ca": [texts["ca"]], "cert": texts["cert"], "key": key})
    assert (ran.errors, ran.count("http.codes.200")) == ({}, 1)


def test_a_passphrase_opens_the_key(files: Path) -> None:
    tls = in_files(files, ca="ca.pem", cert="client.pem", key="locked.key")
    ran = demanding(files, GET, {**tls, "passphrase": PASSPHRASE})
    assert (ran.errors, ran.count("http.codes.200")) == ({}, 1)


def test_the_certificate_is_shown_to_other_targets_than_that_of_the_file_too(files: Path) -> None:
    tls = in_files(files, ca="ca.pem", cert="client.pem", key="client.key")
    ran = demanding(files, [{"get": {"url": "{{ server }}/x"}}], tls, target="http://127.0.0.1:1")
    assert (ran.errors, ran.count("http.codes.200")) == ({}, 1)


def test_without_a_certificate_the_handshake_fails(files: Path) -> None:
    ran = demanding(files, GET, in_files(files, ca="ca.pem"))
    assert ran.count("http.responses") == 0
    assert set(ran.errors) <= {"ERR_TLS", "ECONNRESET_CONNECT", "ERR_CONNECTION_CLOSED"}


@pytest.mark.parametrize("key", ["servername", "serverName"])
def test_another_name_is_asked_for_and_verified(files: Path, key: str) -> None:
    tls = in_files(files, ca="ca.pem", cert="client-both.pem")
    ran = demanding(files, GET, {**tls, key: "elsewhere.example"})
    assert ran.errors == {"ERR_TLS_CERT_ALTNAME_INVALID": 1}


def test_versions_below_the_oldest_are_not_spoken(files: Path) -> None:
    tls = in_files(files, ca="ca.pem", cert="client-both.pem")
    ran = demanding(files, GET, {**tls, "minVersion": "TLSv1.3"})
    assert ran.count("http.responses") == 0
    assert set(ran.errors) <= {"ERR_SSL_UNSUPPORTED_PROTOCOL", "ECONNRESET_CONNECT"}  # asyncio's server sends no alert


def test_versions_and_ciphers_are_those_that_are_said() -> None:
    context = tls_context({"minVersion": "TLSv1.2", "maxVersion": "TLSv1.2", "ciphers": "ECDHE+AESGCM"}, Path())
    assert context.minimum_version is context.maximum_version is ssl.TLSVersion.TLSv1_2
    assert all("GCM" in cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] == "TLSv1.2")


@pytest.mark.parametrize(
    ("tls", "key", "said"),
    [
        ({"ca": "none.pem"}, "ca", "there is no file none.pem"),
        ({"certificateAuthority": ["ca.pem", "none.pem"]}, "certificateAuthority", "there is no file none.pem"),
        ({"cert": "client.pem", "key": "none.key"}, "key", "there is no file none.key"),
        ({"cert": "client.pem"}, "", "a certificate or key cannot be read"),
        ({"cert": "client.pem", "key": "server.key"}, "", "a certificate or key cannot be read"),
        ({"cert": "client.pem", "key": "locked.key"}, "", "`passphrase` does not open the key"),
        ({"cert": "client.pem", "key": "locked.key", "passphrase": "wrong"}, "", "`passphrase` does not open the key"),
        ({"ca": "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----"}, "", "cannot be read"),
        ({"ciphers": "none"}, "ciphers", "OpenSSL knows none of these ciphers"),
        ({"minVersion": "TLSv1.3", "maxVersion": "TLSv1.2"}, "minVersion", "minVersion is above maxVersion"),
        ({"minVersion": "SSLv3"}, "minVersion", "'SSLv3' is no version of TLS"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_key(files: Path, tls: dict[str, Any], key: str, said: str) -> None:
    with pytest.raises(TlsFault) as caught:
        tls_context(tls, files)
    assert caught.value.key == key
    assert said in str(caught.value)
    build = build_for({"tls": tls}, base=files)
    network_of(build)
    network_of(build)
    assert [(found.code, said in found.message) for found in build.diagnostics] == [("LK214", True)]
