"""A name as other systems accept it: small letters, digits and dashes."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LONGEST = 63
_OTHER = re.compile(r"[^a-z0-9]+")


def slug(name: str) -> str:
    """Return a name after RFC 1123, `checkout-availability`; "objective" where nothing is left of it."""
    return _OTHER.sub("-", name.lower()).strip("-")[:_LONGEST].strip("-") or "objective"


def slugs(names: Iterable[str]) -> dict[str, str]:
    """Return a slug for each name, all different."""
    made: dict[str, str] = {}
    for name in names:
        plain = found = slug(name)
        number = 1
        while found in made.values():
            number += 1
            found = f"{plain[: _LONGEST - 4]}-{number}"
        made[name] = found
    return made
