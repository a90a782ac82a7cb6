"""The wrapper that runs runc where a capability is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from jinja2 import Template
from jinja2.nativetypes import NativeEnvironment

from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="it is for an engine on Linux"
)

WRAPPER: Final = ANSIBLE / "roles/ci_engine/files/runc-without-sys-resource"
CAPS: Final = ["CAP_CHOWN", "CAP_SYS_RESOURCE", "CAP_KILL"]
LIMITS: Final = [{"type": "RLIMIT_NOFILE", "hard": 1, "soft": 1}]
# What looks like it, and is a user's own.
ARGS: Final = ["echo", '"CAP_SYS_RESOURCE", "rlimits":[1] "oomScoreAdj":-5']


def _process(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "args": ARGS,
        "capabilities": {"bounding": CAPS, "effective": CAPS[1:2]},
        **more,
    }


def _run(tmp_path: Path, *argv: str) -> list[str]:
    """Call the wrapper; return what runc was called with."""
    (tmp_path / "bin").mkdir()
    runc = tmp_path / "bin" / "runc"
    runc.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    runc.chmod(0o755)
    path = f"{runc.parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", str(WRAPPER), *argv],
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("more", [{"cwd": "/"}, {}])
def test_exec(
    tmp_path: Path, separators: tuple[str, str], more: dict[str, Any]
) -> None:
    """What the host cannot give is not asked for; all else is as it was."""
    file = tmp_path / "a process"
    asked = _process(rlimits=LIMITS, oomScoreAdj=-998, **more)
    file.write_text(json.dumps(asked, separators=separators))
    argv = ["--root", "/r", "exec", "--process", str(file), "--detach", "id"]

    assert _run(tmp_path, *argv) == argv
    caps = {"bounding": ["CAP_CHOWN", "CAP_KILL"], "effective": []}
    assert json.loads(file.read_text()) == {
        "args": ARGS,
        "capabilities": caps,
        "oomScoreAdj": 0,
        **more,
    }


@pytest.mark.parametrize("verb", ["create", "run"])
@pytest.mark.parametrize("flag", ["--bundle ", "-b ", "--bundle="])
def test_create(tmp_path: Path, verb: str, flag: str) -> None:
    """A container's own process is asked for in its bundle."""
    file = tmp_path / "config.json"
    spec = {"root": {}, "process": _process(oomScoreAdj=100), "linux": {}}
    file.write_text(json.dumps(spec))

    _run(tmp_path, verb, *f"{flag}{tmp_path}".split(), "exec")
    process = json.loads(file.read_text())["process"]
    assert process["capabilities"]["effective"] == []
    assert process["oomScoreAdj"] == 100
    assert process["args"] == ARGS


@pytest.mark.parametrize(
    ("bounding", "is_used"),
    [("000001ffffffffff", False), ("000001fffeffffff", True)],
)
def test_where_it_is_used(bounding: str, *, is_used: bool) -> None:
    """Only on a host that lacks the capability, by an engine of the kit."""
    role = ANSIBLE / "roles" / "ci_engine"
    tasks = yaml.safe_load((role / "tasks" / "main.yml").read_text("utf-8"))
    known = yaml.safe_load((role / "defaults" / "main.yml").read_text("utf-8"))
    (has_it,) = (
        task["ansible.builtin.set_fact"]["ci_engine_has_sys_resource"]
        for task in tasks
        if "ansible.builtin.set_fact" in task
    )
    known["ci_engine_bounding"] = {"stdout": bounding}
    known["ci_engine_has_sys_resource"] = (
        NativeEnvironment().from_string(has_it).render(known)
    )

    template = (role / "templates" / "daemon.json.j2").read_text("utf-8")
    engine = json.loads(Template(template).render(known))

    assert ("default-runtime" in engine) == is_used
    assert ("runtimes" in engine) == is_used
    (written,) = (task for task in tasks if "ansible.builtin.copy" in task)
    assert written["when"] == "not ci_engine_has_sys_resource"


def test_other_verbs(tmp_path: Path) -> None:
    """What asks for nothing is passed on."""
    argv = ["--log", "/a log", "delete", "--force", "exec"]

    assert _run(tmp_path, *argv) == argv
