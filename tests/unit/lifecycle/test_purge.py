"""`lab purge` finds what the kit made by labels, names, folders and notes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck, UsageError
from graders.lifecycle import purge
from graders.lifecycle.purge import Findings, Purge, remove
from graders.providers.docker import EngineDown
from graders.settings import cache_dir, installed_dir, state_base

if TYPE_CHECKING:
    from pathlib import Path

KIT_IMAGE = "metallb-lab/node:v1-abc"
UPSTREAM = "kindest/node:v1"


class Engine:
    """An engine with labs of ada and bob; a test adds things of others."""

    def __init__(self) -> None:
        """Create what both have."""
        self.removed: list[tuple[str, ...]] = []
        self.containers = ["ada", "ada", "bob"]
        self.volumes = {"ada-state": "ada"}
        self.images = [KIT_IMAGE, UPSTREAM, "<none>:<none>"]

    def __call__(self, *args: str) -> str:
        """Run a command of docker."""
        labelled = any("label=" in word for word in args)
        match args:
            case ("ps", *_):
                form = args[-1].partition("{")[0]
                return "\n".join(
                    form + one
                    for one in self.containers
                    if one or not labelled
                )
            case ("network", *_):
                return "ada\nada"
            case ("volume", "ls", "--quiet", *_):
                return "\n".join(
                    name
                    for name, owner in self.volumes.items()
                    if owner or not labelled
                )
            case ("volume", *_):
                return "\n".join(filter(None, self.volumes.values()))
            case ("images", *_):
                return "\n".join(f"{name}\t1GB" for name in self.images)
            case ("image", "rm", name):
                self.removed.append(args)
                if name == "used":
                    raise CannotCheck("it is used")
        return "28"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, base: Path) -> Engine:
    """Return an engine; folders of ada, and of a lab on hosts of eve's."""
    monkeypatch.setattr("shutil.which", lambda _: "docker")
    monkeypatch.setattr(purge, "_ENGINE_FILES", (str(base.parent / "engine"),))
    for folder in ("ada/logs", "eve.hosts", ".installed"):
        (base / folder).mkdir(parents=True)
    (base / "eve.hosts" / "kubeconfig").touch()
    (cache_dir() / "bin").mkdir(parents=True)
    return Engine()


@pytest.fixture
def playbooks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return the playbooks that ran, with their students."""
    ran: list[tuple[str, str]] = []
    monkeypatch.setattr(purge, "extra_vars", lambda _: {})
    monkeypatch.setattr(
        purge,
        "run_playbook",
        lambda name, _, student: ran.append((name, student)),
    )

    class Provider:
        """It knows every plan."""

        def removal(self, student: str) -> tuple[str, list[str]]:
            return student, []

        def expected_plan(self, student: str) -> str:
            return student

    monkeypatch.setattr(purge, "provider", Provider)
    return ran


def _told(found: Findings) -> str:
    return "\n".join(
        [*(one.text for one in found.items), *(f"- {it}" for it in found.left)]
    )


def test_all_of_it(engine: Engine, playbooks: list[tuple[str, str]]) -> None:
    """Labs of this account, images, tools and state are removed."""
    said: list[str] = []

    found = Purge(docker=engine).find()
    assert remove(found, said.append) == []

    assert playbooks == [("down", "ada")]
    assert engine.removed == [("image", "rm", KIT_IMAGE)]
    assert not cache_dir().exists()
    assert not (state_base() / "ada").exists()
    assert not installed_dir().exists()
    assert len(said) == len(found.items)


def test_what_stays(engine: Engine) -> None:
    """Labs of others and of hosts, and upstream's images, are named."""
    told = _told(Purge(docker=engine).find())

    assert "lab of ada: 2 containers, 2 networks, 1 volumes" in told
    assert "- lab of bob (1 containers)" in told
    assert f"which others may use: {UPSTREAM};" in told
    assert (
        "eve.hosts: a lab on hosts; `CLUSTER=hosts lab down --student eve`"
        in told
    )
    assert (state_base() / "eve.hosts").exists()


