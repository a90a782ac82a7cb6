"""Commands that make a machine's settings those of another one."""

from __future__ import annotations

import re
import subprocess
from typing import Final

import pytest

from graders.classroom.machine_changes import _lines
from graders.classroom.machine_commands import COMMANDS
from graders.state.start_state import READINGS
from tests import own_network
from tests.network_changes import CHANGES, NET

BY_NAME: Final = {row.name: row for row in READINGS}
# No command repeats these.
_NOT_REPEATED: Final = ("ip link add", "extern_learn")


def _settings(name: str, *steps: str) -> str:
    """Return a setting of a machine after these steps, as it is recorded."""
    row = BY_NAME[name]
    script = "\n".join([NET, *steps, "echo =-=-=", row.command])
    done = subprocess.run(
        [*own_network.NET, "sh", "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stdout.partition("=-=-=\n")[2]
    # A queueing discipline has another number each time.
    lines = re.sub("fifo [0-9a-f]+:", "fifo 1:", printed).splitlines()
    return "\n".join(sorted(row.normalise(lines)))


def _commands(name: str, before: str, after: str) -> str:
    return "\n".join(COMMANDS[name](*_lines(before, after)))


@own_network.needs_net
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "change"), [one for one in CHANGES if one[0] in COMMANDS]
)
def test_repeated_and_undone(name: str, change: str) -> None:
    """A change is repeated elsewhere; a repair that undoes it is, too."""
    before, after = _settings(name), _settings(name, change)
    if before == after:
        pytest.skip(f"this computer cannot {change}")

    forth = _commands(name, before, after)
    back = _commands(name, after, before)

    if not any(words in change for words in _NOT_REPEATED):
        assert _settings(name, forth) == after, forth
    if "extern_learn" not in change:
        assert _settings(name, change, back) == before, back


@own_network.needs_net
@pytest.mark.parametrize("name", COMMANDS)
def test_nothing(name: str) -> None:
    """What does not differ needs no command."""
    assert _commands(name, "a\nb", "a\nb") == ""
