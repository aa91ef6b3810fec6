"""What people did to runs that never happened."""

from loadkit.engine.interventions import Intervention, Kind


def did(at_s: float, kind: Kind, value: float = 1.0, by: str = "keyboard") -> Intervention:
    return Intervention(at_s=at_s, kind=kind, value=value, by=by)


PAUSED = (did(0.5, "pause", 0.0), did(1.25, "resume"))
STOPPED = (did(1.5, "stop", by="dashboard"),)
BEGUN = (did(0.0, "begin", by="dashboard"),)
EVERY = (*BEGUN, *PAUSED, did(1.3, "rate", 2.5, by="api"), *STOPPED)
