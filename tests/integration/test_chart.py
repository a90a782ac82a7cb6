"""The chart: from a module that go.sum pins, or as released, by checksum."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from graders.errors import CannotCheck
from graders.lifecycle import playbook
from graders.lifecycle.playbook import run_playbook
from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

ROLE: Final = ANSIBLE / "roles" / "images"
VALUES: Final = "frrk8s:\n  enabled: true\nother:\n  enabled: true\n"
# Has a chart to download, and packages what it is given.
HELM: Final = """\
#!/bin/sh -e
case "$1" in
  pull)
    mkdir metallb
    printf 'frrk8s:\\n  enabled: true\\nother:\\n  enabled: true\\n' \
      > metallb/values.yaml
    tar -c --sort=name --mtime=@0 --owner=0 --group=0 --mode=0644 metallb \
      | gzip -n > metallb-1.tgz
    rm -r metallb ;;
  package)
    mkdir -p "$4"
    cp "$2/values.yaml" "$4/metallb-1.tgz" ;;
esac
"""


@pytest.fixture
def chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the packaged chart goes, with helm as above."""
    cache = tmp_path / "cache"
    for name in ("bin", "charts", "work"):
        (cache / name).mkdir(parents=True)
    (cache / "bin" / "helm").write_text(HELM, encoding="utf-8")
    (cache / "bin" / "helm").chmod(0o755)
    root = tmp_path / "playbooks"
    (root / "roles").mkdir(parents=True)
    for name in ("action_plugins", "ansible.cfg", "inventory"):
        (root / name).symlink_to(ANSIBLE / name)
    monkeypatch.setattr(playbook, "ANSIBLE", root)
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("METALLB_LAB_CACHE", str(cache))
    return cache / "charts" / "metallb-1.tgz"


def _package(chart: Path, modules: Path, checksum: str) -> None:
    """Run the tasks about the chart."""
    cache = chart.parent.parent
    root = cache.with_name("playbooks")
    tasks = yaml.safe_load((ROLE / "tasks" / "chart.yml").read_text())
    play: dict[str, Any] = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(ROLE / "defaults" / "main.yml")],
        "tasks": tasks,
    }
    (root / "toy.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    given = {
        "cache_dir": str(cache),
        "helm_chart": str(chart),
        "versions": {"metallb": "1"},
        "images_modules": str(modules),
        "images_work": str(cache / "work"),
        "images_checksums": {"chart": {"any": checksum}},
    }
    run_playbook("toy", given, student="demo")


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """Return a copy of MetalLB's module."""
    folder = tmp_path / "modules"
    shutil.copytree(ROLE / "files" / "modules" / "metallb", folder / "metallb")
    return folder


def _without_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = folder / "few"
    few.mkdir()
    for name in (
        *("bash", "sh", "sed", "mkdir", "rm", "mv", "cp", "ls", "cat"),
        *("grep", "tar", "gzip", "sha256sum", "chmod", "env", "id"),
    ):
        if found := shutil.which(name):
            (few / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(few))


@pytest.mark.skipif(not shutil.which("go"), reason="needs Go and a proxy")
def test_go_sum_decides(
    chart: Path, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module with other contents is refused, whatever Go is set to.

    Nor is another chart downloaded instead.
    """
    sums = modules / "metallb" / "go.sum"
    lines = [
        f"{line.rpartition('h1:')[0]}h1:{'A' * 43}="
        if line.startswith("go.universe.tf/metallb v")
        and "/go.mod" not in line
        else line
        for line in sums.read_text(encoding="utf-8").splitlines()
    ]
    sums.write_text("\n".join([*lines, ""]), encoding="utf-8")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    monkeypatch.setenv("GONOSUMDB", "*")
    monkeypatch.setenv("GOPRIVATE", "*")

    with pytest.raises(CannotCheck, match="checksum mismatch"):
        _package(chart, modules, "0" * 64)
    assert not chart.exists()


def test_a_downloaded_chart_must_be_the_right_one(
    chart: Path,
    modules: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is applied with all rights on the cluster."""
    _without_go(tmp_path, monkeypatch)

    with pytest.raises(CannotCheck, match="FAILED"):
        _package(chart, modules, "0" * 64)
    assert not chart.exists()

    work = chart.parent.parent / "work" / "chart" / "metallb-1.tgz"
    _package(chart, modules, hashlib.sha256(work.read_bytes()).hexdigest())
    assert chart.read_text(encoding="utf-8") == VALUES.replace(
        "enabled: true", "enabled: false", 1
    )
