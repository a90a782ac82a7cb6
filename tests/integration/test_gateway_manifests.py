"""Envoy Gateway's manifests: from a module whose content go.sum pins."""

from __future__ import annotations

import json
import shutil
import zipfile
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from graders.errors import CannotCheck, UsageError
from graders.lifecycle import playbook
from graders.lifecycle.module_sum import module_sum
from graders.lifecycle.playbook import run_playbook
from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

MODULE: Final = "github.com/envoyproxy/gateway"
VERSION: Final[str] = yaml.safe_load(
    (ANSIBLE / "roles/gateway/vars/main/versions.yml").read_text("utf-8")
)["gateway_versions"]["envoy_gateway"]
# Renders the values of what it has packaged.
HELM: Final = """\
#!/bin/sh -e
case "$1" in
  package) cp "$2/values.yaml" "$4/$(basename "$2")-$6.tgz" ;;
  template) cat "$3" ;;
esac
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the kit's cache, with helm as above and without Go."""
    cache = tmp_path / "cache"
    for name in ("bin", "gateway/build"):
        (cache / name).mkdir(parents=True)
    (cache / "bin" / "helm").write_text(HELM, encoding="utf-8")
    (cache / "bin" / "helm").chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("METALLB_LAB_CACHE", str(cache))
    return cache


@pytest.fixture
def role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the role that a playbook includes."""
    root = tmp_path / "repository" / "ansible"
    (root / "roles").mkdir(parents=True)
    for name in ("action_plugins", "ansible.cfg", "inventory", "group_vars"):
        (root / name).symlink_to(ANSIBLE / name)
    (root.parent / "graders").symlink_to(ANSIBLE.parent / "graders")
    included = {"name": "gateway", "tasks_from": "image_manifests"}
    play: dict[str, Any] = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.include_role": included}],
    }
    (root / "toy.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    monkeypatch.setattr(playbook, "ANSIBLE", root)
    monkeypatch.setattr(playbook, "gateway_recipe", lambda: "0a")
    shutil.copytree(ANSIBLE / "roles" / "gateway", root / "roles" / "gateway")
    return root / "roles" / "gateway"


def test_neither_go_nor_a_proxy(
    cache: Path, role: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing is said, and what to do without it."""
    assert role.exists()
    monkeypatch.setenv("GOPROXY", "direct")
    with pytest.raises(UsageError, match="a Go module proxy in GOPROXY"):
        run_playbook("toy", {"cache_dir": str(cache)}, student="demo")


def _render(cache: Path, role: Path, total: str) -> None:
    """Render the charts of a module, which go.sum has this sum of."""
    file = cache.with_name("module.zip")
    with zipfile.ZipFile(file, "w") as module:
        charts = f"{MODULE}@{VERSION}/charts"
        values = "kind: X\nimage: ${GatewayImage}\n"
        module.writestr(f"{charts}/gateway-helm/values.tmpl.yaml", values)
        module.writestr(f"{charts}/gateway-crds-helm/values.yaml", "kind: C")
    (role / "files" / "image" / "go.sum").write_text(
        f"{MODULE} {VERSION} {total or module_sum(str(file))}\n",
        encoding="utf-8",
    )
    given = {"cache_dir": str(cache), "gateway_module_url": file.as_uri()}
    run_playbook("toy", given, student="demo")


def test_module_of_go_sum(cache: Path, role: Path) -> None:
    """The chart's image is the kit's, and CRDs are JSON."""
    _render(cache, role, "")

    made = cache / "gateway"
    manifest = (made / "gateway-0a.yaml").read_text(encoding="utf-8")
    assert "image: docker.io/envoyproxy/gateway:v" in manifest
    crds = json.loads((made / "crds-0a.json").read_text(encoding="utf-8"))
    assert crds == [{"kind": "C"}]


def test_another_module(cache: Path, role: Path) -> None:
    """A module that was changed on the way is refused."""
    with pytest.raises(CannotCheck, match=r"expected the sum in go\.sum"):
        _render(cache, role, "h1:another")
    assert not [*(cache / "gateway").glob("*.yaml")]
