"""What a person gives to make reaches the kit as it is."""

from __future__ import annotations

import subprocess

import pytest

from tests.makefile import would_run


@pytest.mark.parametrize("word", ["x; touch here", "it's", "a b", "`id`"])
@pytest.mark.parametrize("target", ["lab-1", "prove"])
def test_variant_is_one_word(target: str, word: str) -> None:
    """No shell acts upon what is in it."""
    commands = would_run(target, f"VARIANT={word}", f"LAB={word}")
    command = commands.splitlines()[-1].replace(
        ".venv/bin/lab", "printf '%s|'"
    )
    words = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=True
    ).stdout

    assert words.endswith(f"|--variant|{word}|")
    if target == "prove":
        assert words == f"prove|{word}|--variant|{word}|"
