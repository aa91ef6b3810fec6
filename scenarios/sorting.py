"""What microbenchmark.yaml measures: two ways to sort, and a function that does nothing."""

import random


def nothing() -> None:
    """Do nothing: what is measured of it is the measurement."""


def numbers(count: int) -> list[int]:
    """Return so many numbers in no order, always the same."""
    return random.Random(1).sample(range(10 * count), count)


def quicksort(values: list[int]) -> list[int]:
    """Return the values in order."""
    if len(values) < 2:
        return values
    first, *others = values
    below = [value for value in others if value < first]
    return [*quicksort(below), first, *quicksort([value for value in others if value >= first])]
