"""Public SSH keys of students, by which machines let them in.

A key is of the roster's column `key`, or in keys/NAME.pub of the class. Only
its type and its numbers are used: options, which could open more than a seat,
are refused, and comments are left out.
"""

from __future__ import annotations

import base64
import binascii
import struct
from typing import TYPE_CHECKING, Final

from graders.errors import UsageError, one_line
from graders.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

KEYS: Final = "keys"
TYPES: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
)
# Computers of one student.
_MOST: Final = 5
# Characters of a line: RSA with 16,384 bits has 2,800.
_LONGEST: Final = 4000
_RSA_BITS: Final = 2048
_SHOWN: Final = 40
_LENGTH: Final = struct.Struct(">I")


def check_key(text: str) -> str:
    """Return a public key as `TYPE BASE64`.

    Raises:
        ValueError: it is none, or a weak one; the message says why.

    """
    if len(text) > _LONGEST:
        raise ValueError("it is too long")
    words = text.split()
    if not words or words[0] not in TYPES:
        first = one_line(words[0] if words else "", _SHOWN)
        raise ValueError(
            f"expected {', '.join(TYPES[:-1])} or {TYPES[-1]} first, not"
            f" {first!r}"
        )
    kind, encoded = words[0], (words[1:] or [""])[0]
    _expect_key(kind, encoded)
    return f"{kind} {encoded}"


def read_keys(
    folder: Path, of_roster: Mapping[str, str], students: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Return the keys of students; who has none is not in it.

    Raises:
        UsageError: all that is wrong with keys.

    """
    found: dict[str, tuple[str, ...]] = {}
    owners: dict[str, str] = {}
    problems = []
    for student in students:
        try:
            keys = _keys(folder / KEYS / f"{student}.pub", of_roster, student)
        except ValueError as error:
            problems.append(str(error))
            continue
        if keys:
            found[student] = keys
        for key in keys:
            other = owners.setdefault(key, student)
            if other != student:
                problems.append(
                    f"{other} and {student} have the same key, so each could"
                    " use the seat of the other"
                )
    if problems:
        raise UsageError(
            *problems,
            remedy="a student's public key is the line in the .pub file that"
            " ssh-keygen writes",
        )
    return found


def _keys(
    file: Path, of_roster: Mapping[str, str], student: str
) -> tuple[str, ...]:
    lines = []
    if key := of_roster.get(student):
        lines.append((f"the roster's key of {student}", key))
    try:
        text = read_text(file)
    except FileNotFoundError:
        text = ""
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    lines += [
        (f"{file}:{number}", line.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.strip().startswith("#")
    ]
    if len(lines) > _MOST:
        raise ValueError(f"{student} has more than {_MOST} keys")
    return tuple(dict.fromkeys(_checked(*it) for it in lines))


def _checked(place: str, line: str) -> str:
    try:
        return check_key(line)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None


def _expect_key(kind: str, encoded: str) -> None:
    """Expect the numbers of a key of a type."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - slow
    from cryptography.hazmat.primitives.asymmetric.rsa import (  # noqa: PLC0415 - slow
        RSAPublicKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - slow
        load_ssh_public_key,
    )

    try:
        blob = base64.b64decode(encoded, validate=True)
        name = blob[_LENGTH.size :][: _LENGTH.unpack_from(blob)[0]]
        key = load_ssh_public_key(f"{kind} {encoded}".encode("ascii"))
    except (ValueError, binascii.Error, struct.error, UnsupportedAlgorithm):
        raise ValueError(f"no key of {kind}, or cut short") from None
    if name.decode("ascii", "replace") != kind:
        raise ValueError(f"the key is not of {kind}")
    if isinstance(key, RSAPublicKey) and key.key_size < _RSA_BITS:
        raise ValueError(
            f"expected {_RSA_BITS} bits or more, not {key.key_size}; make"
            " another by `ssh-keygen -t ed25519`"
        )
