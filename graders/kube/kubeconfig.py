"""The kit's kubeconfig: entries are found by the name of the lab's context.

A student may add clusters to it, and select another one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from graders.errors import MALFORMED
from graders.files import read_text, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

_MODE: Final = 0o600
# Bytes, and lists in lists: libyaml ends the process where they are too deep.
LIMIT: Final = 1 << 20
_DEPTH: Final = 20


class KubeconfigError(Exception):
    """The kubeconfig is damaged, or lacks the lab's context."""


@dataclass(frozen=True)
class Access:
    """What a context names: a cluster and a user, as they are written.

    `namespace` is "" if it names none.
    """

    cluster: dict[str, Any]
    user: dict[str, Any]
    namespace: str = ""


def read_access(file: Path, context: str) -> Access:
    """Return the cluster and the user of a context.

    Raises:
        KubeconfigError: the file is damaged, or has no such context.
        OSError: it cannot be read.

    """
    config = _read(file)
    names = _entry(config, "context", context)
    return Access(
        _entry(config, "cluster", names.get("cluster")),
        _entry(config, "user", names.get("user")),
        str(names.get("namespace") or ""),
    )


def is_usable(file: Path, context: str) -> bool:
    """Tell whether the file has a context, with its cluster and user."""
    try:
        read_access(file, context)
    except (KubeconfigError, OSError):
        return False
    return True


def set_aside_damaged(file: Path) -> None:
    """Rename what no tool can read: kind would fail to add to it.

    Raises:
        OSError: it cannot be renamed.

    """
    try:
        _read(file)
    except FileNotFoundError:
        return
    except (KubeconfigError, IsADirectoryError):
        # An earlier one may be a folder.
        aside = f"{file.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
        file.replace(file.with_name(aside))


def current_context(file: Path) -> str:
    """Return the name of the current context, "" if there is none.

    Raises:
        KubeconfigError: the file is damaged.
        OSError: it cannot be read.

    """
    return str(_read(file).get("current-context") or "")


def select_namespace(file: Path, context: str, namespace: str) -> bool:
    """Make `context` the current one, in `namespace`; tell if that is new.

    "" keeps the namespace that it has. kubectl would write the file in place,
    so that a full disk leaves an empty one.

    Raises:
        KubeconfigError: as `read_access`.
        OSError: the file cannot be read or written.

    """
    config = _read(file)
    entry = _entry(config, "context", context)
    wanted = namespace or entry.get("namespace")
    if (config.get("current-context"), entry.get("namespace")) == (
        context,
        wanted,
    ):
        return False
    config["current-context"] = context
    if wanted:
        entry["namespace"] = wanted
    write_atomically(file, yaml.safe_dump(config), mode=_MODE)
    return True


def _read(file: Path) -> dict[str, Any]:
    try:
        text = read_text(file, LIMIT)
        _refuse_depth(text)
        config = yaml.load(text, yaml.CSafeLoader)
    except (*MALFORMED, yaml.YAMLError):
        config = None
    if not isinstance(config, dict):
        raise KubeconfigError("it is empty or damaged")
    return config


def _refuse_depth(text: str) -> None:
    """Raise ValueError for more lists in lists than any kubeconfig has."""
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEPTH:
            raise ValueError(depth)


def _entry(config: dict[str, Any], kind: str, name: object) -> dict[str, Any]:
    """Return the context, cluster or user called `name`."""
    entries = config.get(f"{kind}s")
    for entry in entries if isinstance(entries, list) else []:
        found = entry.get(kind) if isinstance(entry, dict) else None
        if isinstance(found, dict) and entry.get("name") == name:
            return found
    raise KubeconfigError(f"it has no {kind} {name}")
