"""The kit's kubeconfig: read by context, and written whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from graders.kube.kubeconfig import (
    KubeconfigError,
    current_context,
    is_usable,
    read_access,
    select_namespace,
    set_aside_damaged,
)

if TYPE_CHECKING:
    from pathlib import Path

LAB = "kind-metallb-lab"
DAMAGED = ["", "{", "users", "\x80", "- a"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a kubeconfig whose current context is a student's own."""
    file = tmp_path / "kubeconfig"
    _write(file, _config())
    return file


def _config() -> dict[str, Any]:
    return {
        "current-context": "kind-mine",
        "contexts": [
            {"name": "kind-mine", "context": {"cluster": "mine", "user": "i"}},
            {"name": LAB, "context": {"cluster": LAB, "user": LAB}},
        ],
        "clusters": [
            {"name": "mine", "cluster": {"server": "https://192.0.2.1"}},
            {"name": LAB, "cluster": {"server": "https://127.0.0.1:1"}},
        ],
        "users": [{"name": LAB, "user": {"token": "x"}}],
    }


def _write(file: Path, config: object) -> None:
    file.write_text(yaml.safe_dump(config), encoding="utf-8")


def test_the_contexts_own_cluster_and_user(file: Path) -> None:
    """Neither the first entries nor the current context matter."""
    access = read_access(file, LAB)

    assert access.cluster["server"] == "https://127.0.0.1:1"
    assert access.user == {"token": "x"}
    assert is_usable(file, LAB)


@pytest.mark.parametrize("kind", ["contexts", "clusters", "users"])
@pytest.mark.parametrize("left", ["nothing", "others", "text"])
def test_lacks_an_entry(file: Path, kind: str, left: str) -> None:
    """A file without the context, its cluster or its user is not usable."""
    config = _config()
    config[kind] = {
        "nothing": None,
        "others": [it for it in config[kind] if it["name"] != LAB] + ["x"],
        "text": "x",
    }[left]
    _write(file, config)

    with pytest.raises(KubeconfigError, match=f"it has no {kind[:-1]}"):
        read_access(file, LAB)
    assert not is_usable(file, LAB)


@pytest.mark.parametrize("text", DAMAGED)
def test_damaged(file: Path, text: str) -> None:
    """An empty or damaged file is set aside, so that kind can write one."""
    file.write_bytes(text.encode("latin-1"))

    assert not is_usable(file, LAB)
    set_aside_damaged(file)

    (aside,) = file.parent.iterdir()
    assert aside.name.startswith("kubeconfig.damaged-")
    assert not is_usable(file, LAB)


def test_folder(file: Path) -> None:
    """A folder in its place is set aside, too."""
    file.unlink()
    file.mkdir()

    assert not is_usable(file, LAB)
    set_aside_damaged(file)

    assert not file.exists()


def test_whole_or_missing_file_stays(file: Path) -> None:
    """A file that can be read stays, whatever is in it."""
    _write(file, {"clusters": []})
    set_aside_damaged(file)
    assert file.exists()

    file.unlink()
    set_aside_damaged(file)
    assert list(file.parent.iterdir()) == []


def test_select_namespace(file: Path) -> None:
    """The lab's context becomes the current one; all else stays."""
    assert select_namespace(file, LAB, "lab-1")
    assert not select_namespace(file, LAB, "lab-1")
    assert not select_namespace(file, LAB, "")

    config = yaml.safe_load(file.read_text())
    assert current_context(file) == LAB
    assert config["contexts"][1]["context"]["namespace"] == "lab-1"
    assert config["contexts"][0] == _config()["contexts"][0]
    assert config["clusters"] == _config()["clusters"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [it.name for it in file.parent.iterdir()] == ["kubeconfig"]


def test_namespace_is_kept(file: Path) -> None:
    """Without a lab, only the context is selected."""
    assert select_namespace(file, LAB, "")

    context = yaml.safe_load(file.read_text())["contexts"][1]["context"]
    assert context == _config()["contexts"][1]["context"]
