"""How values are made up: what the functions of fake_table.py are built of, with the options of faker.js.

Options are a mapping, or one value where faker.js takes one: `loremWords: 5`.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Fake = Any
"""Faker's generator; the library has no types for its providers."""

Make = Callable[[Fake, Any], Any]
"""Makes a value with the options of the file; {} for none."""

# ------------------------------------------------------------------------------------------------------------- options


def option(options: Any, key: str, default: Any) -> Any:
    """Return an option; a value that is no mapping stands for the only one there is."""
    if isinstance(options, Mapping):
        return options.get(key, default)
    return options


def count_of(fake: Fake, options: Any, key: str, low: int, high: int | None = None) -> int:
    """Return a number of things: as given, between `min` and `max`, or between low and high."""
    given = option(options, key, None)
    if isinstance(given, Mapping):
        low, high = int(given.get("min", low)), int(given.get("max", given.get("min", low)))
    elif given is not None:
        return max(0, int(given))
    return int(low if high is None else fake.random.randint(min(low, high), max(low, high)))


def _between(fake: Fake, options: Any, low: float, high: float) -> tuple[float, float]:
    """Return `min` and `max`; a single number is the maximum."""
    if not isinstance(options, Mapping):
        return min(low, float(options)), float(options)
    least = float(options.get("min", low))
    return least, max(least, float(options.get("max", max(high, least))))


def whole(low: int, high: int, form: str = "d") -> Make:
    """Return what makes a whole number between two others, or between `min` and `max`; `form` is that of format()."""

    def make(fake: Fake, options: Any) -> Any:
        least, most = _between(fake, options, low, high)
        number = fake.random.randint(int(least), int(most))
        return number if form == "d" else format(number, form)

    return make


def decimal(low: float, high: float, digits: int | None = None) -> Make:
    """Return what makes a fraction between two numbers, or `min` and `max`, with `fractionDigits` behind the point."""

    def make(fake: Fake, options: Any) -> Any:
        least, most = _between(fake, options, low, high)
        number = fake.random.uniform(least, most)
        places = option(options, "fractionDigits", option(options, "precision", digits)) if keyed(options) else digits
        return number if places is None else round(number, int(places))

    return make


def keyed(options: Any) -> bool:
    """Return whether options are a mapping, not the only one by itself."""
    return isinstance(options, Mapping)


def amount(low: float, high: float) -> Make:
    """Return what makes an amount of money as text, with `dec` digits behind the point and a `symbol` before it."""

    def make(fake: Fake, options: Any) -> str:
        least, most = _between(fake, options, low, high) if keyed(options) else (low, high)
        digits = int(option(options, "dec", 2)) if keyed(options) else 2
        sign = str(options.get("symbol", "")) if keyed(options) else ""
        return f"{sign}{fake.random.uniform(least, most):.{digits}f}"

    return make


def letters(alphabet: str, length: int = 1, prefix: str = "") -> Make:
    """Return what makes a text of so many characters, or of `length`, with `casing`, `exclude` and `prefix`."""

    def make(fake: Fake, options: Any) -> str:
        size = count_of(fake, options, "length", length)
        chosen = _cased(alphabet, options)
        start = str(options.get("prefix", prefix)) if keyed(options) else prefix
        return start + "".join(fake.random.choices(chosen, k=size))

    return make


def _cased(alphabet: str, options: Any) -> str:
    casing = options.get("casing") if keyed(options) else None
    excluded = options.get("exclude", ()) if keyed(options) else ()
    text = alphabet.lower() if casing == "lower" else alphabet.upper() if casing == "upper" else alphabet
    return "".join(char for char in dict.fromkeys(text) if char not in excluded) or alphabet


def one_of(*choices: Any) -> Make:
    """Return what picks one of some values."""
    return lambda fake, options: fake.random.choice(choices)


def plain(name: str) -> Make:
    """Return what calls a function of Faker without arguments."""
    return lambda fake, options: getattr(fake, name)()


