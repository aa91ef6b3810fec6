"""Workflow commands: lines by which a step tells GitHub Actions of errors and warnings beside the lines of a file.

    ::error file=NAME,line=1,endLine=1,col=5,endColumn=7,title=TEXT::TEXT

Source: GitHub, "Workflow commands for GitHub Actions", and `@actions/core`, which says what is to be escaped.
"""

from __future__ import annotations

from collections.abc import Mapping


def workflow_command(kind: str, text: str, properties: Mapping[str, object]) -> str:
    """Return a command; nothing in its texts can end it or begin another."""
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{kind} {written}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
