"""What a container for a stranger's commands is created with."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import yaml

from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers import capture
from graders.providers import sandbox as module
from graders.providers.capture import TooSlow
from graders.providers.sandbox import Sandbox, kill_lab, lan_kubeconfig
from graders.settings import cache_dir, state_dir

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan("ada")
KUBECONFIG = {
    "clusters": [
        {
            "name": PLAN.context,
            "cluster": {"server": "https://127.0.0.1:40001", "ca": "CA"},
        },
        {"name": "other", "cluster": {"server": "https://secret"}},
    ],
    "users": [
        {"name": PLAN.context, "user": {"token": "ours"}},
        {"name": "other", "user": {"token": "theirs"}},
    ],
    "contexts": [
        {
            "name": PLAN.context,
            "context": {"cluster": PLAN.context, "user": PLAN.context},
        }
    ],
}


class Engine:
    """Takes calls of docker, and answers those of `docker exec`."""

    def __init__(self) -> None:
        """Begin with no calls."""
        self.calls: list[tuple[str, ...]] = []
        self.answers = ""
        self.code = 0
        self.late = False

    def docker(self, *args: str) -> str:
        """Answer `docker`."""
        self.calls.append(args)
        return "1a 2b" if args[0] == "ps" else "answer"

    def run(
        self, argv: list[str], **_: object
    ) -> subprocess.CompletedProcess[str]:
        """Answer what is run in the container."""
        self.calls.append(tuple(argv[1:]))
        if self.late:
            raise TooSlow(argv, 1, "", "")
        return subprocess.CompletedProcess(argv, self.code, self.answers, "no")

    def option(self, name: str) -> list[str]:
        """Return the values of an option of the container."""
        create = next(call for call in self.calls if call[:2] == RUN)
        return [value for at, value in pairwise(create) if at == name]


RUN = ("run", "--detach")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return an engine, and give the student a lab."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("METALLB_LAB_CACHE", str(tmp_path / "cache, of all"))
    engine = Engine()
    monkeypatch.setattr(module, "docker", engine.docker)
    monkeypatch.setattr(capture, "run", engine.run)
    state_dir("ada").mkdir(parents=True)
    (state_dir("ada") / "kubeconfig").write_text(yaml.safe_dump(KUBECONFIG))
    (cache_dir() / "helm").mkdir(parents=True)
    return engine


def test_it_has_no_engine_no_rights_and_limits(engine: Engine) -> None:
    """Nothing of this computer is in it but two folders, read-only."""
    with Sandbox(PLAN):
        pass

    mounts = engine.option("--mount")
    assert len(mounts) == 2
    assert all(mount.endswith(",readonly") for mount in mounts)
    assert not any(
        "docker.sock" in word for call in engine.calls for word in call
    )
    assert engine.option("--user") == ["1000:1000"]
    assert engine.option("--cap-drop") == ["ALL"]
    assert engine.option("--pids-limit") == ["256"]
    assert engine.option("--memory") == engine.option("--memory-swap")
    assert "--read-only" in next(c for c in engine.calls if c[:2] == RUN)


def test_it_has_no_way_out_of_the_lan(engine: Engine) -> None:
    """Its route is replaced from outside, and names lead nowhere."""
    with Sandbox(PLAN):
        pass

    cut = next(c for c in engine.calls if "NET_ADMIN" in c)
    assert "container:metallb-lab-ada-sandbox" in cut
    assert f"prohibit {PLAN.lan_gateway}/32" in cut[-1]
    assert engine.option("--dns") == ["192.0.2.1"]
    assert engine.option("--network") == [PLAN.lan_name]


def test_it_is_removed_with_all_that_runs(engine: Engine) -> None:
    """Also if what is done in it fails."""
    with pytest.raises(KeyError), Sandbox(PLAN) as sandbox:
        raise KeyError

    assert engine.calls[-1] == ("rm", "--force", sandbox.name)


def test_a_sandbox_that_does_not_start_leaves_nothing(engine: Engine) -> None:
    """The container may be there half."""
    engine.code = 1

    with (
        pytest.raises(CannotCheck, match=r"could not prepare .*: no"),
        Sandbox(PLAN),
    ):
        pass
    assert engine.calls[-1][0] == "rm"


@pytest.mark.usefixtures("engine")
def test_the_shell_is_inside() -> None:
    """It is opened by the engine's client, out of its reach."""
    with Sandbox(PLAN) as sandbox:
        assert sandbox.terminal[:4] == ("docker", "exec", "-it", sandbox.name)


def test_answers_come_back(engine: Engine) -> None:
    """A grade reads them in the student's folder."""
    (state_dir("ada") / "answers.yml").write_text("shop:\n")
    with Sandbox(PLAN) as sandbox:
        engine.answers = "shop: 10.0.0.7\n"
        sandbox.fetch_answers()

    assert (state_dir("ada") / "answers.yml").read_text() == "shop: 10.0.0.7\n"


@pytest.mark.parametrize("late", [False, True])
def test_answers_that_cannot_be_had(engine: Engine, *, late: bool) -> None:
    """The ones from before stay: a repair may have ended the container."""
    (state_dir("ada") / "answers.yml").write_text("shop:\n")
    with Sandbox(PLAN) as sandbox:
        engine.code, engine.late = 1, late
        sandbox.fetch_answers()

    assert (state_dir("ada") / "answers.yml").read_text() == "shop:\n"


def test_the_kubeconfig_has_the_labs_own_entries(engine: Engine) -> None:
    """Other clusters of a teacher are no stranger's."""
    del engine
    text = lan_kubeconfig(PLAN, state_dir("ada") / "kubeconfig")

    found = yaml.safe_load(text)
    address = PLAN.nodes["control-plane"].lan
    cluster = found["clusters"][0]["cluster"]
    assert cluster == {"server": f"https://{address}:6443", "ca": "CA"}
    assert found["current-context"] == PLAN.context
    assert "theirs" not in text
    assert "secret" not in text


def test_a_damaged_kubeconfig(engine: Engine) -> None:
    """It is the machine's fault, and `lab up` mends it."""
    del engine
    file = state_dir("ada") / "kubeconfig"
    file.write_text("[")

    with pytest.raises(CannotCheck, match="`lab up` writes it again"):
        lan_kubeconfig(PLAN, file)


def test_all_of_a_lab_can_be_stopped(engine: Engine) -> None:
    """Whatever fills the disk runs in one of its containers."""
    kill_lab("ada")

    assert engine.calls[-1] == ("kill", "1a", "2b")
