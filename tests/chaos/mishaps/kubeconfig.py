"""The kubeconfig is damaged, locked or about something else."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import yaml

from tests.chaos.mishap import DURING, PLAYBOOKS, UP, mishap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import World


@mishap("kubeconfig-missing", back=UP, keeps=True, cheap=True)
def kubeconfig_missing(world: World) -> Iterator[None]:
    """The kubeconfig is deleted."""
    world.kubeconfig.unlink()
    yield


@mishap("kubeconfig-empty", back=UP, keeps=True, cheap=True)
def kubeconfig_empty(world: World) -> Iterator[None]:
    """The kubeconfig is empty, as after a power cut."""
    world.kubeconfig.write_bytes(b"")
    yield


@mishap("kubeconfig-damaged", back=UP, keeps=True, cheap=True)
def kubeconfig_damaged(world: World) -> Iterator[None]:
    """The kubeconfig is cut short, or is no YAML."""
    whole = world.kubeconfig.read_bytes()
    cut = whole[: world.random.randrange(1, len(whole))]
    forms = {
        "cut": cut,
        "no YAML": b"{]: \x00\xff\n" + cut,
        "a list": b"- 1\n",
        "without contexts": b"apiVersion: v1\nkind: Config\n",
        "without values": b"apiVersion: v1\nkind: Config\nclusters:\nusers:\n",
    }
    form = world.chose(world.random.choice(list(forms)))
    world.kubeconfig.write_bytes(forms[form])
    yield


@mishap("kubeconfig-folder", back=UP, keeps=True, cheap=True)
def kubeconfig_folder(world: World) -> Iterator[None]:
    """A folder is in the kubeconfig's place."""
    world.kubeconfig.unlink()
    world.kubeconfig.mkdir()
    yield


@mishap("other-context", back=UP, keeps=True, cheap=True)
def other_context(world: World) -> Iterator[None]:
    """The current context is another cluster's, which is listed first."""
    config = yaml.safe_load(world.kubeconfig.read_text(encoding="utf-8"))
    other = {
        "clusters": {"cluster": {"server": "https://127.0.0.1:9"}},
        "users": {"user": {"token": "visitor"}},
        "contexts": {"context": {"cluster": "visitor", "user": "visitor"}},
    }
    for key, value in other.items():
        config[key].insert(0, {"name": "visitor"} | value)
    config["current-context"] = "visitor"
    text = yaml.safe_dump(config)
    world.kubeconfig.write_text(text, encoding="utf-8")
    yield


@mishap("old-kubeconfig", back=UP, keeps=True, cheap=True)
def old_kubeconfig(world: World) -> Iterator[None]:
    """The kubeconfig has the port of an earlier cluster."""
    config = yaml.safe_load(world.kubeconfig.read_text(encoding="utf-8"))
    for one in config["clusters"]:
        one["cluster"]["server"] = "https://127.0.0.1:9"
    text = yaml.safe_dump(config)
    world.kubeconfig.write_text(text, encoding="utf-8")
    yield


@mishap("kubeconfig-lock", keeps=True, cheap=True)
def kubeconfig_lock(world: World) -> Iterator[None]:
    """A killed kubectl has left its lock of the kubeconfig."""
    lock = world.kubeconfig.with_name("kubeconfig.lock")
    lock.touch(mode=0)
    minutes_ago = time.time() - 300
    os.utime(lock, (minutes_ago, minutes_ago))
    yield


@mishap("kubeconfig-lock-new", commands=PLAYBOOKS, cheap=True)
def kubeconfig_lock_new(world: World) -> Iterator[None]:
    """A kubectl was killed a moment ago, and has left its lock."""
    world.kubeconfig.with_name("kubeconfig.lock").touch(mode=0)
    yield


@mishap("kubeconfig-lost-meanwhile", when=(DURING,), back=UP, keeps=True)
def kubeconfig_lost_meanwhile(world: World) -> Iterator[None]:
    """The kubeconfig is emptied while a command runs."""
    world.kubeconfig.write_bytes(b"")
    yield
