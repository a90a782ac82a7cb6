"""CI for students' repositories: its steps run here, with another kit."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from graders.classroom.ci_files import FORGES, ci_file
from graders.errors import UsageError
from graders.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://forge.example/course/kit.git"
# A command that notes how it was called, and the target that brings it.
LAB = """\
#!/bin/sh
printf '<%s>' "$@" >> "$CALLS"
echo >> "$CALLS"
mkdir -p results
echo student > results/report.csv
"""
MAKEFILE = "images:\n\tmkdir -p .venv/bin\n\tcp lab .venv/bin/lab\n"


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """Return a repository that a runner fetches as the kit."""
    folder = tmp_path / "kit.git"
    folder.mkdir()
    (folder / "Makefile").write_text(MAKEFILE)
    (folder / "lab").write_text(LAB)
    (folder / "lab").chmod(0o755)
    for argv in (["init", "-q", "-b", "main"], ["add", "."], COMMIT):
        subprocess.run(["git", "-C", str(folder), *argv], check=True)
    return folder


COMMIT = [
    *("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=0"),
    *("commit", "-q", "-m", "kit"),
]


def run(folder: Path, script: str, **environment: str) -> list[str]:
    """Run a step in a repository of submissions; return what was called."""
    folder.mkdir(exist_ok=True)
    for name in ("ada-lab-1.lab", "-x $(id).lab"):
        (folder / name).touch()
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=os.environ | {"CALLS": str(folder / "calls"), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return (folder / "calls").read_text().splitlines()


def expect_calls(calls: list[str]) -> None:
    """Fail unless all submissions were regraded, and reported."""
    assert calls[0] == (
        "<class><regrade><./-x $(id).lab><./ada-lab-1.lab>"
        "<--sandbox><--results><results>"
    )
    assert calls[1].startswith("<class><report><results><--junit>")


@pytest.mark.slow
def test_github_steps(kit: Path, tmp_path: Path) -> None:
    """The workflow fetches the kit, regrades, and reports."""
    (job,) = read("github", str(kit))["jobs"].values()
    steps = [step["run"] for step in job["steps"] if "run" in step]

    calls = run(
        tmp_path / "work", "\n".join(steps), RUNNER_TEMP=str(tmp_path / "t")
    )

    expect_calls(calls)


@pytest.mark.slow
def test_gitlab_steps(kit: Path, tmp_path: Path) -> None:
    """The same in a shell of GitLab's runner."""
    job = read("gitlab", str(kit))["regrade"]
    steps = [*job["script"], *job["after_script"]]

    calls = run(tmp_path / "work", "\n".join(steps), KIT=str(tmp_path / "t"))

    expect_calls(calls)


def read(forge: str, url: str = URL) -> Any:  # noqa: ANN401 - YAML
    """Return a file as a forge reads it."""
    return yaml.safe_load(ci_file(forge, url, "main"))


def test_github_has_few_rights() -> None:
    """A token that can write would be a stranger's."""
    workflow = read("github")

    assert workflow["permissions"] == {"contents": "read"}
    checkout = workflow["jobs"]["regrade"]["steps"][0]
    assert checkout["with"]["persist-credentials"] is False
    assert "secrets" not in ci_file("github", URL, "main")


def test_actions_are_those_of_the_kits_own_ci() -> None:
    """One version is looked after, by its commit."""
    uses = re.compile(r"uses: (\S+@[0-9a-f]{40}) # v")
    ours = uses.findall((ROOT / ".github/workflows/ci.yml").read_text())

    theirs = uses.findall(ci_file("github", URL, "main"))

    assert len(theirs) == 3
    assert {*theirs} <= {*ours}


@pytest.mark.parametrize("forge", FORGES)
def test_the_kit_is_named(forge: str) -> None:
    """Nothing is left to fill in."""
    text = ci_file(forge, URL, "v1.0")

    assert f"'{URL}' 'v1.0'" in text
    assert "KIT_" not in text.replace("KIT_URL", "")


@pytest.mark.parametrize(
    ("forge", "url", "ref"),
    [
        ("gitea", URL, "main"),
        ("github", "x'; id; '", "main"),
        ("github", URL, "a b"),
    ],
)
def test_refused(forge: str, url: str, ref: str) -> None:
    """A file that would run something else is not written."""
    with pytest.raises(UsageError):
        ci_file(forge, url, ref)
