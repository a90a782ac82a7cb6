"""The folders of labs, and how people refer to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders import settings
from graders.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def find_labs(ref: str = "") -> list[Path]:
    """Return the folders of a lab, which is one, or of all labs for "".

    Raises:
        UsageError: there is no such lab; the message lists them.

    """
    if not ref:
        return lab_paths()
    found = [at for at in lab_paths() if ref in references(at.name)]
    if not found:
        raise unknown_lab(ref)
    return found


def lab_paths() -> list[Path]:
    """Return the folders of labs: there is no other list of them."""
    return sorted(at for at in settings.LABS.glob("lab-*") if at.is_dir())


def references(lab_id: str) -> tuple[str, ...]:
    """Return what a lab is called: its number, `lab-1`, and its id."""
    first, _, rest = lab_id.partition("-")
    number = rest.partition("-")[0]
    return (number, f"{first}-{number}", lab_id)


def unknown_lab(ref: str) -> UsageError:
    """Return the error that lists the labs."""
    ids = ", ".join(folder.name for folder in lab_paths())
    return UsageError(
        f"lab must be one of {ids or '(labs/ is empty)'}, not {ref!r}"
    )
