"""The kit as one archive, for machines: what its checkout has committed.

Neither files that git does not know nor folders of classes are in it, as the
archive goes to machines that students use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from graders.classroom.class_folder import CLASS_FILE
from graders.errors import CannotCheck, UsageError, one_line
from graders.providers import capture
from graders.providers.capture import LISTING_LIMIT, TooSlow
from graders.settings import ROOT, TICKET_SUFFIX

if TYPE_CHECKING:
    from pathlib import Path

_TIME_S: Final = 120
# What labs do not need: a third of the files.
_UNUSED: Final = ("tests", ".github")
# Secrets stay here, even if they were committed.
_SECRET_SUFFIXES: Final = (TICKET_SUFFIX, ".key", ".pem", ".lab")
_SECRET_NAMES: Final = frozenset(
    {
        *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"),
        "known_hosts",
    }
)
_TREE: Final = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True)
class KitArchive:
    """The archive, and a name for its contents."""

    file: Path
    version: str


def pack_kit(folder: Path, checkout: Path = ROOT) -> KitArchive:
    """Write the archive into `folder`, unless it is there already.

    Raises:
        UsageError: the kit is no checkout of git.
        CannotCheck: git failed.

    """
    tree = _git(checkout, "rev-parse", "HEAD^{tree}").strip()
    if not _TREE.fullmatch(tree):
        raise CannotCheck(f"git: expected a tree's name, not {tree!r}")
    kit = KitArchive(folder / f"kit-{tree[:16]}.tar.gz", tree[:16])
    if not kit.file.exists():
        names = _git(checkout, "ls-tree", "-r", "-z", "--name-only", "HEAD")
        left_out = _left_out(names.split("\0"))
        new = kit.file.with_name(f".{kit.file.name}.new")
        _git(
            checkout,
            *("archive", "--format=tar.gz", f"--output={new.absolute()}"),
            *("HEAD", "--", "."),
            *(f":(exclude,literal){name}" for name in left_out),
        )
        new.replace(kit.file)
    return kit


def _left_out(names: list[str]) -> list[str]:
    """Return the folders and files that no machine gets."""
    classes = {
        str(path.parent)
        for path in map(PurePosixPath, names)
        if path.name == CLASS_FILE and len(path.parts) > 1
    }
    secrets = {
        name
        for name in names
        if name.endswith(_SECRET_SUFFIXES)
        or PurePosixPath(name).name in _SECRET_NAMES
    }
    unused = {it for it in _UNUSED if any(n.startswith(it) for n in names)}
    return sorted(classes | secrets | unused)


def _git(checkout: Path, *argv: str) -> str:
    try:
        done = capture.run(
            ["git", "-C", str(checkout), *argv],
            timeout=_TIME_S,
            limit=LISTING_LIMIT,
        )
    except TooSlow:
        raise CannotCheck(f"git: not done within {_TIME_S} s") from None
    except OSError as error:
        raise CannotCheck(
            f"git: {error.strerror}", remedy="install git"
        ) from None
    if done.returncode:
        raise UsageError(
            f"the kit cannot be packed for machines: {one_line(done.stderr)}",
            remedy="machines get what git has of the kit: run this from a"
            " clone of it",
        )
    return done.stdout
