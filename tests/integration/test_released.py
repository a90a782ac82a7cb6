"""Released tools: fetched from a mirror, used only if they are the right ones.

The kit's own checksums count; a tool of which it has none is compared with
what its project publishes, and a line says so.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import yaml

from graders.errors import CannotCheck
from graders.lifecycle import playbook
from graders.lifecycle.playbook import run_playbook
from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

TASKS = ANSIBLE / "roles" / "images" / "tasks" / "released.yml"
VERSIONS = {"kind": "v1.0.0", "kubernetes": "v2.0.0", "helm": "v3.0.0"}
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}
ON = f"linux-{MACHINE.get(platform.machine(), platform.machine())}"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Serve a folder on loopback."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(_Quiet, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def _publish(folder: Path) -> None:
    """Lay three tools out as their projects do, with their checksums."""
    kind = folder / VERSIONS["kind"] / f"kind-{ON}"
    kubectl = folder / VERSIONS["kubernetes"] / "bin" / ON.replace("-", "/")
    helm = folder / f"helm-{VERSIONS['helm']}-{ON}.tar.gz"
    kind.parent.mkdir()
    kind.write_text("kind", encoding="utf-8")
    kubectl.mkdir(parents=True)
    (kubectl / "kubectl").write_text("kubectl", encoding="utf-8")
    inside = folder / ON / "helm"
    inside.parent.mkdir()
    inside.write_text("helm", encoding="utf-8")
    with tarfile.open(helm, "w:gz") as archive:
        archive.add(inside, f"{ON}/helm")
    for file, ending, form in (
        (kind, ".sha256sum", "{}  {}\n"),
        (kubectl / "kubectl", ".sha256", "{}"),
        (helm, ".sha256sum", "{}  {}\n"),
    ):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        file.with_name(file.name + ending).write_text(
            form.format(digest, file.name), encoding="utf-8"
        )


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def checksums() -> dict[str, dict[str, str]]:
    """Return the kit's own checksums; helm's is left out."""
    return {
        "kind": {ON: _checksum("kind"), "plan9-amd64": _checksum("other")},
        "kubectl": {ON: _checksum("kubectl")},
        "helm": {"plan9-amd64": _checksum("helm")},
    }


@pytest.fixture
def fetch(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    mirror: tuple[Path, str],
    checksums: dict[str, dict[str, str]],
) -> Path:
    """Have a playbook of these tasks alone; return where tools go."""
    folder, address = mirror
    _publish(folder)
    cache = tmp_path / "a cache"
    (cache / "bin").mkdir(parents=True)
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {
            "cache_dir": str(cache),
            "versions": VERSIONS,
            "tools_mirror": dict.fromkeys(
                ("kind", "kubectl", "helm"), address
            ),
            "images_checksums": checksums,
            "images_go_environment": {},
            # Nothing can be compiled there.
            "images_modules": str(tmp_path),
        },
        "tasks": yaml.safe_load(TASKS.read_text(encoding="utf-8")),
    }
    root = tmp_path / "playbooks"
    root.mkdir()
    (root / "toy.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    for name in ("action_plugins", "ansible.cfg", "inventory"):
        (root / name).symlink_to(ANSIBLE / name)
    (root / "roles").mkdir()
    monkeypatch.setattr(playbook, "ANSIBLE", root)
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("METALLB_LAB_CACHE", str(cache))
    return cache / "bin"


@pytest.mark.parametrize("curl", [True, False])
def test_tools_come_from_a_mirror(
    fetch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, curl: bool
) -> None:
    """By curl, and where there is none by Python."""
    if not curl:
        _without_curl(tmp_path, monkeypatch)
    run_playbook("toy", {}, student="demo")
    for tool in ("kind", "kubectl", "helm"):
        assert (fetch / tool).read_text(encoding="utf-8") == tool
        assert (fetch / tool).stat().st_mode & 0o111


def test_the_kit_s_checksum_needs_no_other(
    fetch: Path, mirror: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A mirror has the programs alone; only helm is compared with its word."""
    folder, _ = mirror
    (folder / VERSIONS["kind"] / f"kind-{ON}.sha256sum").unlink()
    run_playbook("toy", {}, student="demo")
    assert (fetch / "kind").read_text(encoding="utf-8") == "kind"
    said = capsys.readouterr().err
    assert "helm: compared with the checksum of where it was" in said
    assert "kind" not in said.replace(str(fetch.parent), "")


def test_a_mirror_s_own_program_and_checksum_are_refused(
    fetch: Path, mirror: tuple[Path, str]
) -> None:
    """Neither installed nor compiled instead: somebody must look at that."""
    folder, _ = mirror
    file = folder / VERSIONS["kind"] / f"kind-{ON}"
    file.write_text("other", encoding="utf-8")
    file.with_name(f"{file.name}.sha256sum").write_text(
        f"{_checksum('other')}  {file.name}\n", encoding="utf-8"
    )
    with pytest.raises(CannotCheck, match="kind: FAILED"):
        run_playbook("toy", {}, student="demo")
    assert not list(fetch.iterdir())


def test_another_program_than_published_is_refused(
    fetch: Path, mirror: tuple[Path, str]
) -> None:
    """The same for a tool of which the kit has no checksum."""
    folder, _ = mirror
    (folder / f"helm-{VERSIONS['helm']}-{ON}.tar.gz").write_text(
        "other", encoding="utf-8"
    )
    with pytest.raises(CannotCheck, match=r"helm\.tgz: FAILED"):
        run_playbook("toy", {}, student="demo")
    assert not list(fetch.iterdir())


def test_a_mirror_without_a_checksum_is_none(
    fetch: Path, mirror: tuple[Path, str]
) -> None:
    """What cannot be compared is not installed; Go is what is left."""
    folder, _ = mirror
    (folder / f"helm-{VERSIONS['helm']}-{ON}.tar.gz.sha256sum").unlink()
    with pytest.raises(CannotCheck, match="Compile the tools"):
        run_playbook("toy", {}, student="demo")
    assert not list(fetch.iterdir())


def _without_curl(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every program of PATH but that one."""
    few = folder / "few"
    few.mkdir()
    for name in (
        *("bash", "sh", "sed", "tr", "uname", "mktemp", "rm", "grep"),
        *("sha256sum", "tar", "gzip", "install", "id", "env"),
        *("cat", "cut", "mv"),
    ):
        if found := shutil.which(name):
            (few / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(few))
