"""Ed25519 keys in files of their owner's, and their public halves as hex."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck
from graders.files import read_text
from graders.settings import config_dir

if TYPE_CHECKING:
    from pathlib import Path

    from securesystemslib.signer import CryptoSigner, SSlibKey

# Hexadecimal digits of a public key.
PUBLIC_LENGTH: Final = 64
_MODE: Final = 0o600


def own_key(kind: str = "student") -> CryptoSigner:
    """Return this account's key of a kind; create it on first use.

    Raises:
        CannotCheck: as `key_in`.

    """
    return key_in(config_dir() / f"{kind}.key")


def key_in(file: Path, *, create: bool = True) -> CryptoSigner:
    """Return the key in a file; create it there if there is none.

    Raises:
        CannotCheck: there is none and none can be created, or it is damaged.

    """
    try:
        if create and not file.exists():
            _create(file)
        text = read_text(file)
        if file.stat().st_mode & ~_MODE & 0o777:
            # Some file systems have no modes.
            with suppress(OSError):
                file.chmod(_MODE)
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise CannotCheck(
            f"could not read or create the key {file}: {cause}",
            remedy="make its folder readable and writable",
        ) from None
    return _signer(text, file)


def public_hex(signer: CryptoSigner) -> str:
    """Return the public half of a key."""
    return str(signer.public_key.keyval["public"])


def public_key(text: str) -> SSlibKey:
    """Return the public key that `public_hex` wrote, with its id.

    Raises:
        ValueError: the text is no such key.

    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - slow
        Ed25519PublicKey,
    )
    from securesystemslib.signer import SSlibKey  # noqa: PLC0415 - slow

    if len(text) != PUBLIC_LENGTH or text != text.lower():
        raise ValueError(
            f"a public key has {PUBLIC_LENGTH} hexadecimal digits"
        )
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    return SSlibKey.from_crypto(key)


def _create(file: Path) -> None:
    """Write a new key; one that another command was faster with stays."""
    from securesystemslib.signer import CryptoSigner  # noqa: PLC0415 - slow

    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{secrets.token_hex(4)}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(CryptoSigner.generate_ed25519().private_bytes)
        with suppress(FileExistsError):
            os.link(new, file)
    finally:
        new.unlink(missing_ok=True)


def _signer(text: str, file: Path) -> CryptoSigner:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - slow
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - slow
        Ed25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - slow
        load_pem_private_key,
    )
    from securesystemslib.signer import CryptoSigner  # noqa: PLC0415 - slow

    with suppress(ValueError, TypeError, UnsupportedAlgorithm):
        key = load_pem_private_key(text.encode(), None)
        if isinstance(key, Ed25519PrivateKey):
            return CryptoSigner(key)
    raise CannotCheck(
        f"{file} is damaged, or no Ed25519 key",
        remedy="move it away, and the next command creates another one",
    )
