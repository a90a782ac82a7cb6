"""Tell the class board what a command did, if this computer was told to.

Nothing here may change what the command says, or delay it for long: a thread
sends the message, the command waits for it for less than a second, and what
the board did not get goes with the next command's.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time as clock
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from graders.classroom.board import outbox
from graders.classroom.board.message import write_message
from graders.classroom.keys import own_key
from graders.errors import KitError, UsageError, one_line, printable
from graders.plan.ticket import installed_text
from graders.settings import CLASS_URL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.classroom.board.message import Kind

# Seconds that a command waits for the board.
PATIENCE_S: Final = 0.9
# An event is sent again unless the board said that it never will take it.
_FINAL: Final = frozenset({200, 400, 403, 413})
_OK: Final = 200
_ANSWER: Final = 4096
_SHOWN: Final = 300


@dataclass(frozen=True)
class Outcome:
    """The result of sending an event, and the reason.

    `waiting`: it goes with the next one, as the board did not answer in time
    or cannot take it now.
    """

    status: Literal["sent", "waiting", "refused"]
    reason: str = ""


def board_url() -> str:
    """Return the address of the class board, "" if none is set.

    Raises:
        UsageError: it is none.

    """
    text = os.environ.get(CLASS_URL, "").strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(
            f"{CLASS_URL} must be the address of the class board, such as"
            f" http://192.0.2.7:8765, not {one_line(text, _SHOWN)}",
            remedy=f"`unset {CLASS_URL}` sends nothing",
        )
    return text.rstrip("/")


def tell(
    student: str,
    kind: Kind,
    patience: float = PATIENCE_S,
    **fields: Any,  # noqa: ANN401 - any JSON
) -> Outcome:
    """Tell the board of an event, and what it has not got before.

    Raises:
        UsageError: no board is set, or there is no class ticket.

    """
    until = clock.monotonic() + patience
    url = board_url()
    ticket = installed_text(student)
    if not url or ticket is None:
        raise UsageError(
            f"{CLASS_URL} is not set"
            if not url
            else f"no class ticket of {student} is installed",
            remedy="`lab help` says what the class board needs",
        )
    event = {
        "id": secrets.token_hex(8),
        "time": clock.time(),
        "event": kind,
        **fields,
    }
    try:
        events = outbox.put(student, event)
    except OSError:
        events = [event]  # without a disk it has one chance
    sending = _Sending(url, student, ticket, events)
    sending.start()
    sending.join(max(0.0, until - clock.monotonic()))
    return sending.outcome


class _Sending(threading.Thread):
    """One attempt to send events. The program may end before it does."""

    def __init__(
        self,
        url: str,
        student: str,
        ticket: str,
        events: Sequence[dict[str, Any]],
    ) -> None:
        super().__init__(name="class board", daemon=True)
        self._url = url
        self._student = student
        self._ticket = ticket
        self._events = events
        self.outcome = Outcome("waiting", f"{url} does not answer")

    def run(self) -> None:
        """Send, and forget what need not be sent again."""
        try:
            status, reason = self._post()
        except KitError as error:
            self.outcome = Outcome("waiting", str(error))
            return
        except Exception as error:  # noqa: BLE001 - a thread has no caller to raise to
            why = printable(one_line(f"{type(error).__name__}: {error}"))
            self.outcome = Outcome("waiting", why[:_SHOWN])
            return
        if status in _FINAL:
            # If it stays there, the board knows it when it comes again.
            with suppress(OSError):
                outbox.remove(
                    self._student, {one["id"] for one in self._events}
                )
        self.outcome = _outcome(status, reason)

    def _post(self) -> tuple[int, str]:
        """Return the status of the board's answer, and its reason."""
        import urllib3  # noqa: PLC0415 - slow

        body = write_message(
            self._events, clock.time(), self._ticket, own_key()
        )
        # It is on the class's network, so no proxy is asked.
        pool = urllib3.PoolManager(retries=False, timeout=PATIENCE_S * 5)
        with pool:
            answer = pool.request(
                "POST",
                f"{self._url}/events",
                body=body,
                headers={"content-type": "application/json"},
                redirect=False,
                preload_content=False,
            )
            text = answer.read(_ANSWER)
            answer.close()
        return answer.status, _reason(answer.status, text)


def _outcome(status: int, reason: str) -> Outcome:
    if status == _OK:
        return Outcome("sent")
    return Outcome("refused" if status in _FINAL else "waiting", reason)


def _reason(status: int, text: bytes) -> str:
    """Return what the board says, in one line that a terminal can show."""
    try:
        said = str(json.loads(text)["error"])
    except (ValueError, LookupError, TypeError, RecursionError):
        said = f"it answered with status {status}"
    return printable(one_line(said, _SHOWN))
