"""Released tools: fetched from a mirror, used only if they are the right ones.

The kit's own checksums count, not those that a mirror has with its files.
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


def _publish(folder: Path) -> dict[str, Path]:
    """Lay three tools out as their projects do; return their files."""
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
    return {"kind": kind, "kubectl": kubectl / "kubectl", "helm": helm}


@pytest.fixture
def published(mirror: tuple[Path, str]) -> dict[str, Path]:
    """Return the files of the mirror by tool."""
    return _publish(mirror[0])


@pytest.fixture
def known_platform() -> str:
    """Return the platform that the kit has checksums for."""
    return ON


@pytest.fixture
def checksums(
    published: dict[str, Path], known_platform: str
) -> dict[str, dict[str, str]]:
    """Return the kit's own checksums."""
    return {
        tool: {
            "plan9-amd64": "0" * 64,
            known_platform: hashlib.sha256(file.read_bytes()).hexdigest(),
        }
        for tool, file in published.items()
    }


@pytest.fixture
def fetch(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    mirror: tuple[Path, str],
    checksums: dict[str, dict[str, str]],
) -> Path:
    """Have a playbook of these tasks alone; return where tools go."""
    _, address = mirror
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


@pytest.mark.parametrize("tool", ["kind", "kubectl", "helm"])
def test_a_mirror_s_own_program_and_checksum_are_refused(
    fetch: Path, published: dict[str, Path], tool: str
) -> None:
    """Neither installed nor compiled instead: somebody must look at that."""
    file = published[tool]
    file.write_text("other", encoding="utf-8")
    other = hashlib.sha256(b"other").hexdigest()
    for ending in (".sha256sum", ".sha256"):
        file.with_name(f"{file.name}{ending}").write_text(
            f"{other}  {file.name}\n", encoding="utf-8"
        )
    with pytest.raises(CannotCheck, match=rf"{tool}(\.tgz)?: FAILED"):
        run_playbook("toy", {}, student="demo")
    assert not list(fetch.iterdir())


@pytest.mark.parametrize("known_platform", ["plan9-386"])
def test_on_an_unknown_platform_nothing_is_downloaded(fetch: Path) -> None:
    """What cannot be compared is not installed; Go is what is left."""
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
