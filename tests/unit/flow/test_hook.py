"""Which of the things handed a function takes."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from loadkit.flow.hook import HookFault, choose

GIVES = ("request", "response", "user", "metrics")


def called(function: Callable[..., Any]) -> Any:
    """Call a function as a hook does, with the names of what it is given."""
    choice = choose(tuple(inspect.signature(function).parameters.values()), GIVES)
    words = {name: GIVES[index] for name, index in choice.words}
    return function(*[GIVES[index] for index in choice.positions], **words)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda: (), ()),
        (lambda request, response, user, metrics: (request, response, user, metrics), GIVES),
        (lambda user: user, "user"),
        (lambda metrics, user: (metrics, user), ("metrics", "user")),
        (lambda user, retries=3, metrics=None: (user, retries, metrics), ("user", 3, "metrics")),
        (lambda *, user: user, "user"),
        (lambda req, res: (req, res), ("request", "response")),
        (lambda req, res, context, events: (req, res, context, events), GIVES),
        (lambda request, res, *rest: (request, res, rest), ("request", "response", ("user", "metrics"))),
        (lambda *everything: everything, GIVES),
        (lambda user, **rest: (user, sorted(rest)), ("user", ["metrics", "request", "response"])),
        (lambda req, /, *, metrics: (req, metrics), ("request", "metrics")),
    ],
)
def test_a_function_takes_what_its_parameters_name_else_in_order(
    function: Callable[..., Any], expected: object
) -> None:
    assert called(function) == expected


@pytest.mark.parametrize(
    ("function", "taken"),
    [
        (lambda req, res, context, events, done: None, "req, res, context, events, done"),
        (lambda user, ee: None, "user, ee"),
        (lambda request, *, colour: None, "request, colour"),
    ],
)
def test_a_function_that_wants_something_else_is_refused(function: Callable[..., Any], taken: str) -> None:
    with pytest.raises(HookFault, match=taken):
        called(function)
