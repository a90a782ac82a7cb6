"""Signed documents: JSON in a DSSE envelope, signed with an Ed25519 key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from graders.classroom.keys import public_key
from graders.errors import MALFORMED, KitError, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner

_SHOWN: Final = 100


class NotVerified(KitError):  # noqa: N818 - the name of an outcome
    """A document is not signed as it says; the message is the reason."""


def load_json(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read strict JSON: no NaN, no half characters, and no name twice.

    Raises:
        ValueError: it is not such JSON, or nested too deep.

    """
    try:
        found = json.loads(
            text, parse_constant=_refuse, object_pairs_hook=_unique
        )
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    return found


def sign_document(
    document: Mapping[str, Any], payload_type: str, signer: CryptoSigner
) -> str:
    """Return the envelope of a signed document, as JSON in one line."""
    from securesystemslib.dsse import Envelope  # noqa: PLC0415 - slow

    payload = json.dumps(document, sort_keys=True).encode()
    envelope = Envelope(payload, payload_type, {})
    envelope.sign(signer)
    return json.dumps(envelope.to_dict()) + "\n"


def verify_document(
    text: str, payload_type: str, public: str
) -> dict[str, Any]:
    """Return the document of an envelope that `public` has signed.

    Raises:
        NotVerified: it has not, or this is no envelope of this type.

    """
    from securesystemslib.exceptions import VerificationError  # noqa: PLC0415 - slow

    envelope = _open(text, payload_type)
    try:
        key = public_key(public)
    except ValueError as error:
        raise NotVerified(f"the key is none: {error}") from None
    try:
        envelope.verify([key], 1)
    except VerificationError:
        raise NotVerified(
            "the signature is not that of its key, or the content was"
            " changed after it was signed"
        ) from None
    return _document(envelope)


def peek(text: str, payload_type: str) -> dict[str, Any]:
    """Return the document of an envelope, whoever signed it.

    Raises:
        NotVerified: this is no envelope of this type.

    """
    return _document(_open(text, payload_type))


def _open(text: str, payload_type: str) -> Envelope:
    from securesystemslib.dsse import Envelope  # noqa: PLC0415 - slow
    from securesystemslib.exceptions import Error  # noqa: PLC0415 - slow

    try:
        envelope = Envelope.from_dict(load_json(text))
    except (*MALFORMED, Error) as error:
        what = one_line(str(error), _SHOWN)
        raise NotVerified(f"it is no DSSE envelope: {what}") from None
    if envelope.payload_type != payload_type:
        raise NotVerified(
            f"expected payloadType {payload_type}, not"
            f" {one_line(str(envelope.payload_type), _SHOWN)}"
        )
    return envelope


def _document(envelope: Envelope) -> dict[str, Any]:
    try:
        document = load_json(envelope.payload)
    except ValueError as error:
        what = one_line(str(error), _SHOWN)
        raise NotVerified(f"its payload is no JSON: {what}") from None
    if not isinstance(document, dict):
        raise NotVerified("its payload must be an object")
    return document


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is used twice in an object")
    return found