def sexed(name: str) -> Make:
    """Return what calls one of three functions: for women, for men, or for anybody."""

    def make(fake: Fake, options: Any) -> str:
        sex = option(options, "sex", None) if options else None
        ending = f"_{sex}" if sex in ("female", "male") else ""
        return str(getattr(fake, f"{name}{ending}")())

    return make


# --------------------------------------------------------------------------------------------------------------- times


def instant(low_days: float, high_days: float, unit: str = "") -> Make:
    """Return what makes an instant so many days from now; `unit` is the option with another number of days or years."""

    def make(fake: Fake, options: Any) -> str:
        length = options.get(unit) if unit and keyed(options) else None
        days = float(length) * (365.25 if unit == "years" else 1) if length is not None else None
        low, high = (
            (low_days, high_days) if days is None else (-days if low_days < 0 else 0, days if high_days > 0 else 0)
        )
        reference = _instant(options.get("refDate") if keyed(options) else None)
        return _iso(reference + timedelta(days=fake.random.uniform(low, high)))

    return make


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000, UTC)
    if isinstance(value, str):
        found = datetime.fromisoformat(value)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return datetime.now(UTC)


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def between_dates(fake: Fake, options: Any) -> str:
    """Make an instant between `from` and `to`. Raises ValueError without them."""
    if not keyed(options) or "from" not in options or "to" not in options:
        raise ValueError("it needs the options `from` and `to`")
    start, end = _instant(options["from"]), _instant(options["to"])
    return _iso(start + (end - start) * fake.random.random())


def birthdate(fake: Fake, options: Any) -> str:
    """Make the birthday of somebody of 18 to 80 years, or of `min` to `max`."""
    least, most = _between(fake, options, 18, 80) if keyed(options) else (18.0, 80.0)
    return _iso(datetime.now(UTC) - timedelta(days=365.25 * fake.random.uniform(least, most)))


