"""Access to the board's pages by tokens and cookies.

The teacher's token opens everything. The projector's opens the page without
names only, so that it may be typed on a computer that others use.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from graders.files import read_text, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

Role: TypeAlias = Literal["teacher", "projector"]
_FILE: Final = "token"
_BYTES: Final = 32
# Characters of a header of cookies that are looked at.
_LONGEST: Final = 8 * 1024


@dataclass(frozen=True)
class Access:
    """The tokens of a class's board."""

    tokens: dict[Role, str]

    @property
    def cookie(self) -> str:
        """The name of the cookie: other boards of a computer have others."""
        return f"board-{_derived(self.tokens['teacher'], 'name')[:8]}"

    def role(self, token: str) -> Role | None:
        """Return what a token opens, in the same time for any."""
        given = token.strip().encode(errors="replace")
        roles = [
            role
            for role, own in self.tokens.items()
            if hmac.compare_digest(given, own.encode())
        ]
        return roles[0] if roles else None

    def visitor(self, request: Request) -> Role | None:
        """Return what the cookies of a request open."""
        header = request.headers.get("cookie", "")[:_LONGEST]
        try:
            cookies = SimpleCookie(header)
        except CookieError:
            return None
        found = cookies.get(self.cookie)
        return self.role(found.value) if found else None


def open_access(folder: Path) -> Access:
    """Return the tokens of a class; make them the first time.

    Raises:
        OSError, ValueError: the file cannot be read or written.

    """
    file = folder / _FILE
    if not file.exists():
        token = secrets.token_urlsafe(_BYTES)
        write_atomically(file, f"{token}\n", mode=0o600)
    teacher = read_text(file).strip()
    if len(teacher) < _BYTES:
        raise ValueError("it is too short for a token")
    projector = _derived(teacher, "projector")
    return Access({"teacher": teacher, "projector": projector})


def is_private(request: Request) -> bool:
    """Return whether others could read what is sent: TLS, or loopback."""
    if request.url.scheme == "https":
        return True
    return is_loopback(request.client.host if request.client else "")


def is_loopback(host: str) -> bool:
    """Return whether a peer's address is one of this computer alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _derived(token: str, purpose: str) -> str:
    return hmac.digest(token.encode(), purpose.encode(), "sha256").hex()
