"""Configuration of CI that regrades a repository's submissions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from graders.errors import UsageError

_FOLDER: Final = Path(__file__).with_name("ci")
FORGES: Final = ("github", "gitlab")
# They come between single quotes of a shell.
_URL: Final = re.compile(r"[\w.:/@~+-]+")


def ci_file(forge: str, url: str, ref: str) -> str:
    """Return the configuration for a forge.

    The kit is fetched from `url`; `ref` is a branch, a tag or a commit.

    Raises:
        UsageError: there is no such forge, or it is no address or ref.

    """
    if forge not in FORGES:
        raise UsageError(
            f"the forge must be one of {', '.join(FORGES)}, not {forge!r}"
        )
    for option, value in (("--kit", url), ("--ref", ref)):
        if not _URL.fullmatch(value):
            raise UsageError(
                f"{option} must be an address and a ref that git fetches, not"
                f" {value!r}",
                remedy="--kit https://forge.example/course/kit.git --ref main",
            )
    text = (_FOLDER / f"{forge}.yml").read_text("utf-8")
    return text.replace("KIT_URL", url).replace("KIT_REF", ref)
