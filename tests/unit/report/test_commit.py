import subprocess

import pytest

from loadkit.report.commit import commit_of

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize("name", ["GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT"])
def test_the_ci_service_says_it(tmp_path, name):
    assert commit_of(tmp_path, {name: SHA}) == SHA


def test_git_says_it_elsewhere(tmp_path):
    def git(*words: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        done = subprocess.run(["git", "-C", tmp_path, *who, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "--quiet")
    assert commit_of(tmp_path, {}) is None
    git("commit", "--quiet", "--allow-empty", "--message", "first")
    assert commit_of(tmp_path, {}) == git("rev-parse", "HEAD")


def test_there_is_none_outside_of_a_repository_or_without_git(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_of(tmp_path, {}) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(tmp_path, {}) is None


def test_what_is_no_commit_is_not_believed(tmp_path):
    assert commit_of(tmp_path, {"GITHUB_SHA": "]]>\n::error"}) is None
