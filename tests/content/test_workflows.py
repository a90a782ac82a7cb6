"""What runs elsewhere calls what is here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from graders.settings import ROOT
from tests import state
from tests.makefile import would_run

if TYPE_CHECKING:
    from pathlib import Path

FOLDER: Final = ROOT / ".github" / "workflows"
SITE: Final = FOLDER / "site.yml"
RELEASE: Final = FOLDER / "release.yml"
WORKFLOWS: Final = sorted(FOLDER.glob("*.yml"))
UPLOAD: Final = "actions/upload-pages-artifact@"


def _workflow(file: Path) -> dict[str, Any]:
    workflow: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return workflow


def _steps(file: Path = SITE) -> list[dict[str, Any]]:
    jobs = _workflow(file)["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


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
        assert all(would_run("--always-make", target) for target in targets)


def test_what_is_built_is_what_is_published() -> None:
    """The folder that `make site` writes, and the student's edition."""
    folders = [
        step["with"]["path"]
        for step in _steps()
        if step.get("uses", "").startswith(UPLOAD)
    ]
    written = re.findall(
        r"EDITION=(\w+) SITE_DIR=(\S+)", would_run("--always-make", "site")
    )

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


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actions_are_pinned_by_commit(file: Path) -> None:
    """A tag can be moved to another program; the comment says which it is."""
    uses = re.findall(r"uses: (.+)", file.read_text(encoding="utf-8"))

    assert uses
    for action in uses:
        assert re.fullmatch(
            r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action
        )


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_jobs_read_the_repository_only(file: Path) -> None:
    """A job has a right to write only if it publishes, and runs no code."""
    workflow = _workflow(file)

    assert workflow["permissions"] == {"contents": "read"}
    more = {
        name: job["permissions"]
        for name, job in workflow["jobs"].items()
        if "permissions" in job
    }
    wanted = {
        SITE: {"deploy": {"pages": "write", "id-token": "write"}},
        RELEASE: {"publish": {"actions": "read", "contents": "write"}},
    }
    assert more == wanted.get(file, {})
    for name in more:
        words = [str(step) for step in workflow["jobs"][name]["steps"]]
        assert not any("checkout" in it or "make " in it for it in words)


def test_a_release_has_its_bills_of_materials() -> None:
    """Those that `make sbom` writes are its files."""
    runs = [step.get("run", "") for step in _steps(RELEASE)]
    (written,) = (it.split() for it in runs if it.startswith("make "))
    (published,) = (it for it in runs if it.startswith("gh release create"))
    files = re.findall(r"> (\S+)", would_run("--always-make", *written[1:]))

    assert "sbom/python.cdx.json" in files
    assert "sbom/node.cdx.json" in files
    assert published.endswith(" sbom/*.json")


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_no_token_stays_in_the_checkout(file: Path) -> None:
    """What tests run cannot push to the repository."""
    checkouts = [
        step
        for step in _steps(file)
        if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert checkouts
    for step in checkouts:
        assert step["with"] == {"persist-credentials": False}


def test_logs_are_uploaded_from_where_tests_keep_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The path that is uploaded finds the log of a lab, and no key."""
    (given,) = (
        step["env"][state.VARIABLE]
        for step in _steps(FOLDER / "ci.yml")
        if step.get("run") == ".ci/run"
    )
    (path,) = (
        step["with"]["path"]
        for step in _steps(FOLDER / "ci.yml")
        if step.get("uses", "").startswith("actions/upload-artifact@")
    )
    monkeypatch.setenv(state.VARIABLE, str(tmp_path))
    folder = state.new_folder(tmp_path_factory, "the kit")
    logs = folder / "the state" / "demo" / "logs"
    logs.mkdir(parents=True)
    (logs.parent / "kubeconfig").touch()

    assert path.startswith(f"{given}/")
    assert [*tmp_path.glob(path.removeprefix(f"{given}/"))] == [logs]
    assert state.header() == f"logs of the kit: {tmp_path}/*/**/logs"


def test_logs_are_with_pytest_unless_they_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing is left in another place than pytest's own."""
    monkeypatch.delenv(state.VARIABLE, raising=False)

    folder = state.new_folder(tmp_path_factory, "the kit")

    assert folder.parent == tmp_path_factory.getbasetemp()
    assert state.VARIABLE in state.header()
