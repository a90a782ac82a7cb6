"""Public keys of students: which are let in, and as what."""

from __future__ import annotations

import base64
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.seats.student_keys import KEYS, check_key, read_keys
from graders.errors import UsageError
from tests.sshd import keygen

if TYPE_CHECKING:
    from pathlib import Path

ED25519 = base64.b64encode(
    struct.pack(">I", 11) + b"ssh-ed25519" + struct.pack(">I", 32) + b"k" * 32
).decode()
KEY = f"ssh-ed25519 {ED25519}"


def _public(folder: Path, *options: str) -> str:
    file = folder / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-N", "", "-f", file, *options], check=True
    )
    return (folder / "key.pub").read_text(encoding="utf-8")


def test_a_real_key_is_taken_without_its_comment(tmp_path: Path) -> None:
    """A comment could be a template, or the end of a line."""
    line = keygen(tmp_path / "key").with_suffix(".pub").read_text("utf-8")

    found = check_key(f"{line.strip()} {{{{ lookup('pipe', 'id') }}}}")

    assert found == " ".join(line.split()[:2])


@pytest.mark.parametrize(
    "options",
    [("-t", "ecdsa", "-b", "384"), ("-t", "rsa", "-b", "2048")],
    ids=["ecdsa", "rsa"],
)
def test_other_types(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Keys of other types are taken as ssh-keygen writes them."""
    line = _public(tmp_path, *options)

    assert line.startswith(check_key(line))


def test_a_weak_key_is_refused(tmp_path: Path) -> None:
    """RSA with few bits lets others in."""
    line = _public(tmp_path, "-t", "rsa", "-b", "1024")

    with pytest.raises(ValueError, match="2048 bits or more, not 1024"):
        check_key(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        f'command="sh" {KEY}',
        f"no-pty {KEY}",
        f'environment="A=b" {KEY}',
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        f"ssh-ed25519 {ED25519[:-8]}",
        f"ssh-ed25519 {ED25519}!",
        f"ssh-rsa {ED25519}",
        f"ecdsa-sha2-nistp256 {ED25519}",
        f"ssh-ed25519-cert-v01@openssh.com {ED25519}",
        f"ssh-dss {ED25519}",
        f"cert-authority {KEY}",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "{{ lookup('pipe', 'id') }}",
        "ssh-ed25519 " + "A" * 5000,
    ],
)
def test_what_is_no_key_is_refused(line: str) -> None:
    """Options, certificates, private keys and half keys let nobody in."""
    with pytest.raises(ValueError, match=r"\w"):
        check_key(line)


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    """Whatever a roster has, what is let in is a type and base64."""
    for line in (text, f"ssh-ed25519 {text}", f"{KEY} {text}"):
        try:
            found = check_key(line)
        except ValueError:
            continue
        assert found == KEY


def test_keys_of_roster_and_folder(tmp_path: Path) -> None:
    """A student with two computers has both keys."""
    line = keygen(tmp_path / "key").with_suffix(".pub").read_text("utf-8")
    (tmp_path / KEYS).mkdir()
    (tmp_path / KEYS / "ada.pub").write_text(
        f"# laptop\n\n{line}{line}", encoding="utf-8"
    )

    found = read_keys(tmp_path, {"ada": f"{KEY} x"}, ["ada", "bob"])

    assert found == {"ada": (KEY, " ".join(line.split()[:2]))}


def test_all_problems_are_named(tmp_path: Path) -> None:
    """A teacher corrects all keys at once."""
    (tmp_path / KEYS).mkdir()
    (tmp_path / KEYS / "cy.pub").write_text("\nnonsense\n", encoding="utf-8")
    (tmp_path / KEYS / "dan.pub").write_bytes(b"\xff\xfe\0")
    (tmp_path / KEYS / "eve.pub").write_text(f"{KEY}\n" * 6, encoding="utf-8")

    with pytest.raises(UsageError) as raised:
        read_keys(
            tmp_path,
            {"ada": KEY, "bob": KEY},
            ["ada", "bob", "cy", "dan", "eve"],
        )

    text = "\n".join(raised.value.problems)
    assert "ada and bob have the same key" in text
    assert "cy.pub:2: expected ssh-ed25519" in text
    assert "dan.pub: it is not text in UTF-8" in text
    assert "eve has more than 5 keys" in text
