"""Fixtures: the databases that keep a history, SQLite and a real PostgreSQL that the session starts."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.postgresql import postgresql, server_programs

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server. CI sets LOADKIT_TEST_POSTGRESQL, so that nothing is left out there."""
    programs = server_programs()
    if programs is None:
        assert not os.environ.get("LOADKIT_TEST_POSTGRESQL"), "PostgreSQL is not installed: apt-get install postgresql"
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    with postgresql(programs) as url:
        yield url


@pytest.fixture
def postgresql_url(server: str) -> str:
    """The URL of an empty database."""
    name = f"history_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture(params=["sqlite", "postgresql"])
def history_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/history.db"
    return str(request.getfixturevalue("postgresql_url"))
