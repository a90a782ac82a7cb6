"""Errors of ssh and sudo, with what to do about them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.providers.ssh import SshTarget

_MAX_LENGTH: Final = 160
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
# Not every message begins with sudo's name.
_NO_SUDO: Final = re.compile(
    r"^(sudo: a (password|terminal) is required"
    r"|sudo: (sorry, )?you must have a tty"
    r"|.*sudo: (command )?not found"
    # env's message, in any language and quotes.
    r"|env: \W*sudo\W*: "
    r"|\S+ is not in the sudoers file"
    r"|Sorry, user \S+ (is not allowed|may not run)).*$",
    re.MULTILINE,
)


def ssh_error(target: SshTarget, stderr: str) -> CannotCheck | None:
    """Return why ssh could not run a command.

    None if the message is the command's: it may end with 255, too.
    """
    for parts, error in _ERRORS:
        if any(part in stderr for part in parts):
            return error(target, stderr)
    # A connection that broke off leaves no message.
    return None if stderr.strip() else _broken(target, stderr)


def sudo_error(target: SshTarget, stderr: str) -> CannotCheck | None:
    """Return why sudo did not run a command, None if it did."""
    match = _NO_SUDO.search(stderr)
    if match is None:
        return None
    return CannotCheck(
        f"{target} may not use sudo without a password:"
        f" {one_line(match[0], _MAX_LENGTH)}",
        remedy=f"as root there: echo '{target.user} ALL=(ALL) NOPASSWD: ALL'"
        f" > /etc/sudoers.d/metallb-lab; or have user: root in the inventory",
    )


def _changed(target: SshTarget, _: str) -> CannotCheck:
    return CannotCheck(
        f"the host key of {target} is not the one in {target.known_hosts}:"
        " another machine answers there, or it was reinstalled",
        remedy="if you know why, remove the old key"
        f" (ssh-keygen -f {target.known_hosts} -R {target.known_name!r})"
        f" and add the new one; {_keyscan(target)}",
    )


def _unknown(target: SshTarget, _: str) -> CannotCheck:
    return CannotCheck(
        f"the host key of {target} is not in {target.known_hosts}",
        remedy=_keyscan(target),
    )


def _keyscan(target: SshTarget) -> str:
    return (
        f"ssh-keyscan -t ed25519 -p {target.port} {target.address} >>"
        f" {target.known_hosts}, then compare it with the host's own"
        " /etc/ssh/ssh_host_ed25519_key.pub"
    )


def _key_file(target: SshTarget, stderr: str) -> CannotCheck:
    open_to_all = "UNPROTECTED" in stderr
    why = "may be read by others" if open_to_all else "cannot be read"
    remedy = "name another one in the inventory"
    if open_to_all:
        remedy = f"chmod 600 {target.key}"
    return CannotCheck(f"the key {target.key} {why}", remedy=remedy)


def _refused(target: SshTarget, _: str) -> CannotCheck:
    return CannotCheck(
        f"{target} does not accept the key {target.key}",
        remedy=f"put {target.key}.pub into {target.user}'s"
        " ~/.ssh/authorized_keys there",
    )


def _unreachable(target: SshTarget, stderr: str) -> CannotCheck:
    lines = [line for line in stderr.splitlines() if line.strip()]
    cause = lines[-1].rpartition(": ")[2] if lines else "no answer"
    return CannotCheck(
        f"{target} cannot be reached: {one_line(cause, _MAX_LENGTH)}",
        remedy="is it switched on, is the address right, does sshd run there?",
    )


def _broken(target: SshTarget, stderr: str) -> CannotCheck:
    why = one_line(stderr, _MAX_LENGTH) or "it says nothing"
    return CannotCheck(
        f"the connection to {target} broke off: {why}",
        remedy="try again; does the host still run?",
    )


def _no_client(*_: object) -> CannotCheck:
    return CannotCheck(
        "no ssh command on PATH",
        remedy="install it, for instance `sudo apt-get install"
        " openssh-client`",
    )


# In this order: a changed key also fails verification, and a key file that
# cannot be used also ends in a refusal.
_ERRORS: Final[
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
