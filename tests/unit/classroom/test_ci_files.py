"""CI for students' repositories: its steps run here, with another kit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from graders.classroom.ci_files import FORGES, ci_file
from graders.classroom.regraded import save
from graders.errors import UsageError
from graders.settings import ROOT
from tests.regraded_rows import row

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://forge.example/course/kit.git"
# A command that notes how it was called, and the target that brings it. It
# regrades nothing, but all that comes after that is the kit's own.
LAB = """\
#!/bin/sh
printf '<%s>' "$@" >> "$CALLS"
echo >> "$CALLS"
case "$2" in
regrade) cp -r "$ROWS" results; exit "$REGRADED" ;;
*) exec "$PYTHON" -c 'from graders.cli.entry import lab; lab()' "$@" ;;
esac
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


@dataclass
class Runner:
    """A machine that runs steps in a repository of submissions."""

    folder: Path
    regraded: int

    def run(self, script: str, **environment: str) -> int:
        """Run a step as a forge's shell does; return its exit code."""
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        rows = self.folder / "rows"
        rows.mkdir(exist_ok=True)
        save(rows / "ada-lab-1.regrade.json", row("ada"))
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=work,
            env=os.environ
            | {
                "CALLS": str(self.folder / "calls"),
                "METALLB_LAB_STATE": str(self.folder / "state"),
                "PYTHON": sys.executable,
                "REGRADED": str(self.regraded),
                "ROWS": str(rows),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        return done.returncode

    def expect_results(self) -> None:
        """Fail unless all submissions were regraded, and reported."""
        calls = (self.folder / "calls").read_text().splitlines()
        assert calls[0] == (
            "<class><regrade><.><--sandbox><--results><results>"
        )
        assert calls[1].startswith("<class><report><results><--junit>")
        results = self.folder / "work" / "results"
        assert "ada" in (results / "report.csv").read_text()
        assert (results / "report.html").stat().st_size
        assert "<testsuite" in (results / "junit.xml").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("regraded", [0, 1])
def test_github_steps(kit: Path, tmp_path: Path, regraded: int) -> None:
    """It fetches the kit, regrades, and reports also what is not right."""
    (job,) = read("github", str(kit))["jobs"].values()
    runner, status = Runner(tmp_path, regraded), 0

    for step in job["steps"]:
        if "run" in step and (not status or step.get("if") == "always()"):
            temp = str(tmp_path / "t")
            status = runner.run(step["run"], RUNNER_TEMP=temp) or status

    assert status == regraded
    runner.expect_results()
    result = json.loads((tmp_path / "work" / "result.json").read_text())
    assert result


@pytest.mark.slow
@pytest.mark.parametrize("regraded", [0, 1])
def test_gitlab_steps(kit: Path, tmp_path: Path, regraded: int) -> None:
    """The same in a shell of GitLab's runner, which reports always."""
    job = read("gitlab", str(kit))["regrade"]
    runner, folder = Runner(tmp_path, regraded), str(tmp_path / "t")

    status = runner.run("\n".join(job["script"]), KIT=folder)
    after = runner.run("\n".join(job["after_script"]), KIT=folder)

    assert (status, after) == (regraded, 0)
    runner.expect_results()


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
