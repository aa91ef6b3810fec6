import sqlite3
from pathlib import Path

import pytest

from loadkit.errors import PreflightError, UsageError
from loadkit.report.baselines import Baselines
from loadkit.report.database import MIGRATIONS, Database, database_url, revisions, shown
from loadkit.report.history import Store
from tests.support.histories import run_id, run_report


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (None, "sqlite:///.loadkit/history.db"),
        ("", "sqlite:///.loadkit/history.db"),
        ("runs.db", "sqlite:///runs.db"),
        ("sqlite:////var/runs.db", "sqlite:////var/runs.db"),
        ("postgresql://ann:pw@db/runs", "postgresql+psycopg://ann:pw@db/runs"),
        ("postgres://ann@db/runs", "postgresql+psycopg://ann@db/runs"),
        ("postgresql+psycopg:///runs?host=/run", "postgresql+psycopg:///runs?host=%2Frun"),
    ],
)
def test_a_store_is_a_url_or_a_file(text, url):
    assert database_url(text).render_as_string(hide_password=False) == url


@pytest.mark.parametrize(
    "text", ["mysql://ann:hidden@db/runs", "postgresql://ann:hidden@db:port/runs", "://hidden", "sqlite://"]
)
def test_another_url_is_refused_without_telling_its_password(text):
    with pytest.raises(UsageError) as refused:
        database_url(text)
    assert "hidden" not in str(refused.value)
    assert "sqlite:///" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("postgresql://ann:hidden@db/runs", "postgresql://ann:***@db/runs"),
        ("postgresql://db/runs?user=ann&password=hidden", "postgresql://db/runs?password=***&user=ann"),
        ("postgresql:///runs?host=/run", "postgresql:///runs?host=%2Frun"),
    ],
)
def test_a_url_is_shown_without_its_password(text, seen):
    assert shown(database_url(text)) == seen


def test_a_server_that_is_not_there_is_told_with_the_remedy_and_without_the_password():
    with pytest.raises(PreflightError) as refused:
        Database("postgresql://ann:hidden@127.0.0.1:1/runs?sslpassword=covert")
    message = str(refused.value)
    assert "postgresql://ann:***@127.0.0.1:1/runs" in message
    assert "refused" in message
    assert "--store" in message
    assert "hidden" not in message
    assert "covert" not in message


def test_a_file_is_made_by_what_writes_first(tmp_path: Path):
    place = tmp_path / "history"
    with Store(Database(str(place / "history.db"))) as store:
        assert store.runs() == []
        assert Baselines(store).all() == []
        assert not place.exists()
        store.add(run_report(1))
        assert [run.id for run in store.runs()] == [run_id(1)]
    assert (place / "history.db").is_file()


def test_a_file_that_is_no_database_is_told(tmp_path: Path):
    (tmp_path / "history.db").write_text("no database at all" * 100)
    with pytest.raises(PreflightError, match=r"history\.db cannot be used: file is not a database; check the file"):
        Database(str(tmp_path / "history.db"))


def test_a_place_that_cannot_be_a_directory_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PreflightError, match=r"history\.db cannot be used: File exists; check the file"):
        Database(str(tmp_path / "file" / "history.db")).make()


def test_a_new_file_is_made_with_its_directory_and_lets_readers_go_on_beside_a_writer(tmp_path: Path):
    made = Database(str(tmp_path / "new" / "history.db"))
    with made.writing(), made.reading():
        pass
    connection = sqlite3.connect(tmp_path / "new" / "history.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_the_usual_file_is_out_of_sight_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Database().make()
    assert (tmp_path / ".loadkit" / ".gitignore").read_text() == "*\n"
    assert (tmp_path / ".loadkit" / "history.db").exists()


def test_each_migration_follows_the_one_before():
    before = None
    for name in revisions():
        text = (MIGRATIONS / "versions" / f"{name}.py").read_text()
        assert f'revision = "{name}"' in text
        assert f"down_revision = {f'{chr(34)}{before}{chr(34)}' if before else None}" in text
        before = name
    assert [name[:4] for name in revisions()] == [f"{number:04}" for number in range(1, len(revisions()) + 1)]
