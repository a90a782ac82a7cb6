"""Messages of ssh and sudo, and what they come to."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.providers.ssh import SshTarget
from graders.providers.ssh_errors import ssh_error, sudo_error

NOWHERE = SshTarget("10.0.0.3", "debian", Path("key"), Path("known_hosts"))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "the connection to debian@10.0.0.3 broke off: it says nothing"),
        ("client_loop: send disconnect: Broken pipe", "broke off: client"),
        (
            "ssh: connect to host 10.0.0.3 port 22: No route to host",
            "debian@10.0.0.3 cannot be reached: No route to host",
        ),
        (
            "ssh: Could not resolve hostname h: Name or service not known",
            "cannot be reached: Name or service not known",
        ),
        ("debian@h: Permission denied (publickey).", "does not accept"),
        ("Object x is unknown, try ip help", None),
    ],
)
def test_what_ssh_says(said: str, told: str | None) -> None:
    """Its words become one line and a remedy; a command's own do not."""
    found = ssh_error(NOWHERE, said)

    assert (told or "") in str(found)
    assert (found is None) == (told is None)
    assert found is None or found.remedy


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        ("sudo: a password is required\n", True),
        ("sudo: sorry, you must have a tty to run sudo\n", True),
        ("env: \u2018sudo\u2019: No such file or directory\n", True),
        ("env: 'sudo': Fichier inconnu\n", True),
        ("bash: line 1: sudo: command not found\n", True),
        ("sh: 1: sudo: not found\n", True),
        ("debian is not in the sudoers file.  Reported.\n", True),
        ("Sorry, user debian is not allowed to execute 'x'.\n", True),
        ("sudo: unable to resolve host h\nsudo: a password is required", True),
        ("cat: x: not found\n", False),
        ("sudo: unable to resolve host lab\nRTNETLINK: exists\n", False),
    ],
)
def test_what_sudo_says(said: str, trouble: object) -> None:
    """Only what sudo itself says counts."""
    assert bool(sudo_error(NOWHERE, said)) is trouble
