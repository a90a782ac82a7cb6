"""Write the client of seats as one program, for accounts without the kit.

Run `python -m graders.classroom.seats.client_file FILE`.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path, PurePosixPath
from typing import Final
from zipfile import ZipFile, ZipInfo

from graders.files import write_atomically
from graders.settings import ROOT

# -I: neither variables nor files of the account change what it runs.
_FIRST_LINE: Final = b"#!/usr/bin/python3 -I\n"
_SEATS: Final = "graders/classroom/seats"
_MODULES: Final = (
    *(f"{_SEATS}/{name}.py" for name in ("client", "protocol", "terminal")),
    "graders/interrupts.py",
    "graders/watch/guardian.py",
)
_MAIN: Final = "from graders.classroom.seats.client import main\nmain()\n"


def client_program() -> bytes:
    """Return the program: an archive that Python runs."""
    content = io.BytesIO(_FIRST_LINE)
    content.seek(0, io.SEEK_END)
    with ZipFile(content, "a") as archive:
        # An entry without a time is the same whenever it is written.
        for name in _MODULES:
            archive.writestr(ZipInfo(name), (ROOT / name).read_text("utf-8"))
        for folder in sorted({it for name in _MODULES for it in _above(name)}):
            archive.writestr(ZipInfo(f"{folder}/__init__.py"), "")
        archive.writestr(ZipInfo("__main__.py"), _MAIN)
    return content.getvalue()


def _above(name: str) -> list[str]:
    """Return the packages that a module is in."""
    return [str(folder) for folder in PurePosixPath(name).parents][:-1]


def main() -> None:
    """Write it to the file that is named."""
    write_atomically(Path(sys.argv[1]), client_program(), 0o755)


if __name__ == "__main__":
    main()