def test_one_student(engine: Engine, playbooks: list[tuple[str, str]]) -> None:
    """What others share stays, with their labs."""
    found = Purge("ada", docker=engine).find()
    remove(found, print)

    assert playbooks == [("down", "ada")]
    assert not engine.removed
    assert cache_dir().exists()
    assert installed_dir().exists()
    assert not (state_base() / "ada").exists()
    assert "bob" not in _told(found)


def test_the_engine_of_the_kit(
    engine: Engine, playbooks: list[tuple[str, str]], tmp_path: Path
) -> None:
    """It is stopped, and its files are removed, where only the kit uses it."""
    (tmp_path / "engine").touch()
    engine.containers = ["ada"]
    ran: list[tuple[str, ...]] = []

    def run(*argv: str, stdin: str = "") -> str:
        ran.append((*argv, stdin))
        return ""

    remove(Purge(docker=engine, run=run).find(), print)

    assert ("engine_stop", "demo") in playbooks
    assert ran == [("rm", "-rf", str(tmp_path / "engine"), "")]


@pytest.mark.parametrize("what", ["containers", "volumes", "images"])
def test_an_engine_with_things_of_others(
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    """Engine, its packages and data stay, with the reason."""
    (tmp_path / "engine").touch()
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setattr(purge, "_ENGINE_PLACES", (str(data),))
    monkeypatch.setattr(
        "graders.providers.installed.is_installed", lambda _: True
    )
    (installed_dir() / "packages").write_text("docker.io\n")
    (installed_dir() / "places").write_text(f"{data}\n")
    engine.containers = ["ada"]
    if what == "containers":
        engine.containers.append("")
    elif what == "volumes":
        engine.volumes["data"] = ""
    else:
        engine.images.append("mine:latest")

    found = Purge(docker=engine).find()

    left = [line for line in found.left if f"1 {what}" in line]
    assert len(left) == 3
    assert not [it for it in found.items if str(data) in it.text]


def test_what_was_installed(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packages and folders of the notes are removed as root."""
    go = tmp_path / "go"
    go.mkdir()
    monkeypatch.setattr(
        "graders.providers.installed.is_installed", lambda _: True
    )
    (installed_dir() / "packages").write_text("docker.io\n")
    (installed_dir() / "places").write_text(f"{go}\n{tmp_path}/gone\n")
    engine.containers.remove("bob")

    told = _told(Purge(docker=engine).find())

    assert "packages that the kit installed: docker.io" in told
    assert f"folder {go}, 0.0 MiB: it was not there before" in told
    assert "gone" not in told


def test_failures_do_not_stop_the_rest() -> None:
    """Each is reported, and the others are removed."""
    found, said = Findings(), list[str]()
    found.add("image used", partial(Engine(), "image", "rm", "used"))
    found.add("image b", partial(Engine(), "image", "rm", "b"))

    failed = remove(found, said.append)

    assert [(text, str(error)) for text, error in failed] == [
        ("image used", "it is used")
    ]
    assert said == ["removed: image b"]


def test_no_engine_at_all(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without docker there are folders only."""
    monkeypatch.setattr("shutil.which", lambda _: None)

    found = Purge(docker=engine).find()

    assert len(found.items) == 2


@pytest.mark.usefixtures("engine")
def test_engine_that_does_not_answer() -> None:
    """What it has cannot be seen, so nothing is removed."""

    def docker(*_: str) -> str:
        raise EngineDown("no")

    with pytest.raises(CannotCheck, match="nothing was removed; start it"):
        Purge(docker=docker).find()


def test_hosts(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labs on hosts have `lab down`."""
    monkeypatch.setenv("CLUSTER", "hosts")

    with pytest.raises(UsageError, match="CLUSTER=hosts lab down"):
        Purge(docker=engine).find()


def test_a_linked_cache_stays(engine: Engine, tmp_path: Path) -> None:
    """Who linked it elsewhere may have more there."""
    real = cache_dir().rename(tmp_path / "real")
    cache_dir().symlink_to(real)

    found = Purge(docker=engine).find()

    assert f"{cache_dir()} is a link to {real}" in _told(found)
