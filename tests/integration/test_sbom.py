"""Bills of materials: valid, and with all that is there."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import tarfile
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from graders.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

STATUS = """\
Package: bash
Status: install ok installed
Version: 5.2.37-2
Architecture: amd64
Description: shell
 Version: not this one

Package: removed
Status: deinstall ok config-files
Version: 1.0
Architecture: all
"""
# What Go says about the programs of a folder.
GO = """\
#!/bin/sh
for file in "$3"/*; do
  [ -x "$file" ] || continue
  printf '%s: go1.26.8\\n' "$file"
  printf '\\tpath\\texample.com/tool\\n\\tmod\\tkit\\t(devel)\\t\\n'
  printf '\\tdep\\tk8s.io/api\\tv0.0.0\\n'
  printf '\\t=>\\tk8s.io/api\\tv0.37.0\\th1:x=\\n'
  printf '\\tdep\\tgolang.org/x/net\\tv0.50.0\\th1:y=\\n'
  printf '\\tbuild\\t-trimpath=true\\n'
done
"""
PROGRAM = b"\x7fELF" + b"." * 9 + b"\xff Go buildinf:" + b"." * 9
BLOBS = "var/lib/containerd/io.containerd.content.v1.content/blobs/sha256"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the script, with a Go of this test."""
    (tmp_path / "go").write_text(GO, encoding="utf-8")
    (tmp_path / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    loader = SourceFileLoader("sbom", str(ROOT / "scripts" / "sbom"))
    spec = importlib.util.spec_from_loader("sbom", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def _tar(files: dict[str, bytes], mode: str = "w") -> bytes:
    """Return an archive of files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:  # type: ignore[call-overload] # the mode is a variable
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _printed(script: ModuleType, bom: object) -> dict[str, Any]:
    """Return a bill as it is written; it must be valid."""
    text = script.text_of(bom)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found: dict[str, Any] = json.loads(text)
    return found


def test_an_image_s_packages_programs_and_modules(script: ModuleType) -> None:
    """Also those of programs in images that a node has in store."""
    layer = _tar({"speaker": PROGRAM}, "w:gz")
    files = _tar(
        {
            "./var/lib/dpkg/status": STATUS.encode(),
            "usr/bin/kubelet": PROGRAM,
            "usr/bin/ls": b"\x7fELF" + b"." * 99,
            "etc/hosts": b"127.0.0.1 localhost",
            f"{BLOBS}/aa": layer,
            f"{BLOBS}/bb": b'{"layers": []}',
        }
    )

    bill = script.image_bill("metallb-lab/node:v1", io.BytesIO(files))
    found = _printed(script, bill)

    assert found["metadata"]["component"]["name"] == "metallb-lab/node"
    programs = {"usr/bin/kubelet", f"{BLOBS}/aa/speaker"}
    modules = {
        "pkg:golang/stdlib@1.26.8",
        "pkg:golang/k8s.io/api@v0.37.0",
        "pkg:golang/golang.org/x/net@v0.50.0",
    }
    assert {part["bom-ref"] for part in found["components"]} == {
        *programs,
        *modules,
        "pkg:deb/debian/bash@5.2.37-2?arch=amd64",
    }
    depends = {
        one["ref"]: one.get("dependsOn") for one in found["dependencies"]
    }
    for program in programs:
        assert set(depends[program]) == modules


def test_a_file_system_that_ends_too_early_is_no_bill(
    script: ModuleType,
) -> None:
    """A bill that lacks something must not look like one."""
    files = _tar({"a": b"x" * 5000, "b": b"y" * 5000})

    with pytest.raises(tarfile.TarError):
        script.image_bill("node:v1", io.BytesIO(files[:7000]))


def test_what_labs_run_with_is_the_lock(script: ModuleType) -> None:
    """Each package that is locked for this system, in that version."""
    lock = ROOT / "requirements.txt"
    found = _printed(script, script.python_bill(lock))

    pinned = dict(
        re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), re.MULTILINE)
    )
    parts = {part["name"]: part["version"] for part in found["components"]}
    assert parts.items() <= pinned.items()
    # Some are for other systems.
    assert len(parts) > len(pinned) * 0.8
    assert "ansible-runner" in parts
    depends = {
        one["ref"]: one.get("dependsOn") for one in found["dependencies"]
    }
    runner = f"pkg:pypi/ansible-runner@{parts['ansible-runner']}"
    assert f"pkg:pypi/pexpect@{parts['pexpect']}" in depends[runner]


def test_the_node_image_is_that_of_the_recipe(script: ModuleType) -> None:
    """A release's bill is of what it builds."""
    assert re.fullmatch(
        r"metallb-lab/node:v[\d.]+-[0-9a-f]{8}", script.node_image()
    )
