"""Which runs of a baseline a run is compared with: those of the same thing that measured something and passed.

Same is what makes load comparable: scenario, phases, target and kind of machine. What is left out is named, and so is in what a run
differs that is compared nevertheless, since somebody asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from loadkit.analysis.comparison import LeftOut
from loadkit.analysis.policy import Settings
from loadkit.analysis.reading import Reading
from loadkit.report.fingerprint import PARTS


def accepted(
    new: Reading, base: Sequence[Reading], settings: Settings
) -> tuple[list[Reading], list[LeftOut], list[str]]:
    """Return the baseline runs that count, those that do not, and what is to be kept in mind of those that do."""
    accepted: list[Reading] = []
    left_out, notes = [], dict[str, None]()
    for reading in base:
        apart = _apart(new, reading) if not (new.faults or reading.faults) else {}
        refused = [words for part, words in apart.items() if part not in settings.across]
        reason = (
            "; ".join(reading.faults)
            or ("it is the run itself" if reading.identity == new.identity else "")
            or ("it is given twice" if reading.identity in {one.identity for one in accepted} else "")
            or reading.failed
            or "; ".join(refused)
        )
        if reason:
            left_out.append(LeftOut(run=reading.run, reason=reason))
            continue
        accepted.append(reading)
        notes.update(dict.fromkeys(f"compared although {words}" for words in apart.values()))
    return accepted, left_out, list(notes)


def _apart(new: Reading, base: Reading) -> dict[str, str]:
    """Return in which parts of the fingerprint two runs differ, with words for each."""
    return {
        part: f"{part} differ{'' if part == 'phases' else 's'} ({base.words[part]} -> {new.words[part]})"
        for part in PARTS
        if new.parts[part] != base.parts[part]
    }


def summed(left_out: Sequence[LeftOut]) -> str:
    """Return why runs were left out, each reason once."""
    reasons: dict[str, list[str]] = {}
    for left in left_out:
        reasons.setdefault(left.reason, []).append(left.run)
    return "; ".join(f"{', '.join(runs)}: {reason}" for reason, runs in reasons.items())
