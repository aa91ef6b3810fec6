"""Which commit a run was made from: as the CI service says it, else as git does."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

_VARIABLES = (
    "GITHUB_SHA",
    "CI_COMMIT_SHA",  # GitLab
    "BUILDKITE_COMMIT",
    "CIRCLE_SHA1",
    "BITBUCKET_COMMIT",
    "BUILD_SOURCEVERSION",  # Azure Pipelines
    "GIT_COMMIT",  # Jenkins
)
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_LONGEST_S = 5


def commit_of(directory: Path, environment: Mapping[str, str]) -> str | None:
    """Return the commit that a directory is at; None outside of a repository, or where there is no git."""
    told = next((environment[name] for name in _VARIABLES if environment.get(name)), None) or _head(directory)
    return told if told and _COMMIT.fullmatch(told) else None


def _head(directory: Path) -> str | None:
    command = ["git", "-C", str(directory), "rev-parse", "--verify", "--quiet", "HEAD"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_LONGEST_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
