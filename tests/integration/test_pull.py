"""Images: pulled by digest, from a mirror too, and named by the kit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from graders.errors import UsageError
from graders.lifecycle import playbook
from graders.lifecycle.playbook import run_playbook
from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

ROLE: Final = ANSIBLE / "roles" / "images"
PINNED: Final[dict[str, str]] = yaml.safe_load(
    (ROLE / "vars" / "main.yml").read_text(encoding="utf-8")
)["images_digests"]
# Notes what it is asked, and has no image whose reference has MISSING in it.
DOCKER: Final = """\
#!/bin/sh
echo "$*" >> "$DOCKER_LOG"
case "$1 $2" in
  'run --detach') echo container ;;
  'exec -i') cat >> "$DOCKER_LOG" ;;
  pull*) case "$*" in *"$MISSING"*) echo 'not found' >&2; exit 1; esac ;;
esac
"""


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a docker on PATH; return the file in which it notes its calls."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER, encoding="utf-8")
    (programs / "docker").chmod(0o755)
    log = tmp_path / "docker.log"
    log.touch()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_LOG", str(log))
    monkeypatch.setenv("MISSING", "none at all")
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("METALLB_LAB_CACHE", str(tmp_path / "cache"))
    for name in ("IMAGES", "REGISTRY", "REGISTRY_DIGESTS", "IMAGES_FILE"):
        monkeypatch.delenv(name, raising=False)
    return log


def _run(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tasks: list[dict[str, Any]],
    **variables: object,
) -> None:
    """Run some of the role's tasks, with its variables and the kit's."""
    root = folder / "playbooks"
    root.mkdir()
    play: dict[str, Any] = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [
            str(ANSIBLE / "group_vars" / "all.yml"),
            str(ROLE / "defaults" / "main.yml"),
            str(ROLE / "vars" / "main.yml"),
        ],
        "tasks": tasks,
    }
    # Later files win.
    more = folder / "more.yml"
    more.write_text(yaml.safe_dump(variables), encoding="utf-8")
    play["vars_files"].append(str(more))
    (root / "toy.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    for name in ("action_plugins", "ansible.cfg", "inventory"):
        (root / name).symlink_to(ANSIBLE / name)
    (root / "roles").mkdir()
    monkeypatch.setattr(playbook, "ANSIBLE", root)
    run_playbook("toy", {"student": "demo"}, student="demo")


def _tasks(name: str) -> list[dict[str, Any]]:
    text = (ROLE / "tasks" / name).read_text(encoding="utf-8")
    tasks: list[dict[str, Any]] = yaml.safe_load(text)
    return tasks


def _choice() -> list[dict[str, Any]]:
    """Return the tasks that find out whether a registry can be used."""
    tasks = _tasks("choose.yml")
    names = [task["name"] for task in tasks]
    first = names.index("Refuse digests of a mirror that cannot be read")
    return tasks[first : names.index("Choose the source")]


def test_a_mirror_must_have_upstream_s_images(
    said: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each is asked for by its digest, and gets a name of the kit alone."""
    own = tmp_path / "mirror.yml"
    other = "sha256:" + "0" * 64
    own.write_text(yaml.safe_dump({"agnhost": other}), encoding="utf-8")
    monkeypatch.setenv("REGISTRY", "mirror:5000")
    monkeypatch.setenv("REGISTRY_DIGESTS", str(own))
    pinned = {key: PINNED[key] for key in PINNED if key != "debian"}

    given = {"images_digests": pinned}
    _run(tmp_path, monkeypatch, _tasks("pull.yml")[:1], **given)
    (tmp_path / "playbooks").rename(tmp_path / "before")
    assert "debian:trixie-slim: no digest is known" in capsys.readouterr().err
    _run(tmp_path, monkeypatch, [*_choice(), *_tasks("pull.yml")])

    lines = said.read_text(encoding="utf-8").splitlines()
    pulled = {line.split()[-1] for line in lines if line.startswith("pull")}
    assert pulled == {
        f"mirror:5000/kindest/node@{PINNED['node']}",
        f"mirror:5000/quay.io/metallb/controller@{PINNED['controller']}",
        f"mirror:5000/quay.io/metallb/speaker@{PINNED['speaker']}",
        f"mirror:5000/hashicorp/http-echo@{PINNED['http_echo']}",
        f"mirror:5000/registry.k8s.io/e2e-test-images/agnhost@{other}",
        f"mirror:5000/debian@{PINNED['debian']}",
    }
    tagged = [line.split()[1:] for line in lines if line.startswith("tag")]
    assert {source for source, _ in tagged} == pulled
    names = {name.partition(":")[0] for _, name in tagged}
    assert names == {
        f"metallb-lab/upstream-{name}"
        for name in (
            *("node", "controller", "speaker"),
            *("http-echo", "agnhost", "debian"),
        )
    }


def test_a_mirror_with_other_images_is_refused(
    said: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Building them instead would hide that somebody changed them."""
    monkeypatch.setenv("REGISTRY", "mirror:5000")
    monkeypatch.setenv("MISSING", PINNED["http_echo"])

    with pytest.raises(
        UsageError, match=r"mirror:5000 does not have \S+http-echo"
    ):
        _run(tmp_path, monkeypatch, _choice())
    assert said.read_text(encoding="utf-8").count("\n") == 1


@pytest.mark.parametrize("text", [None, "node: latest", "nodes: sha256:1"])
def test_digests_that_are_none_are_refused(
    said: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str | None,
) -> None:
    """Nothing is pulled for a file that is missing or says something else."""
    file = tmp_path / "mirror.yml"
    if text:
        file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("REGISTRY_DIGESTS", str(file))

    with pytest.raises(UsageError, match="is not a file of digests"):
        _run(tmp_path, monkeypatch, _choice())
    assert not said.read_text(encoding="utf-8")


def test_a_node_knows_images_by_upstream_s_names(
    said: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They go in by the kit's names, and are renamed in there."""
    names = ["quay.io/metallb/speaker:v1", "hashicorp/http-echo:1.0"]
    _run(
        tmp_path,
        monkeypatch,
        _tasks("image_import.yml"),
        import_base="base",
        import_result="result",
        import_images=names,
    )

    log = said.read_text(encoding="utf-8")
    ours = "metallb-lab/upstream-"
    assert f"save {ours}speaker:v1 {ours}http-echo:1.0\n" in log
    for name, short in (
        ("quay.io/metallb/speaker:v1", "speaker:v1"),
        ("docker.io/hashicorp/http-echo:1.0", "http-echo:1.0"),
    ):
        tag = f"images tag --force docker.io/{ours}{short} {name}\n"
        remove = f"images rm docker.io/{ours}{short}\n"
        assert log.index(tag) < log.index(remove)
    # The image keeps the environment, which docker's client would fill with
    # proxies and their passwords.
    (ran,) = (it for it in log.splitlines() if it.startswith("run --detach"))
    for name in ("http_proxy", "HTTPS_PROXY", "all_proxy", "NO_PROXY"):
        assert f"--env {name}= " in ran
