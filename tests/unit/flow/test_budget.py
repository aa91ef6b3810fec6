import gc
import signal
import threading
import time

import pytest

from loadkit.flow.budget import BudgetSpent, within_budget


def spin(seconds: float) -> str:
    until = time.process_time() + seconds
    while time.process_time() < until:
        try:
            pass
        except Exception:  # code that swallows everything must not swallow the end of its budget
            continue
    return "done"


def test_work_within_its_budget_gives_its_result() -> None:
    assert within_budget(lambda: spin(0.001)) == "done"


def test_work_is_given_up_after_its_budget() -> None:
    began = time.process_time()
    with pytest.raises(BudgetSpent, match="longer than 20 ms"):
        within_budget(lambda: spin(5), 0.02)
    assert time.process_time() - began < 0.5


def test_waiting_costs_nothing() -> None:
    assert within_budget(lambda: time.sleep(0.05), 0.02) is None


def test_nothing_is_left_behind() -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    with pytest.raises(ZeroDivisionError):
        within_budget(lambda: 1 / 0)
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGVTALRM) is before


def test_in_other_threads_work_is_done_without_a_limit() -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(within_budget(lambda: spin(0.1), 0.02)))
    thread.start()
    thread.join()
    assert found == ["done"]


def test_an_alarm_that_a_finalizer_swallowed_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        def __del__(self) -> None:
            spin(0.2)

    def work() -> str:
        Slow()
        return spin(5)

    monkeypatch.setattr("sys.unraisablehook", lambda unraisable: None)
    with pytest.raises(BudgetSpent):
        within_budget(work)


def test_the_collector_rests_meanwhile_and_goes_on_afterwards() -> None:
    assert within_budget(gc.isenabled) is False  # what is raised in its callbacks is lost
    assert gc.isenabled()
