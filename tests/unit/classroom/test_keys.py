"""Keys are created once, for their owner alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from graders.classroom.keys import key_in, own_key, public_hex, public_key
from graders.errors import CannotCheck

if TYPE_CHECKING:
    from pathlib import Path


def test_own_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The first use creates the key, readable for its owner only."""
    monkeypatch.setenv("METALLB_LAB_CONFIG", str(tmp_path / "config"))

    first, second = own_key(), own_key()

    assert public_hex(first) == public_hex(second)
    file = tmp_path / "config" / "student.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert public_hex(own_key("class")) != public_hex(first)


def test_mode_is_repaired(tmp_path: Path) -> None:
    """A key that others could read is closed again."""
    file = tmp_path / "key"
    key_in(file)
    file.chmod(0o644)

    key_in(file)

    assert file.stat().st_mode & 0o777 == 0o600


def test_created_once(tmp_path: Path) -> None:
    """Commands that create it at the same time get the same key."""
    with ThreadPoolExecutor(8) as pool:
        files = [tmp_path / "key"] * 8
        found = {public_hex(key) for key in pool.map(key_in, files)}

    assert len(found) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("text", ["", "nonsense", "\0", "-----BEGIN"])
def test_damaged(tmp_path: Path, text: str) -> None:
    """A damaged key is not replaced, and the error says what to do."""
    file = tmp_path / "key"
    file.write_text(text)

    with pytest.raises(CannotCheck, match="move it away"):
        key_in(file)

    assert file.read_text() == text


def test_missing(tmp_path: Path) -> None:
    """Where no key may be created, its absence is an error."""
    with pytest.raises(CannotCheck, match="No such file"):
        key_in(tmp_path / "key", create=False)


def test_unwritable(tmp_path: Path) -> None:
    """A folder that is a file is told with what to do."""
    (tmp_path / "config").touch()

    with pytest.raises(CannotCheck, match="readable and writable"):
        key_in(tmp_path / "config" / "key")


def test_public(tmp_path: Path) -> None:
    """The public half as text gives the same key with the same id."""
    key = key_in(tmp_path / "key")

    assert public_key(public_hex(key)).keyid == key.public_key.keyid


@pytest.mark.parametrize("text", ["", "ab", "A" * 64, "x" * 64, "a" * 65])
def test_no_public_key(text: str) -> None:
    """What is no public key is refused."""
    with pytest.raises(ValueError, match="hexadecimal"):
        public_key(text)
