"""JMESPath expressions (jmespath.org), which take a value out of JSON; the library is loaded when one is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_LONGEST = 2000  # characters


class JmesPathFault(ValueError):
    """An expression that cannot be compiled, or that fails on a document. `offset` counts characters from 0."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


def compile_jmespath(text: str) -> Callable[[Any], Any]:
    """Return what finds the value of an expression, None where there is none. Both raise JmesPathFault."""
    import jmespath

    if len(text) > _LONGEST:
        raise JmesPathFault(f"it has more than {_LONGEST} characters")
    try:
        expression = jmespath.compile(text)
    except jmespath.exceptions.ParseError as error:
        raise JmesPathFault(f"unexpected {error.token_value!r}", error.lex_position) from None
    except jmespath.exceptions.JMESPathError as error:
        raise JmesPathFault(str(error)) from None
    except RecursionError:
        raise JmesPathFault("it is nested too deeply") from None

    def search(document: Any) -> Any:
        try:
            return expression.search(document)
        except (jmespath.exceptions.JMESPathError, ArithmeticError, TypeError, RecursionError) as error:
            raise JmesPathFault(f"{text}: {error}") from None

    return search
