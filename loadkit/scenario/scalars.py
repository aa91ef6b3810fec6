"""Unquoted YAML values by the YAML 1.2 core schema, and the YAML 1.1 values that are text here."""

from __future__ import annotations

import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
# A number never starts with a needless 0: "012" is an article number, not 12 and not 10.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_BASED = {"0x": (16, re.compile(r"0x[0-9a-fA-F]+")), "0o": (8, re.compile(r"0o[0-7]+"))}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 300  # Python refuses integers above 4300 digits; nobody means a number here anyway

_EXACT_BELOW = 2**53
_YES_NO = re.compile(r"yes|Yes|YES|on|On|ON|no|No|NO|off|Off|OFF")
_OCTAL = re.compile(r"[-+]?0[0-7]+")
_SEXAGESIMAL = re.compile(r"[-+]?[1-9][0-9]*(?::[0-5]?[0-9])+(?:\.[0-9]*)?")
_GROUPED = re.compile(r"[-+]?[1-9][0-9]*(?:_[0-9]+)+(?:\.[0-9_]*)?")
_BINARY = re.compile(r"[-+]?0b[01]+")


def read_plain(text: str) -> Scalar:
    """Return what an unquoted text means: null, a boolean, a number, or the text itself.

    `yes`, `012`, `10:30`, `2020-01-01` and `=` are texts.
    """
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _LONGEST_NUMBER or text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    base, pattern = _BASED.get(text[:2], (10, _FLOAT))
    if not pattern.fullmatch(text):
        return text
    return _number(float(text)) if base == 10 else int(text[2:], base)


def _number(value: float) -> Scalar:
    """Return a whole number as one: 1e3 and 10.0 go into JSON as 1000 and 10, as JavaScript writes them."""
    return int(value) if value.is_integer() and abs(value) < _EXACT_BELOW else value


def read_tagged(tag: str, text: str) -> Scalar:
    """Return a scalar with a core tag ("int" for `!!int`) as its type. Raises ValueError when it is not one."""
    if tag == "str":
        return text
    value = read_plain(text)
    if tag == "float" and type(value) is int:
        return float(value)
    if type(value).__name__ != {"null": "NoneType"}.get(tag, tag):
        raise ValueError(f'"{text}" is not a value of !!{tag}')
    return value


def explain_trap(text: str) -> tuple[str, str] | None:
    """Return what YAML 1.1 reads an unquoted text as, and a hint; None where both versions agree."""
    if _YES_NO.fullmatch(text):
        other = "true" if text.lower() in ("yes", "on") else "false"
    elif _OCTAL.fullmatch(text):
        other = f"0o{text.lstrip('+-')[1:]}"
    elif _SEXAGESIMAL.fullmatch(text):
        return "a number to the base 60", f'write "{text}" to say that it is a text'
    elif _GROUPED.fullmatch(text):
        other = text.replace("_", "")
    elif _BINARY.fullmatch(text):
        other = str(int(text.replace("0b", ""), 2))
    else:
        return None
    return other, f'write {other} if you mean that, "{text}" for the text'
