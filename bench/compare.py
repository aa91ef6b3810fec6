"""Rounds of the same work by each tool in turn, so that a noisy moment of the machine meets all of them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.peers import PEERS, Peer, Unusable
from bench.server import nginx
from bench.table import comparison
from bench.work import Work

Figures = dict[str, list[float]]


def compare(kinds: Sequence[str], *, pairs: int, seconds: int, only: Sequence[str] = ()) -> str:
    """Do each kind of work `pairs` times with each tool that is there; return the table."""
    peers = [peer for peer in PEERS if peer.find() and (not only or peer.name in only)]
    columns: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="loadkit-bench-") as name, nginx(Path(name)) as server:
        for kind in kinds:
            users = 20 if kind == "connect" else 50
            url = server.tls_url if kind == "tls" else server.url
            work = Work(kind=kind, url=url, users=users, seconds=seconds)
            columns[work.title] = _rounds(work, [peer for peer in peers if kind in peer.works], pairs, Path(name))
    return comparison(columns)


def _rounds(work: Work, peers: Sequence[Peer], pairs: int, folder: Path) -> Figures:
    figures: Figures = {}
    for number in range(pairs):
        for peer in peers:
            try:
                rate = peer.run(work, folder)
            except Unusable as error:
                _say(f"{work.title} round {number + 1}: {peer.name}: {error}")
                continue
            figures.setdefault(peer.name, []).append(rate)
            _say(f"{work.title} round {number + 1}: {peer.name} {rate:,.0f}/s")
    return figures


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
