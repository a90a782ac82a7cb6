"""Where the kit keeps what it notes about a running lab.

Not on the machines that a student works on: they would read there which fault
the lab has, or lose the lab with `rm -rf /lab`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck
from graders.files import read_text, write_atomically
from graders.providers.capture import LISTING_LIMIT

if TYPE_CHECKING:
    from pathlib import Path

    from graders.providers.machine import Machine, Output

_TIMEOUT_S: Final = 10


@dataclass(frozen=True)
class LocalFiles:
    """Files in a folder of this computer."""

    folder: Path

    def read(self, name: str) -> str | None:
        """Return a file's text, None if there is no such file.

        Raises:
            CannotCheck: it cannot be read.

        """
        try:
            # What is no text is damaged, as any other text is.
            return read_text(self.folder / name, LISTING_LIMIT, "replace")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._error("read", name, error) from None

    def write(self, name: str, text: str) -> None:
        """Write a file atomically.

        Raises:
            CannotCheck: it cannot be written.

        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / name, text)
        except OSError as error:
            raise self._error("write", name, error) from None

    def remove(self, name: str) -> None:
        """Remove a file if it is there.

        Raises:
            CannotCheck: it cannot be removed.

        """
        try:
            (self.folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._error("remove", name, error) from None

    def _error(self, verb: str, name: str, error: Exception) -> CannotCheck:
        cause = error.strerror if isinstance(error, OSError) else error
        return CannotCheck(
            f"could not {verb} {self.folder / name}: {cause}",
            remedy="make the folder readable and writable, or set"
            " METALLB_LAB_STATE to another",
        )


@dataclass(frozen=True)
class RemoteFiles:
    """Files in a folder of a host, where all computers find them."""

    host: Machine
    folder: str

    def read(self, name: str) -> str | None:
        """See LocalFiles."""
        reader = replace(self.host, limit=LISTING_LIMIT)
        done = reader.run("cat", self._path(name))
        return None if done.code else done.out

    def write(self, name: str, text: str) -> None:
        """See LocalFiles."""
        file = self._path(name)
        script = f"mkdir -p {self.folder} && cat > {file}.$$"
        try:
            self._check(
                self.host.run(
                    *("sh", "-c", f"{script} && mv {file}.$$ {file}"),
                    seconds=_TIMEOUT_S,
                    stdin=text,
                )
            )
        except CannotCheck as error:
            raise CannotCheck(
                f"could not write {file} on {self.host.role}:"
                f" {error.problems[0]}",
                remedy="`lab up` brings the lab's hosts back",
            ) from error

    def remove(self, name: str) -> None:
        """See LocalFiles."""
        self._check(self.host.run("rm", "-f", self._path(name)))

    def _path(self, name: str) -> str:
        return f"{self.folder}/{name}"

    @staticmethod
    def _check(done: Output) -> None:
        if done.code:
            raise CannotCheck(done.text)
