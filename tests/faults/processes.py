"""A command and its children as Linux shows them in /proc: memory, descriptors, processor time, who is left."""

import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

PERIOD_S = 0.05
_SCAN_EVERY = 4  # periods between two looks for new children
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass
class Process:
    """What was seen of one process. `rss` and `descriptors` are (seconds since the start, bytes or number)."""

    pid: int
    command: str
    peak_rss: int = 0
    cpu_s: float = 0.0
    waited_s: float = 0.0
    """How long it was ready to run and had no processor."""
    rss: list[tuple[float, int]] = field(default_factory=list)
    descriptors: list[tuple[float, int]] = field(default_factory=list)

    @property
    def is_worker(self) -> bool:
        return "loadkit.fleet.worker" in self.command

    @property
    def descriptors_at_end(self) -> int:
        """The smallest number of the last half second: with a pause at the end of the plan, what nobody closed."""
        last = self.descriptors[-1][0]
        return min(number for at, number in self.descriptors if at > last - 0.5)

    @property
    def descriptors_as_a_rule(self) -> int:
        """The median over the whole run."""
        return round(median(number for _, number in self.descriptors))


class Watch:
    """Looks at a process and its descendants until `stop`. `stall_ms` is how long this machine once kept us waiting.

    Memory is the kernel's own high-water mark, so that no peak is missed between two looks.
    """

    def __init__(self, pid: int) -> None:
        self.began = time.monotonic()
        self.processes: dict[int, Process] = {}
        self.stall_ms = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(pid,))
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self, root: int) -> None:
        turn = 0
        while True:
            if turn % _SCAN_EVERY == 0:
                for pid in family(root):
                    self.processes.setdefault(pid, Process(pid, _command(pid)))
            for pid, process in list(self.processes.items()):
                command = _command(pid)
                if command and command != process.command:  # it was seen before its exec: until then it was its parent
                    process = self.processes[pid] = Process(pid, command)
                self._look(process)
            before = time.monotonic()
            if self._ended.wait(PERIOD_S):
                return
            self.stall_ms = max(self.stall_ms, (time.monotonic() - before - PERIOD_S) * 1000)
            turn += 1

    def _look(self, process: Process) -> None:
        at = time.monotonic() - self.began
        try:
            status = dict(
                line.split(":", 1)
                for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
                if ":" in line
            )
            if "VmHWM" not in status:  # a zombie has no memory
                return
            process.peak_rss = max(process.peak_rss, _kib(status["VmHWM"]))
            process.rss.append((at, _kib(status["VmRSS"])))
            process.descriptors.append((at, len(os.listdir(f"/proc/{process.pid}/fd"))))
            fields = _stat(process.pid)
            process.cpu_s = (int(fields[11]) + int(fields[12])) * _TICK_S
            process.waited_s = int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[1]) / 1e9
        except (OSError, IndexError):
            pass  # it has just ended


def family(root: int) -> list[int]:
    """Return a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                children.setdefault(int(_stat(int(entry))[1]), []).append(int(entry))
            except (OSError, IndexError):
                continue
    found = [root]
    for pid in found:  # grows while it is read
        found += children.get(pid, [])
    return found


def marked(mark: str) -> list[int]:
    """Return the living processes with `mark` in their environment, wherever their parents have gone."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                if mark.encode() in Path(f"/proc/{entry}/environ").read_bytes() and _stat(int(entry))[0] != "Z":
                    found.append(int(entry))
            except (OSError, IndexError):
                continue
    return found


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat behind the command's name: state, parent, ..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _kib(text: str) -> int:
    return int(text.split()[0]) * 1024
