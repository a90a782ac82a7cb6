"""Images by each way: pulled from a registry, saved and loaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from jinja2 import Template

from graders.settings import ANSIBLE, ROOT

from .conftest import ok, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PORT: Final = 5007
MIRROR: Final = f"127.0.0.1:{PORT}"
CONFIG: Final = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "{mirror}"}}
"""

pytestmark = [pytest.mark.machine, pytest.mark.usefixtures("fresh")]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Run Debian's docker-registry on loopback."""
    program = shutil.which("docker-registry")
    if program is None:
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "docker-registry"],
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            check=True,
        )
    config = tmp_path / "registry.yml"
    config.write_text(CONFIG.format(folder=tmp_path / "data", mirror=MIRROR))
    serving = subprocess.Popen(
        ["docker-registry", "serve", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _answers(f"http://{MIRROR}/v2/")
    yield MIRROR
    serving.terminate()
    serving.wait(10)


def _answers(url: str) -> None:
    """Wait until a server of this test answers."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310 - this test's own server
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"{url} did not answer")


def _upstream() -> dict[str, str]:
    """Return upstream's names and the engine's, as group_vars has them."""
    file = ANSIBLE / "group_vars" / "all.yml"
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    names = [
        Template(template).render(versions=found["versions"])
        for template in found["upstream"].values()
    ]
    prefix = found["upstream_prefix"]
    return {name: prefix + name.rpartition("/")[2] for name in names}


def test_pull_from_a_class_mirror(
    registry: str, docker: Callable[..., str], tmp_path: Path
) -> None:
    """IMAGES=pull REGISTRY=host:port gets every upstream name from there.

    The mirror has what was built here, so its digests are its own: it is
    refused until the class says that it has them.
    """
    for name, local in _upstream().items():
        docker("tag", local, f"{registry}/{name}")
        docker("push", "--quiet", f"{registry}/{name}")
        docker("rmi", f"{registry}/{name}")
    # The kit's own images are made from them again, in another cache.
    kept = docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    node = next(name for name in kept if name.startswith("metallb-lab/node:"))
    docker("tag", node, "metallb-lab/kept")
    docker("rmi", node)
    env = {
        "IMAGES": "pull",
        "REGISTRY": registry,
        "METALLB_LAB_CACHE": str(tmp_path / "cache"),
    }
    refused = run("lab", "images", "get", **env)
    assert refused.returncode == 2, refused.stderr
    assert f"{registry} does not have hashicorp/http-echo" in refused.stderr
    digests = tmp_path / "digests.yml"
    digests.write_text(
        ok("python", str(ROOT / "scripts" / "digests"), "--registry", registry)
    )
    env["REGISTRY_DIGESTS"] = str(digests)
    # No release site is reached here, so the tools come from Go modules.
    ok("lab", "images", "get", **env)
    assert (tmp_path / "cache" / "bin" / "kind").is_file()
    assert docker("image", "inspect", "-f", "{{.Id}}", node)
    docker("rmi", "--force", "metallb-lab/kept")  # nodes still run from it
    ok("lab", "up")


def test_built_images_have_no_upstream_name(
    docker: Callable[..., str],
) -> None:
    """Nobody's `FROM debian:trixie-slim` gets what the kit made.

    An image of that name that was pulled has a digest of its registry.
    """
    for name, local in _upstream().items():
        ours = docker("image", "inspect", "-f", "{{.Id}}", local)
        theirs = docker("images", "--quiet", "--no-trunc", name).split()
        assert ours not in theirs, name


def test_save_and_load_round_trip(
    tmp_path: Path, docker: Callable[..., str]
) -> None:
    """What `save` writes, `load` brings back; a damaged file it refuses."""
    archive = tmp_path / "my $lab.tar"
    saved = ok("lab", "images", "save", str(archive))
    listed = (tmp_path / "my $lab.tar.sha256").read_text(encoding="utf-8")
    digest = listed.split()[0]
    assert digest in saved
    other = run("lab", "images", "load", str(archive), "--sha256", "0" * 64)
    assert other.returncode == 2
    assert digest in other.stderr
    images = docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    ours = next(one for one in images if one.startswith("metallb-lab/appl"))
    cut = tmp_path / "cut.tar"
    with archive.open("rb") as whole, cut.open("wb") as part:
        part.write(whole.read(archive.stat().st_size // 2))
    refused = run("lab", "images", "load", str(cut))
    assert refused.returncode == 2
    assert "cut.tar" in refused.stderr
    cache = {"METALLB_LAB_CACHE": str(tmp_path / "cache")}
    ok("lab", "images", "load", str(archive), "--sha256", digest, **cache)
    assert (tmp_path / "cache" / "bin" / "kubectl").is_file()
    assert docker("image", "inspect", "-f", "{{.Id}}", ours)
