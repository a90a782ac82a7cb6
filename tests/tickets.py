"""Class tickets for tests that do not look at signatures."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from graders.plan.ticket import PAYLOAD_TYPE, Ticket
from graders.settings import ticket_file

if TYPE_CHECKING:
    from pathlib import Path

NONCE: Final = "00112233445566ff"
ADA: Final = Ticket(
    course="Networks 2027",
    student="ada",
    name="Ada Lovelace",
    nonce=NONCE,
    issued=date(2027, 1, 4),
    valid_until=date(2027, 6, 30),
    key="ab" * 32,
)


def envelope(payload: str) -> str:
    """Return an envelope that nobody has signed."""
    return json.dumps(
        {
            "payload": base64.b64encode(payload.encode()).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [],
        }
    )


def install(student: str, nonce: str = NONCE) -> Path:
    """Install a ticket as `lab ticket` does; return its file."""
    file = ticket_file(student)
    file.parent.mkdir(parents=True, exist_ok=True)
    ticket = replace(ADA, student=student, nonce=nonce)
    file.write_text(
        envelope(json.dumps(ticket.to_document())), encoding="utf-8"
    )
    return file
