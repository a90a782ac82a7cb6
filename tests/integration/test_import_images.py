"""Images of Envoy Gateway come into a node's containerd once."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = ANSIBLE / "roles/gateway/files/import_images.sh"
# Keeps the names of images in a file.
CTR: Final = """\
#!/bin/sh
shift 2
case "$2" in
  ls) cat "$STORE" ;;
  import)
    cat > /dev/null
    printf 'docker.io/%s\\n' $ENGINE_NAMES >> "$STORE" ;;
  tag) grep -q -x -F "$4" "$STORE" && echo "$5" >> "$STORE" ;;
  rm) grep -v -x -F "$3" "$STORE" > "$STORE.new"; mv "$STORE.new" "$STORE" ;;
esac
"""
NAMES: Final = (
    "docker.io/envoyproxy/gateway:v1",
    "docker.io/envoyproxy/envoy:distroless-v1",
)
PROXY: Final = "docker.io/envoyproxy/envoy@sha256:0a"
MARK: Final = "docker.io/metallb-lab/gateway:0a"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a node's images, with a ctr for them."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (
        ("ctr", CTR),
        ("dpkg", "#!/bin/sh\necho amd64\n"),
    ):
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    (tmp_path / "images.tar").touch()
    store = tmp_path / "store"
    store.write_text("docker.io/library/other:1\n", encoding="utf-8")
    return store


def _import(store: Path) -> str:
    folder = store.parent
    done = subprocess.run(
        ["bash", str(SCRIPT), "env"],
        env={
            "PATH": f"{folder / 'programs'}:/usr/bin:/bin",
            "STORE": str(store),
            "ARCHIVE": str(folder / "images.tar"),
            "ENGINE_NAMES": "ours/gateway:v1 ours/envoy:distroless-v1",
            "NODE_NAMES": " ".join(NAMES),
            "PROXY": PROXY,
            "MARK": MARK,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    return done.stdout


def test_import(store: Path) -> None:
    """They get upstream's names, and a mark of their recipe."""
    assert _import(store) == '{"changed": "images of Envoy Gateway"}\n'

    there = store.read_text(encoding="utf-8").split()
    assert sorted(there) == sorted(
        ["docker.io/library/other:1", *NAMES, PROXY, MARK]
    )


@pytest.mark.parametrize("name", [*NAMES, PROXY, MARK])
def test_again(store: Path, name: str) -> None:
    """Nothing is sent a second time, unless something was removed."""
    _import(store)
    assert not _import(store)

    lines = store.read_text(encoding="utf-8").split()
    lines.remove(name)
    store.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert _import(store)
    assert name in store.read_text(encoding="utf-8").split()
