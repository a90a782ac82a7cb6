"""The submissions that a person names: files, and folders of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SUFFIX: Final = ".lab"


def submission_files(names: Sequence[str]) -> list[Path]:
    """Return files once each, in order; of a folder all below it.

    Raises:
        UsageError: all names that lead to none.

    """
    found: dict[Path, Path] = {}
    problems = []
    for name in names:
        path = Path(name).expanduser()
        files = list(_files(path))
        found |= {file.resolve(): file for file in files}
        if not files:
            what = f"has no file *{SUFFIX}" if path.is_dir() else "is no file"
            problems.append(f"{path} {what}")
    if problems:
        raise UsageError(*problems)
    return list(found.values())


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        # Learning platforms pack a folder for each student.
        yield from sorted(
            it for it in path.rglob(f"*{SUFFIX}") if it.is_file()
        )
    elif path.exists():
        yield path
