"""Share submissions among machines, and remember which machine got which."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from graders.errors import parsing
from graders.files import read_text, write_atomically

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from graders.classroom.prepare import Prepared

# Bytes: a hundred thousand submissions have less.
_LIMIT: Final = 8_000_000
_KEY: Final = 32


@dataclass(frozen=True)
class Wish:
    """Machines that a submission is to go to, or to avoid, if possible."""

    best: Collection[str] = ()
    avoid: Collection[str] = ()


def key_of(item: Prepared) -> str:
    """Return the name of a submission on machines, the same in each run."""
    text = f"{item.file.name}\n{item.known.sha256}"
    return sha256(text.encode()).hexdigest()[:_KEY]


def share(
    wishes: Mapping[str, Wish], room: Mapping[str, int]
) -> dict[str, list[str]]:
    """Return the keys for each machine, as many as it has `room` for.

    None is empty that could help, and all are done at about the same time.
    """
    placed: dict[str, list[str]] = {name: [] for name in room}
    # What has its machine already comes first: others fill up.
    for key in sorted(
        wishes, key=lambda it: room.keys().isdisjoint(wishes[it].best)
    ):
        wish = wishes[key]
        names = (
            [it for it in room if it in wish.best]
            or [it for it in room if it not in wish.avoid]
            or [*room]
        )
        best = min(names, key=lambda it: (len(placed[it]) + 1) / room[it])
        placed[best].append(key)
    return placed


def read_sent(file: Path) -> dict[str, set[str]]:
    """Return which keys each machine may have something of.

    Raises:
        CannotCheck: the file is damaged.

    """
    if not file.exists():
        return {}
    with parsing(
        str(file), "remove it; what machines have is then regraded again"
    ):
        machines = json.loads(read_text(file, _LIMIT))["machines"]
        return {str(name): {*map(str, it)} for name, it in machines.items()}


def write_sent(file: Path, sent: Mapping[str, Collection[str]]) -> None:
    """Write it, before anything is sent."""
    machines = {name: sorted(keys) for name, keys in sent.items() if keys}
    write_atomically(file, json.dumps({"version": 1, "machines": machines}))
