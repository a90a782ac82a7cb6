"""Statements are true of their files only."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from graders.classroom.envelope import (
    NotVerified,
    load_json,
    peek,
    sign_document,
    verify_document,
)
from graders.classroom.keys import key_in, public_hex
from graders.classroom.statement import PAYLOAD, PREDICATE, TYPE, sign, verify

if TYPE_CHECKING:
    from pathlib import Path

_EMPTY = json.dumps(
    {"payload": "e30=", "payloadType": PAYLOAD, "signatures": []}
)
FILES = {"result.json": b"{}", "plan.json": b"1"}


def _signed(tmp_path: Path) -> str:
    return sign(FILES, {"result": "PASSED"}, key_in(tmp_path / "key"))


def _resigned(tmp_path: Path, **changes: object) -> str:
    """Return a statement with other fields, signed by its own key."""
    key = key_in(tmp_path / "key")
    document = peek(_signed(tmp_path), PAYLOAD) | changes
    return sign_document(document, PAYLOAD, key)


def test_verified(tmp_path: Path) -> None:
    """A statement that fits its files is verified by the key in it."""
    text = _signed(tmp_path)

    predicate = verify(text, FILES)

    assert predicate["key"] == public_hex(key_in(tmp_path / "key"))
    assert predicate["result"] == "PASSED"


def test_form(tmp_path: Path) -> None:
    """It is an in-toto Statement in a DSSE envelope."""
    envelope = json.loads(_signed(tmp_path))

    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    document = json.loads(base64.b64decode(envelope["payload"]))
    assert document["_type"] == TYPE
    assert document["predicateType"] == PREDICATE
    assert [one["name"] for one in document["subject"]] == sorted(FILES)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({**FILES, "plan.json": b"2"}, "plan.json was changed after"),
        ({**FILES, "more": b""}, "more is not signed"),
        ({"plan.json": b"1"}, "result.json is signed and missing"),
    ],
)
def test_other_files(
    tmp_path: Path, files: dict[str, bytes], problem: str
) -> None:
    """Files that were changed, added or removed are named."""
    with pytest.raises(NotVerified, match=problem):
        verify(_signed(tmp_path), files)


def test_changed_payload(tmp_path: Path) -> None:
    """Another payload does not fit the signature."""
    envelope = json.loads(_signed(tmp_path))
    text = base64.b64decode(envelope["payload"]).replace(b"PASSED", b"FAILED")
    envelope["payload"] = base64.b64encode(text).decode()

    with pytest.raises(NotVerified, match="was changed after"):
        verify(json.dumps(envelope), FILES)


def test_other_key(tmp_path: Path) -> None:
    """A document of somebody else's is not that of the expected key."""
    text = sign_document({"a": 1}, "x", key_in(tmp_path / "theirs"))
    ours = public_hex(key_in(tmp_path / "ours"))

    with pytest.raises(NotVerified, match="not that of its key"):
        verify_document(text, "x", ours)
    with pytest.raises(NotVerified, match="64 hexadecimal digits"):
        verify_document(text, "x", "ab")


def test_without_signature(tmp_path: Path) -> None:
    """An envelope that nobody signed is not verified."""
    envelope = json.loads(_signed(tmp_path)) | {"signatures": []}

    with pytest.raises(NotVerified):
        verify(json.dumps(envelope), FILES)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"predicateType": "other"}, "expected predicateType"),
        ({"_type": "other"}, "expected _type"),
        ({"subject": [1]}, "no statement"),
        ({"subject": None}, "no statement"),
        ({"predicate": {}}, "no statement"),
        ({"predicate": {"key": 1}}, "no statement"),
        ({"predicate": {"key": "ab"}}, "hexadecimal"),
    ],
)
def test_other_forms(
    tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    """A signed document of another form is no statement."""
    with pytest.raises(NotVerified, match=problem):
        verify(_resigned(tmp_path, **changes), FILES)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no DSSE envelope"),
        ("[]", "no DSSE envelope"),
        ('{"payload": "", "payloadType": "x"}', "no DSSE envelope"),
        (
            '{"payload": "e30=", "payloadType": "x", "signatures": []}',
            "expected payloadType",
        ),
        (
            _EMPTY.replace("e30=", "W10="),
            "must be an object",
        ),
        (
            _EMPTY.replace("e30=", "Ww=="),
            "no JSON",
        ),
    ],
)
def test_no_envelope(text: str, problem: str) -> None:
    """What is no envelope, or one of another type, is refused."""
    with pytest.raises(NotVerified, match=problem):
        verify(text, FILES)


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', "NaN", "[" * 5000, '"\\ud800"', "", "{"]
)
def test_strict_json(text: str) -> None:
    """JSON that readers understand differently is refused."""
    with pytest.raises(ValueError, match=r"."):
        load_json(text)
