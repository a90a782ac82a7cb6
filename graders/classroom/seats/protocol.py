"""The messages between a seat's client and its service.

A message is a byte for its kind, four for the length of its content, and the
content. The client begins with a request. It runs with an account and a
Python of a machine of the class, so this module needs Python's library only.
"""

from __future__ import annotations

import enum
import json
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION: Final = 1
# Bytes of a message's content.
LONGEST: Final = 65536
# Of a request: words, and characters of one.
WORDS: Final = 64
LONGEST_WORD: Final = 8192
# The exit status of a shell that has no lab to be at.
NO_LAB: Final = 69
# That of what was lost before it ended.
LOST: Final = 3
# The first word of a request whose second is a line for a shell.
LINE: Final = "-c"

_HEAD: Final = struct.Struct("!BI")
_SIZE: Final = struct.Struct("!HH")
_TERM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,39}")
_SIDE: Final = 2000


class Kind(enum.IntEnum):
    """What a message is."""

    REQUEST = 1
    INPUT = 2
    INPUT_END = 3
    RESIZE = 4
    SIGNAL = 5
    OUTPUT = 17
    ERROR = 18
    EXIT = 19


FROM_CLIENT: Final = frozenset(
    {Kind.REQUEST, Kind.INPUT, Kind.INPUT_END, Kind.RESIZE, Kind.SIGNAL}
)
FROM_SERVICE: Final = frozenset({Kind.OUTPUT, Kind.ERROR, Kind.EXIT})


class ProtocolError(ValueError):
    """A message that is not allowed."""


@dataclass(frozen=True)
class Size:
    """Rows and columns of a terminal."""

    rows: int
    columns: int

    def pack(self) -> bytes:
        """Return the content of RESIZE."""
        return _SIZE.pack(self.rows, self.columns)

    @classmethod
    def unpack(cls, content: bytes) -> Size:
        """Read the content of RESIZE.

        Raises:
            ProtocolError: it is no size of a terminal.

        """
        try:
            return cls(*_SIZE.unpack(content)).checked()
        except struct.error:
            raise ProtocolError("a size has 4 bytes") from None

    def checked(self) -> Size:
        """Return the size.

        Raises:
            ProtocolError: no terminal has it.

        """
        if not (0 < self.rows <= _SIDE and 0 < self.columns <= _SIDE):
            raise ProtocolError(f"no terminal is {self.rows}x{self.columns}")
        return self


@dataclass(frozen=True)
class Request:
    """What a client asks for: words, none for a shell.

    `size` is that of its terminal, None without one, and `term` its type.
    """

    words: tuple[str, ...] = ()
    size: Size | None = None
    term: str = "xterm"

    def pack(self) -> bytes:
        """Return the content of REQUEST."""
        size = self.size and [self.size.rows, self.size.columns]
        fields = {
            "version": VERSION,
            "words": self.words,
            "size": size,
            "term": self.term,
        }
        return json.dumps(fields).encode()

    @classmethod
    def unpack(cls, content: bytes) -> Request:
        """Read the content of REQUEST.

        Raises:
            ProtocolError: it is no request.

        """
        try:
            fields = json.loads(content)
            version = fields.pop("version")
            words, size, term = (
                fields.pop(name) for name in ("words", "size", "term")
            )
        except (
            AttributeError,
            KeyError,
            RecursionError,
            TypeError,
            ValueError,
        ):
            raise ProtocolError("this is no request") from None
        if version != VERSION or fields:
            raise ProtocolError("the client is of another version")
        if not isinstance(term, str) or not _TERM.fullmatch(term):
            raise ProtocolError("no terminal has such a type")
        return cls(_words(words), _size(size), term)


class Decoder:
    """Messages out of the bytes that arrive; only `kinds` are allowed."""

    def __init__(self, kinds: frozenset[Kind]) -> None:
        """Begin without any bytes."""
        self._kinds = kinds
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Kind, bytes]]:
        """Take bytes; yield the messages that are complete.

        Raises:
            ProtocolError: one is not allowed.

        """
        self._bytes += data
        while len(self._bytes) >= _HEAD.size:
            number, length = _HEAD.unpack_from(self._bytes)
            if number not in self._kinds or length > LONGEST:
                raise ProtocolError(f"no message {number} of {length} bytes")
            end = _HEAD.size + length
            if len(self._bytes) < end:
                return
            content = bytes(self._bytes[_HEAD.size : end])
            del self._bytes[:end]
            yield Kind(number), content


def pack(kind: Kind, content: bytes = b"") -> bytes:
    """Return a message, or several of a kind that may be split."""
    parts = [
        content[at : at + LONGEST]
        for at in range(0, max(1, len(content)), LONGEST)
    ]
    return b"".join(_HEAD.pack(kind, len(part)) + part for part in parts)


def _words(found: object) -> tuple[str, ...]:
    if not isinstance(found, list) or len(found) > WORDS:
        raise ProtocolError(f"a request has at most {WORDS} words")
    for word in found:
        if not isinstance(word, str) or len(word) > LONGEST_WORD:
            raise ProtocolError(
                f"a word has at most {LONGEST_WORD} characters"
            )
        # Surrogates are no text, and NUL ends an argument.
        if "\0" in word or not _encodable(word):
            raise ProtocolError("a word is no text")
    return tuple(found)


def _encodable(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _size(found: object) -> Size | None:
    if found is None:
        return None
    if not isinstance(found, list) or [type(it) for it in found] != [int, int]:
        raise ProtocolError("a size has rows and columns")
    return Size(*found).checked()
