"""The project file: where it is found, and what is said about a wrong one."""

from pathlib import Path

import pytest

from loadkit.errors import ScenarioError
from loadkit.scenario.project import NAME, Project, find_project, read_project


def written(directory: Path, text: str) -> Path:
    path = directory / NAME
    path.write_text(text)
    return path


def test_it_is_found_above_up_to_the_root_of_the_repository(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    path = written(tmp_path, "max_rate: 5\n")
    assert find_project(deep, home=Path("/nowhere")) == path
    (tmp_path / "a" / ".git").mkdir()
    assert find_project(deep, home=Path("/nowhere")) is None
    assert find_project(tmp_path, home=Path("/nowhere")) == path


def test_it_is_not_looked_for_above_the_home_directory(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "x").mkdir(parents=True)
    written(tmp_path, "max_rate: 5\n")
    assert find_project(home / "x", home=home) is None


def test_it_gives_hosts_and_a_rate(tmp_path: Path) -> None:
    path = written(tmp_path, 'allow_hosts: [shop.example, "*.x.example", 10.0.0.0/8]\nmax_rate: 30/min\n')
    hosts = ("shop.example", "*.x.example", "10.0.0.0/8")
    assert read_project(path) == Project(file=str(path), allow_hosts=hosts, max_rate=0.5)


GOLDEN = """\
.loadkit.yaml:1:1: error LK101: unknown key "allowhosts" in a project file
    allowhosts: [x]
    ^^^^^^^^^^
    hint: did you mean "allow_hosts"?
.loadkit.yaml:4:5: error LK104: 'http://x' is no host; write shop.example, *.shop.example, 10.1.2.3 or 10.0.0.0/8
      - http://x
        ^^^^^^^^
.loadkit.yaml:5:11: error LK104: -1 is not a rate above zero; write a number of requests per second, such as 200
    max_rate: -1
              ^^"""


def test_every_fault_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "allowhosts: [x]\nallow_hosts:\n  - shop.example\n  - http://x\nmax_rate: -1\n")
    with pytest.raises(ScenarioError) as caught:
        read_project(Path(NAME))
    assert str(caught.value) == GOLDEN


@pytest.mark.parametrize("text", ["allow_hosts: x", "allow_hosts: []", "allow_hosts:", "allow_hosts: [1]"])
def test_hosts_are_a_list(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_project(written(tmp_path, text))
    assert [found.code for found in caught.value.diagnostics] == ["LK102"]
