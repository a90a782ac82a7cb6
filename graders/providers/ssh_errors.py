"""Errors of ssh and sudo, with what to do about them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.providers.ssh import SshTarget

_CUT: Final = 160
_UNREACHABLE: Final = (
    "connect to host",
    "Could not resolve hostname",
    "Connection timed out",
    "kex_exchange_identification",
    "banner exchange",
)
_BROKEN: Final = (
    "client_loop:",
    "Connection closed by",
    "Connection reset by",
    "Connection to ",
    "Timeout, server",
)
# Not all of it begins with sudo's own name.
_NO_SUDO: Final = re.compile(
    r"^(sudo: a (password|terminal) is required"
    r"|sudo: (sorry, )?you must have a tty"
    r"|.*sudo: (command )?not found"
    # env's own, in whatever language and quotes.
    r"|env: \W*sudo\W*: "
    r"|\S+ is not in the sudoers file"
    r"|Sorry, user \S+ (is not allowed|may not run)).*$",
    re.MULTILINE,
)


def ssh_error(login: SshTarget, said: str) -> CannotCheck | None:
    """Return what kept ssh itself from running a command there.

    None when it is the command that speaks: it may end with 255, too.
    """
    for words, told in _TOLD:
        if any(word in said for word in words):
            return told(login, said)
    # A connection that broke off says nothing at all.
    return None if said.strip() else _broken(login, said)


def sudo_error(login: SshTarget, said: str) -> CannotCheck | None:
    """Return why sudo did not run a command, None when it did."""
    found = _NO_SUDO.search(said)
    if found is None:
        return None
    return CannotCheck(
        f"{login} may not use sudo without a password:"
        f" {one_line(found[0], _CUT)}",
        way_out=f"as root there: echo '{login.user} ALL=(ALL) NOPASSWD: ALL'"
        f" > /etc/sudoers.d/metallb-lab; or have user: root in the inventory",
    )


def _changed(login: SshTarget, _: str) -> CannotCheck:
    return CannotCheck(
        f"the host key of {login} is not the one in {login.known_hosts}:"
        " another machine answers there, or it was installed anew",
        way_out="if you know why, remove the old key"
        f" (ssh-keygen -f {login.known_hosts} -R {login.known_name!r})"
        f" and add the new one; {_keyscan(login)}",
    )


def _unknown(login: SshTarget, _: str) -> CannotCheck:
    return CannotCheck(
        f"the host key of {login} is not in {login.known_hosts}",
        way_out=_keyscan(login),
    )


def _keyscan(login: SshTarget) -> str:
    return (
        f"ssh-keyscan -t ed25519 -p {login.port} {login.address} >>"
        f" {login.known_hosts}, then compare it with the host's own"
        " /etc/ssh/ssh_host_ed25519_key.pub"
    )


def _key_file(login: SshTarget, said: str) -> CannotCheck:
    open_to_all = "UNPROTECTED" in said
    why = "may be read by others" if open_to_all else "cannot be read"
    way_out = "name another one in the inventory"
    if open_to_all:
        way_out = f"chmod 600 {login.key}"
    return CannotCheck(f"the key {login.key} {why}", way_out=way_out)


def _refused(login: SshTarget, _: str) -> CannotCheck:
    return CannotCheck(
        f"{login} does not accept the key {login.key}",
        way_out=f"put {login.key}.pub into {login.user}'s"
        " ~/.ssh/authorized_keys there",
    )


def _unreachable(login: SshTarget, said: str) -> CannotCheck:
    lines = [line for line in said.splitlines() if line.strip()]
    cause = lines[-1].rpartition(": ")[2] if lines else "no answer"
    return CannotCheck(
        f"{login} cannot be reached: {one_line(cause, _CUT)}",
        way_out="is it switched on, is the address right, does sshd run"
        " there?",
    )


def _broken(login: SshTarget, said: str) -> CannotCheck:
    why = one_line(said, _CUT) or "it says nothing"
    return CannotCheck(
        f"the connection to {login} broke off: {why}",
        way_out="try again; does the host still run?",
    )


def _no_client(*_: object) -> CannotCheck:
    return CannotCheck(
        "no ssh command on PATH",
        way_out="install it, for instance `sudo apt-get install"
        " openssh-client`",
    )


# In this order: a changed key also fails verification, and a key file that
# cannot be used also ends in a refusal.
_TOLD: Final[
    tuple[
        tuple[tuple[str, ...], Callable[[SshTarget, str], CannotCheck]],
        ...,
    ]
] = (
    (("ssh: No such file or directory",), _no_client),
    (("IDENTIFICATION HAS CHANGED",), _changed),
    (("Host key verification failed", "host key is known for"), _unknown),
    (
        ("UNPROTECTED PRIVATE KEY", "Identity file", "Load key"),
        _key_file,
    ),
    (("Permission denied (",), _refused),
    (("Too many authentication failures",), _refused),
    (_UNREACHABLE, _unreachable),
    (_BROKEN, _broken),
)
