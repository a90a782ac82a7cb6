"""What runs elsewhere calls what is here."""

from __future__ import annotations

import re
import subprocess
from typing import Any, Final

import yaml

from graders.settings import ROOT

SITE: Final = ROOT / ".github" / "workflows" / "site.yml"
UPLOAD: Final = "actions/upload-pages-artifact@"


def _steps() -> list[dict[str, Any]]:
    workflow = yaml.safe_load(SITE.read_text(encoding="utf-8"))
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def _would_run(target: str) -> str:
    """Return what make would run; it fails if there is no such target."""
    return subprocess.run(
        ["make", "--dry-run", "--always-make", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_site_s_workflow_calls_targets_that_exist() -> None:
    """Each of its commands is `make` with targets of the Makefile."""
    commands = [
        line
        for step in _steps()
        for line in step.get("run", "").splitlines()
        if line.strip()
    ]

    assert commands
    for command in commands:
        program, *targets = command.split()
        assert program == "make"
        assert all(_would_run(target) for target in targets)


def test_what_is_built_is_what_is_published() -> None:
    """The folder that `make site` writes, and the student's edition."""
    folders = [
        step["with"]["path"]
        for step in _steps()
        if step.get("uses", "").startswith(UPLOAD)
    ]
    written = re.findall(r"EDITION=(\w+) SITE_DIR=(\S+)", _would_run("site"))

    assert written == [("student", folder) for folder in folders]
    assert folders == ["site/student"]


def test_the_site_is_published_after_it_is_built() -> None:
    """Build, upload, deploy, in this order."""
    words = [
        step.get("run") or step["uses"].split("@")[0] for step in _steps()
    ]

    order = [
        words.index(one)
        for one in (
            "actions/checkout",
            "make site",
            "actions/upload-pages-artifact",
            "actions/deploy-pages",
        )
    ]
    assert order == sorted(order)
