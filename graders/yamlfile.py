"""Where in a YAML file something stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def line_of(file: Path, keys: Sequence[str | int]) -> int:
    """Return the line, from 1, on which what `keys` lead to begins.

    Where they lead nowhere it is the line of the last that is there.
    """
    node = yaml.compose(file.read_text(encoding="utf-8"), yaml.SafeLoader)
    line = 1
    for key in keys:
        found = _below(node, str(key))
        if found is None:
            break
        at, node = found
        line = at.start_mark.line + 1
    return line


def _below(
    node: yaml.Node | None, key: str
) -> tuple[yaml.Node, yaml.Node] | None:
    """Return a key's own place and its value, None without such a key."""
    if isinstance(node, yaml.SequenceNode):
        items = node.value
        at = int(key) if key.isdigit() else len(items)
        return (items[at], items[at]) if at < len(items) else None
    if not isinstance(node, yaml.MappingNode):
        return None
    return next(((at, to) for at, to in node.value if at.value == key), None)
