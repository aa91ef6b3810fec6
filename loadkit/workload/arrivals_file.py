"""Read when arrivals came from a file: CSV, JSON Lines, an access log, or a time at the beginning of each line.

time  = seconds since the start (12, 0.25)                below 1e8
      | Unix time in seconds, or in milliseconds above 1e11
      | ISO 8601 (2026-03-01T12:00:00.250Z; without a zone: UTC)
      | [01/Mar/2026:12:00:00 +0100]                      anywhere in a line of a log, whole seconds
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from loadkit.template.lines import Lines, PayloadFault

MOST_ARRIVALS = 20_000_000
_SINCE_EPOCH = 10**8
_MILLISECONDS = 10**11
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_LOG = re.compile(r"\[(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\]", re.ASCII)
_MONTHS = {name: at // 3 + 1 for at in range(0, 36, 3) if (name := "JanFebMarAprMayJunJulAugSepOctNovDec"[at : at + 3])}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_arrivals(path: Path, column: str | None) -> list[int]:
    """Return instants in ns, sorted; of absolute times the first is 0. Raises PayloadFault and OSError.

    `column` names the column of a CSV file (default: the first) or the member of the objects of JSON Lines (default: time).
    Arrivals of one whole second of a log are spread evenly over it, since nobody knows more.
    """
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        lines = iter(Lines(file))
        if suffix == ".csv":
            found = list(_bounded(_of_csv(lines, column)))
        elif suffix in (".jsonl", ".ndjson"):
            found = list(_bounded(_of_objects(lines, column or "time")))
        else:
            found = list(_bounded(_of_lines(lines)))
    if not found:
        raise PayloadFault("the file has no arrivals")
    found.sort()
    if found[0] < 0:
        raise PayloadFault("an arrival before the start: relative times begin with 0")
    whole_seconds = suffix not in (".csv", ".jsonl", ".ndjson") and all(at % 10**9 == 0 for at in found)
    first = found[0] if found[0] >= _SINCE_EPOCH * 10**9 else 0
    times = [at - first for at in found]
    return list(_spread(times)) if whole_seconds and first else times


def _bounded(times: Iterator[int]) -> Iterator[int]:
    for number, at in enumerate(times):
        if number >= MOST_ARRIVALS:
            raise PayloadFault(f"the file has more than {MOST_ARRIVALS:,} arrivals")
        yield at


def _spread(times: list[int]) -> Iterator[int]:
    for second, group in groupby(times):
        number = len(list(group))
        yield from (second + part * 10**9 // number for part in range(number))


def _of_csv(lines: Iterator[str], column: str | None) -> Iterator[int]:
    reader, at, first = csv.reader(lines), 0, True
    for values in reader:
        if not values or not any(values):
            continue
        if first:
            first = False
            if column is not None:
                names = [value.strip() for value in values]
                if column not in names:
                    raise PayloadFault(f'the file has no column "{column}"; there are: {", ".join(names)}'[:300])
                at = names.index(column)
                continue
            if _time_of(values[0]) is None:
                continue  # a header
        yield _time(values[at] if at < len(values) else "", reader.line_num)


def _of_objects(lines: Iterator[str], member: str) -> Iterator[int]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                record = msgspec.json.decode(line)
            except (msgspec.DecodeError, RecursionError) as error:
                raise PayloadFault(f"line {number} is not JSON: {error}", row=number) from None
            value = record.get(member) if isinstance(record, dict) else record
            yield _time(value, number)


def _of_lines(lines: Iterator[str]) -> Iterator[int]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        stamp = _LOG.search(line)
        if stamp is not None:
            yield _log_time(stamp, number)
        else:
            yield _time(line.split(None, 1)[0], number)


def _time(value: Any, line: int) -> int:
    found = _time_of(value)
    if found is None:
        raise PayloadFault(f"line {line} has no time that can be read", row=line)
    return found


def _time_of(value: Any) -> int | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = repr(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if _NUMBER.fullmatch(text):
        try:
            number = Decimal(text)
        except InvalidOperation:
            return None
        if number >= _MILLISECONDS:
            number /= 1000
        return int(number * 10**9) if number < _MILLISECONDS else None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _ns(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _log_time(stamp: re.Match[str], line: int) -> int:
    day, month, year, hour, minute, second, sign, hours, minutes = stamp.groups()
    try:
        moment = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except (KeyError, ValueError):
        raise PayloadFault(f"line {line} has no time that can be read", row=line) from None
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return _ns(moment - offset if sign == "+" else moment + offset)


def _ns(moment: datetime) -> int:
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 10**9 + passed.microseconds * 1000
