"""The whole run from left to right: what is planned, which phases there are, and where it is.

▁▂▃▄▅▆▇████████████▁▁▁▁
├ramp──────├peak─▲─├calm─
"""

from __future__ import annotations

from loadkit.outputs.live.line import Line, Piece, cut_text, safe, width_of
from loadkit.outputs.live.spark import Marks, spark
from loadkit.outputs.progress import phase_at, planned_at
from loadkit.scenario.plan import Plan


class PhaseLine:
    """Draws a plan; what is planned is looked up once for each width."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._shares: list[float] = []

    def lines(self, width: int, at_ns: int, marks: Marks) -> list[Line]:
        """Return the two lines, with a marker at an instant since the run's start; nothing for a plan that takes no time."""
        length_ns = self._plan.duration_ns
        if length_ns <= 0 or width <= 0:
            return []
        if len(self._shares) != width:
            self._shares = self._planned(width)
        here = min(width - 1, at_ns * width // length_ns)
        bars = spark(self._shares, width, marks, top=1.0)
        below = _columns(self._ruler(width, marks))
        if not below[here] and here:  # the second column of a wide character, which goes
            below[here - 1] = " "
        if here + 1 < width and not below[here + 1]:
            below[here + 1] = " "
        return [
            (Piece(bars[:here]), Piece(bars[here], "bold"), Piece(bars[here + 1 :], "dim")),
            (
                Piece("".join(below[:here]), "dim"),
                Piece(marks.here, "bold"),
                Piece("".join(below[here + 1 :]), "dim"),
            ),
        ]

    def _planned(self, width: int) -> list[float]:
        """Return what is planned at each column: of the largest rate, or of the most users."""
        length_ns = self._plan.duration_ns
        found = []
        for column in range(width):
            at_ns = (2 * column + 1) * length_ns // (2 * width)
            found.append(planned_at(phase_at(self._plan, at_ns), at_ns))
        most_users = max((users or 0 for users, _ in found), default=0) or 1
        most_per_s = max((per_s or 0.0 for _, per_s in found), default=0.0) or 1.0
        return [users / most_users if users is not None else (per_s or 0.0) / most_per_s for users, per_s in found]

    def _ruler(self, width: int, marks: Marks) -> str:
        """Return the phases' names, each where it begins."""
        length_ns, made = self._plan.duration_ns, ""
        for phase in self._plan.phases:
            begin, end = phase.start_ns * width // length_ns, phase.end_ns * width // length_ns
            if end > begin:
                text = f"{marks.corner}{cut_text(safe(phase.name), end - begin - 1, marks.more)}"
                made += text + marks.rule * (end - begin - width_of(text))
        return made + marks.rule * (width - width_of(made))


def _columns(text: str) -> list[str]:
    """Return what each column of a text shows; the second column of a wide character is "", and a mark stays with its letter."""
    columns: list[str] = []
    for char in text:
        took = width_of(char)
        if took == 0 and columns:
            columns[-1] += char
        else:
            columns += [char, *([""] * (took - 1))]
    return columns
