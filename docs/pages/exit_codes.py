"""What the exit status of a command says."""

from __future__ import annotations

from docs.pages.markdown import heading, table
from loadkit.errors import ExitCode

_MEANINGS = {
    ExitCode.PASS: "All thresholds held, no objective was missed for certain and all checks passed, or nothing was judged.",
    ExitCode.BUG: "A bug in loadkit; the text above says where. Please report it.",
    ExitCode.INVALID_INPUT: "The command line or the scenario is wrong; nothing was run.",
    ExitCode.FAILED: "A threshold, an `ensure` check or an `expect` check failed, or the flow `after` the load did.",
    ExitCode.REGRESSION: "A comparison found something worse: `loadkit diff --exit-code`, when what is judged became looser.",
    ExitCode.INVALID_MEASUREMENT: "The generator, not the target, was the limit, or a worker was lost: the figures mean nothing. "
    "Also: the report could not be written after the run.",
    ExitCode.PREFLIGHT: "Nothing could be attempted: the report cannot be written, the users need more file "
    "descriptors than there are, `demo://` does not start, or the flow `before` the load failed.",
    ExitCode.SIGINT: "Ended by Ctrl-C (SIGINT); the report covers the part that ran.",
    ExitCode.SIGTERM: "Ended by SIGTERM; the report covers the part that ran.",
}

_TEXT = """
When several apply, the first of this order counts: a signal, 5, 3, 4. A measurement that is only SUSPECT changes
nothing; see [what makes a measurement valid](../concepts/validity.md).

A target that refuses connections, hangs or answers with errors does not fail a run by itself. That is what the run
measures: it is counted (`errors.ECONNREFUSED`, `http.codes.500`) and judged by your
[thresholds](../guides/thresholds-and-ci.md). A run without thresholds and checks exits with 0 whatever the target did.

With `--solo` thresholds are shown and change no exit code: one virtual user says nothing about percentiles. A failed
check (`expect`) still does, unless a threshold on `checks.*` says how many may fail.
"""


def exit_codes_page() -> str:
    """Return the page."""
    rows = [(str(int(code)), _MEANINGS[code]) for code in ExitCode]
    return "\n\n".join([heading(1, "Exit codes"), table(("code", "meaning"), rows), _TEXT.strip()])
