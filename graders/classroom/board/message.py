"""Messages to the board: events that a student's own key has signed.

A message has the student's class ticket, the public half of the key, and an
envelope around the events. The ticket says for which student it speaks; the
board remembers the key of each ticket.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from graders.classroom.envelope import load_json, sign_document
from graders.course.lab import Layer
from graders.errors import KitError, one_line, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from securesystemslib.signer import CryptoSigner

VERSION: Final = 1
PAYLOAD_TYPE: Final = "application/vnd.metallb-lab-kit.events+json"
# Events of one message, and bytes of its envelope: of questions that are
# written in emoji only, it has 80 KB.
MOST_EVENTS: Final = 20
LIMIT: Final = 96 * 1024
# Characters of what a student asks.
LONGEST_TEXT: Final = 200
_SHOWN: Final = 160

Kind: TypeAlias = Literal["start", "hint", "grade", "help", "done"]
Count: TypeAlias = Annotated[int, Field(ge=0, le=100_000)]
# Seconds since 1970.
Time: TypeAlias = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
Line: TypeAlias = Annotated[
    str,
    StringConstraints(max_length=LONGEST_TEXT),
    AfterValidator(lambda text: printable(one_line(text))),
]


class BadMessageError(KitError):
    """A message is not of the form that the board reads."""


class _Strict(BaseModel):
    """Unknown keys are ignored: a later version of the kit may add some."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Event(_Strict):
    """An event that one command reports to the board.

    `layer` is the first broken one of a grade. `text` is what a student asks.
    """

    id: Annotated[str, StringConstraints(pattern="^[0-9a-f]{16}$")]
    time: Time
    event: Kind
    lab: Annotated[
        str,
        StringConstraints(pattern="^(lab-[0-9]{1,3}(-[a-z0-9-]{1,60})?)?$"),
    ] = ""
    run: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9-]{0,40}$")] = ""
    attempt: Count = 0
    hints: Count = 0
    solved: bool = False
    points: Count = 0
    total: Count = 0
    layer: Layer | Literal[""] = ""
    text: Line = ""


class Message(_Strict):
    """Events, when they were sent, and the digest of their ticket."""

    version: Literal[1]
    sent: Time
    ticket: str
    events: Annotated[
        tuple[Event, ...],
        Field(strict=False, min_length=1, max_length=MOST_EVENTS),
    ]


class Parts(_Strict):
    """A message as it travels: `ticket` and `message` are envelopes."""

    ticket: Annotated[str, StringConstraints(max_length=16 * 1024)]
    key: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    message: Annotated[str, StringConstraints(max_length=LIMIT)]


def digest(ticket: str) -> str:
    """Return what names a ticket in a message."""
    return sha256(ticket.strip().encode()).hexdigest()


def write_message(
    events: Sequence[dict[str, Any]],
    sent: float,
    ticket: str,
    signer: CryptoSigner,
) -> bytes:
    """Return the body of a request that tells the board these events."""
    from graders.classroom.keys import public_hex  # noqa: PLC0415 - slow

    document = {
        "version": VERSION,
        "sent": sent,
        "ticket": digest(ticket),
        "events": list(events),
    }
    return json.dumps(
        {
            "ticket": ticket,
            "key": public_hex(signer),
            "message": sign_document(document, PAYLOAD_TYPE, signer),
        }
    ).encode()


def read_parts(body: bytes) -> Parts:
    """Return the parts of a request's body; no signature is looked at.

    Raises:
        BadMessageError: it is no message.

    """
    try:
        return Parts.model_validate(load_json(body))
    except (ValueError, RecursionError) as error:
        raise _bad(error) from None


def read_message(document: dict[str, Any], ticket: str) -> Message:
    """Return the message in an envelope that was signed for this ticket.

    Raises:
        BadMessageError: its form is wrong, or it belongs to another ticket.

    """
    try:
        message = Message.model_validate(document)
    except ValueError as error:
        raise _bad(error) from None
    if message.ticket != digest(ticket):
        raise BadMessageError("the events were signed for another ticket")
    return message


def _bad(error: Exception) -> BadMessageError:
    """Return the first thing that is wrong, in one line."""
    text = str(error)
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        text = f"{place}: {first['msg']}"
    return BadMessageError(
        f"this is no message to the board: {one_line(text, _SHOWN)}"
    )
