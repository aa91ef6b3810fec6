from loadkit.outputs.gathering import Gathering
from tests.support.results import failing_second, interval, report_of, result, second, started


def test_what_happened_each_second_is_in_the_report():
    seconds = second(0), failing_second(1)
    made = result(*seconds)
    gathering = Gathering()
    gathering.start(started())
    for snapshot in seconds:
        gathering.interval(interval(snapshot))
    assert gathering.report(made) == report_of(made, *seconds)


def test_a_run_that_never_started_still_has_a_report():
    assert Gathering().report(result())["loadkit"]["name"] == "shop"


def test_the_report_says_under_which_id_the_run_is_kept():
    made = Gathering().report(result(), run="20261121-090255-k3f9")
    assert made["loadkit"]["run"] == "20261121-090255-k3f9"
    assert Gathering().report(result())["loadkit"]["run"] is None