def named_day(form: str, days: int) -> Make:
    """Return what makes the name of a month or of a day of the week."""

    def make(fake: Fake, options: Any) -> str:
        day = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=days * fake.random.randrange(365 // days))
        short = keyed(options) and options.get("abbreviated") is True
        return day.strftime(form.lower() if short else form)

    return make


# ------------------------------------------------------------------------------------------------------ words, persons


def several(make: Callable[[Fake, int], Any], key: str, low: int, high: int | None = None) -> Make:
    """Return what makes something of a number of words, lines or sentences."""
    return lambda fake, options: make(fake, count_of(fake, options, key, low, high))


def lorem_words(fake: Fake, count: int) -> str:
    """Make so many words."""
    return " ".join(fake.words(nb=count)) if count else ""


def sentences(fake: Fake, count: int, between: str = " ") -> str:
    """Make so many sentences."""
    return between.join(fake.sentence() for _ in range(count))


def paragraphs(fake: Fake, count: int) -> str:
    """Make so many paragraphs."""
    return "\n".join(fake.paragraph() for _ in range(count))


def email(fake: Fake, options: Any) -> str:
    """Make an address at a free provider, or at `provider`, for `firstName` and `lastName` if given."""
    return f"{username(fake, options)}@{_provider(fake, options, fake.free_email_domain)}"


def example_email(fake: Fake, options: Any) -> str:
    """Make an address that belongs to nobody."""
    return f"{username(fake, options)}@{_provider(fake, {}, fake.safe_domain_name)}"


def _provider(fake: Fake, options: Any, otherwise: Callable[[], str]) -> str:
    return str(options["provider"]) if keyed(options) and "provider" in options else otherwise()


def username(fake: Fake, options: Any) -> str:
    """Make a user name, of `firstName` and `lastName` if given."""
    first = str(options.get("firstName") or fake.first_name()) if keyed(options) else fake.first_name()
    last = str(options.get("lastName") or fake.last_name()) if keyed(options) else fake.last_name()
    joint, number = fake.random.choice("._"), fake.random.randrange(100)
    return "".join(char for char in f"{first}{joint}{last}{number}" if char.isalnum() or char in "._")


def password(fake: Fake, options: Any) -> str:
    """Make a password of 15 characters, or of `length`, that begins with `prefix`."""
    length = count_of(fake, options, "length", 15)
    prefix = str(options.get("prefix", "")) if keyed(options) else ""
    alphabet = string.ascii_letters + string.digits + "_"
    return prefix + "".join(fake.random.choices(alphabet, k=max(0, length - len(prefix))))


def full_name(fake: Fake, options: Any) -> str:
    """Make a name, of `firstName`, `lastName` and `sex` if given."""
    first = str(options.get("firstName") or sexed("first_name")(fake, options)) if keyed(options) else fake.first_name()
    last = str(options.get("lastName") or fake.last_name()) if keyed(options) else fake.last_name()
    return f"{first} {last}"


def url(fake: Fake, options: Any) -> str:
    """Make a URL with `protocol`, and a slash at its end unless `appendSlash` is false."""
    scheme = str(options.get("protocol", "https")) if keyed(options) else "https"
    slash = "" if keyed(options) and options.get("appendSlash") is False else "/"
    return f"{scheme}://{fake.domain_name()}{slash}"


def boolean(fake: Fake, options: Any) -> bool:
    """Make true or false; true with `probability`."""
    probability = option(options, "probability", 0.5) if options != {} else 0.5
    return bool(fake.random.random() < float(probability))


def rgb(fake: Fake, options: Any) -> str:
    """Make a colour such as #12ab34, with `prefix` and `casing`."""
    text = f"{fake.random.randrange(1 << 24):06x}"
    text = text.upper() if keyed(options) and options.get("casing") == "upper" else text
    return f"{options.get('prefix', '#') if keyed(options) else '#'}{text}"


def state(fake: Fake, options: Any) -> str:
    """Make a state of the USA, `abbreviated` if asked to."""
    return str(fake.state_abbr() if keyed(options) and options.get("abbreviated") is True else fake.state())


def country_code(fake: Fake, options: Any) -> str:
    """Make a code of two letters, or of three with `variant: alpha-3`."""
    variant = option(options, "variant", "alpha-2") if options else "alpha-2"
    return str(fake.country_code(representation="alpha-3" if variant == "alpha-3" else "alpha-2"))


def roman(fake: Fake, options: Any) -> str:
    """Make a Roman numeral from 1 to 3999, or from `min` to `max`."""
    least, most = _between(fake, options, 1, 3999)
    number, made = fake.random.randint(max(1, int(least)), min(3999, int(most))), ""
    values = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
    signs = ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I")
    for value, sign in zip(values, signs, strict=True):
        made, number = made + sign * (number // value), number % value
    return made


def currency(part: int) -> Make:
    """Return what makes a currency: its code, or its name."""
    return lambda fake, options: fake.currency()[part]


def numeric(length: int) -> Make:
    """Return what makes a text of so many digits."""
    return letters(string.digits, length)


def hexadecimal(length: int) -> Make:
    """Return what makes a text of so many hexadecimal digits."""
    return letters("0123456789abcdef", length)


def semver(fake: Fake, options: Any) -> str:
    """Make a version such as 1.2.3."""
    return ".".join(str(fake.random.randrange(high)) for high in (10, 20, 20))


def file_path(fake: Fake, options: Any) -> str:
    """Make the path of a file."""
    return str(fake.file_path(depth=2))


def directory(fake: Fake, options: Any) -> str:
    """Make the path of a directory."""
    return str(fake.file_path(depth=2)).rpartition("/")[0]


def status(fake: Fake, options: Any) -> int:
    """Make a status code of HTTP."""
    return int(
        fake.random.choice((200, 201, 202, 204, 301, 302, 304, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503))
    )


def coordinates(fake: Fake, options: Any) -> list[float]:
    """Make a latitude and a longitude."""
    return [round(fake.random.uniform(-90, 90), 4), round(fake.random.uniform(-180, 180), 4)]


def ulid(fake: Fake, options: Any) -> str:
    """Make an identifier that begins with the time, and so is in order."""
    alphabet, number = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", int(datetime.now(UTC).timestamp() * 1000)
    stamp = "".join(alphabet[number >> shift & 31] for shift in range(45, -1, -5))
    return stamp + "".join(fake.random.choices(alphabet, k=16))
