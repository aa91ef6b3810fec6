"""loadkit beside other tools, and its own costs.

    python -m bench install     get the peers of PyPI and npm into a cache directory
    python -m bench             requests per second of all tools: one GET, and a flow of two requests
    python -m bench tls         the same GET plain and over TLS
    python -m bench connect     a new connection for each request
    python -m bench memory      10,000 virtual users with open connections in think time
    python -m bench idle        50,000 virtual users in think time without a connection
    python -m bench coordinator what the coordinator takes of a core, with 100 series
    python -m bench scaling     one worker and two, where there are cores for them
    python -m bench startup     from command to prompt
    python -m bench lag         how late arrivals start
    python -m bench micro       recorder, templates, captures
    python -m bench journal     keeping a journal of a run
    python -m bench dashboard   following a run on a page
    python -m bench hlog        writing a log of histograms
    python -m bench track       keeping what confidence intervals need
    python -m bench thresholds  judging thresholds over time
    python -m bench observe     a look at what is observed, and judging its growth
    python -m bench leaks       how often growth is taken for a leak, a cache, or nothing, and is another of these
    python -m bench interleaving how often `loadkit ab` blames wrongly, and after how many pairs rightly
    python -m bench coverage    how often confidence intervals hold the truth
    python -m bench regressions how often comparisons of runs are wrong, and what they find; some minutes

The server has core 0, the generator core 1. Figures drift on shared machines: quote ratios of medians.
"""

from __future__ import annotations

import argparse
import sys

from bench.compare import compare
from bench.coordinator import coordinator
from bench.coverage import coverage
from bench.dashboard import dashboard
from bench.hlog import hlog
from bench.idle import idle
from bench.interleaving import interleaving
from bench.journal import journal
from bench.lag import lag
from bench.leaks import leaks
from bench.memory import memory
from bench.micro import micro
from bench.observe import observe
from bench.peers import PEERS, Unusable, install
from bench.regressions import regressions
from bench.scaling import scaling
from bench.startup import startup
from bench.thresholds import thresholds
from bench.track import track


def main() -> int:
    """Run one benchmark and print its table."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = (
        "compare",
        "tls",
        "connect",
        "memory",
        "idle",
        "coordinator",
        "scaling",
        "startup",
        "lag",
        "micro",
        "journal",
        "dashboard",
        "hlog",
        "track",
        "thresholds",
        "observe",
        "leaks",
        "coverage",
        "interleaving",
        "regressions",
        "install",
    )
    parser.add_argument("benchmark", nargs="?", choices=kinds, default="compare")
    parser.add_argument("--pairs", type=int, default=5, help="rounds of each tool (5)")
    parser.add_argument("--seconds", type=int, default=5, help="length of one run (5)")
    parser.add_argument("--only", default="", metavar="TOOL,...", help=", ".join(peer.name for peer in PEERS))
    asked = parser.parse_args()
    if asked.benchmark == "install":
        install()
        return 0
    try:
        print(_table(asked))
    except (Unusable, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _table(asked: argparse.Namespace) -> str:
    only = [name for name in asked.only.split(",") if name]
    match asked.benchmark:
        case "memory":
            return memory()
        case "idle":
            return idle()
        case "coordinator":
            return coordinator(max(asked.seconds, 15))
        case "scaling":
            return scaling(asked.seconds)
        case "startup":
            return startup(asked.pairs)
        case "lag":
            return lag((1000, 2000, 5000), asked.seconds)
        case "micro":
            return micro()
        case "journal":
            return journal()
        case "dashboard":
            return dashboard()
        case "hlog":
            return hlog()
        case "coverage":
            return coverage()
        case "interleaving":
            return interleaving()
        case "regressions":
            return regressions()
        case "observe":
            return observe()
        case "leaks":
            return leaks()
        case "track":
            return track()
        case "thresholds":
            return thresholds()
        case "compare":
            works = ["get", "flow"]
        case "tls":
            works = ["get", "tls"]
        case kind:
            works = [kind]
    return compare(works, pairs=asked.pairs, seconds=asked.seconds, only=only)


if __name__ == "__main__":
    sys.exit(main())
