"""An archive of the lab's images and tools: checked, then unpacked.

Who hands it out could otherwise run programs here as root. It is a plain tar
of `images.tar`, which the engine reads, and of a few files that are named
below; nothing else is accepted, and nothing is read without a limit.

The images role runs this module with `check FILE IMAGE...` and `unpack FILE
FOLDER`; it prints one line and exits with 2 if the archive cannot be used.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self

from graders.errors import MALFORMED, KitError, UsageError
from graders.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_IMAGES: Final = "images.tar"
_TOOLS: Final = ("bin/kind", "bin/kubectl", "bin/helm")
_CHART: Final = "charts/metallb-"
_FOLDERS: Final = ("bin", "charts", "gateway")
# An archive may also have what only labs with a Gateway need.
_OTHERS: Final = re.compile(
    r"charts/(metallb-[\w.-]+\.tgz|index\.yaml)"
    r"|gateway/(images-\w+\.tar|crds-\w+\.json|gateway-\w+\.yaml)"
)
# The images have 2 GB, and a tool 100 MB.
_SIZE: Final = 8 << 30
_FILE_SIZE: Final = 1 << 30
_MANIFEST_SIZE: Final = 1 << 20
_MEMBERS: Final = 10_000
# Names and attributes that do not fit into a header.
_HEADERS: Final = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)
_HEADER_SIZE: Final = 64 << 10
_REGULAR: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)
_SPECIAL_MODES: Final = 0o7000
_CHUNK: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
# What begins so is xz, bzip2 or zstandard.
_COMPRESSED: Final = (b"\xfd7zXZ\0", b"BZh", b"\x28\xb5\x2f\xfd")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_REMEDY: Final = "make it again with `lab images save FILE`"
# What reading a damaged archive raises.
_READ_ERRORS: Final = (
    *MALFORMED,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
)


class _Member(tarfile.TarInfo):
    """A member whose header says nothing that takes memory or time."""

    @classmethod
    def frombuf(
        cls, buf: bytes | bytearray, encoding: str, errors: str
    ) -> Self:
        """Read a header.

        Raises:
            ValueError: it is of something too large.

        """
        member = super().frombuf(buf, encoding, errors)
        limit = _HEADER_SIZE if member.type in _HEADERS else _SIZE
        if not 0 <= member.size <= limit:
            raise ValueError(f"{member.name} is too large")
        return member


def check_archive(file: Path, images: list[str]) -> None:
    """Read the whole archive and check that all is there, and nothing else.

    Raises:
        UsageError: it does not exist, is damaged, has what does not belong
            there, or is of other versions.

    """
    found = _read(file, _contents)
    missing = sorted({*images, *_TOOLS} - found)
    if not any(name.startswith(_CHART) for name in found):
        missing.append("MetalLB's chart")
    if missing:
        raise UsageError(
            f"{file}: the archive lacks {', '.join(missing)}",
            remedy=_REMEDY,
        )


def unpack_archive(file: Path, folder: Path) -> None:
    """Put the archive's tools and charts into `folder`.

    Files that are there stay whole until the new ones are, and are no longer
    recorded as whole before the first one is replaced.

    Raises:
        UsageError: as `check_archive`.

    """
    for left in folder.glob("load.*"):
        shutil.rmtree(left)
    new = Path(tempfile.mkdtemp(prefix="load.", dir=folder))
    try:
        names = _read(file, lambda archive: _unpack(archive, new))
        for mark in folder.glob("bin/versions-*"):
            mark.unlink()
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).replace(folder / name)
    finally:
        shutil.rmtree(new)


def write_digest(file: Path) -> str:
    """Write a file's SHA-256 next to it, as sha256sum does; return it."""
    digest = _digest(file)
    write_atomically(
        file.with_name(f"{file.name}.sha256"), f"{digest}  {file.name}\n"
    )
    return digest


def check_digest(file: Path, expected: str) -> None:
    """Compare a file's SHA-256 with the one that was published.

    Raises:
        UsageError: it is another one, or the file cannot be read.

    """
    wanted = expected.strip().lower()
    if not _SHA256.fullmatch(wanted):
        raise UsageError(
            f"--sha256 must be 64 hexadecimal digits, not {expected!r}",
            remedy="`lab images save` prints it, and writes it to FILE.sha256",
        )
    try:
        actual = _digest(file)
    except OSError as error:
        raise _unreadable(file, error) from error
    if actual != wanted:
        raise UsageError(
            f"{file}: expected sha256 {wanted}, not {actual}",
            remedy="nothing was loaded; copy it again from where the digest"
            " was published",
        )


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _read(
    file: Path, reader: Callable[[tarfile.TarFile], set[str]]
) -> set[str]:
    """Return what `reader` finds in the archive."""
    try:
        with tarfile.open(file, "r:", tarinfo=_Member) as archive:
            return reader(archive)
    except FileNotFoundError as error:
        raise _unreadable(file, error) from None
    except _READ_ERRORS as error:
        raise UsageError(
            f"{file}: the archive is damaged ({error})",
            remedy=_REMEDY,
        ) from error


def _unreadable(file: Path, error: OSError) -> UsageError:
    cause = "does not exist"
    if not isinstance(error, FileNotFoundError):
        cause = f"cannot be read: {error.strerror}"
    return UsageError(f"{file}: the archive {cause}", remedy=_REMEDY)


def _contents(archive: tarfile.TarFile) -> set[str]:
    """Return the names of files and images; read every byte for that."""
    names: set[str] = set()
    for member, content in _files(archive):
        names.add(member.name)
        if member.name == _IMAGES:
            names |= _images_in(content)
        elif member.name.endswith(".tar"):
            _images_in(content)
        else:
            _skip(content)
    if _IMAGES not in names:
        raise ValueError(f"no {_IMAGES}")
    return names


def _files(
    archive: tarfile.TarFile,
) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    names: set[str] = set()
    for member in archive:
        name = member.name
        if member.isdir() and name in _FOLDERS:
            continue
        if (
            name != _IMAGES
            and name not in _TOOLS
            and not _OTHERS.fullmatch(name)
        ):
            raise ValueError(f"unexpected {name!r}")
        if name in names:
            raise ValueError(f"{name} is there twice")
        names.add(name)
        if member.type not in _REGULAR or member.sparse is not None:
            raise ValueError(f"{name} is no regular file")
        if member.mode & _SPECIAL_MODES:
            raise ValueError(f"{name} has mode {member.mode:o}")
        if name != _IMAGES and member.size > _FILE_SIZE:
            raise ValueError(f"{name} is too large")
        content = archive.extractfile(member)
        assert content  # noqa: S101 - a regular file has one
        yield member, content


def _unpack(archive: tarfile.TarFile, folder: Path) -> set[str]:
    """Write tools and charts to an empty folder; return their names.

    They get the modes that they need, and the owner of this process.
    """
    names: set[str] = set()
    for member, content in _files(archive):
        if member.name == _IMAGES:
            continue
        names.add(member.name)
        file = folder / member.name
        file.parent.mkdir(exist_ok=True)
        with file.open("xb") as new:
            shutil.copyfileobj(content, new, _CHUNK)
            new.flush()
            os.fsync(new.fileno())
        file.chmod(0o755 if member.name in _TOOLS else 0o644)
    return names


def _images_in(file: IO[bytes]) -> set[str]:
    """Return the names of the images; read every byte for that."""
    names: set[str] = set()
    layers: set[str] = set()
    seen: set[str] = set()
    size = 0
    with tarfile.open(fileobj=file, mode="r:", tarinfo=_Member) as images:
        for member in images:
            seen.add(member.name)
            # Older engines save a layer that images share as a link.
            content = images.extractfile(member) if member.isreg() else None
            if len(seen) > _MEMBERS or member.sparse is not None:
                raise ValueError(f"{_IMAGES} has more than any image")
            if content is None:
                continue
            if member.name == "manifest.json":
                for image in json.loads(content.read(_MANIFEST_SIZE)):
                    names.update(filter(_is_image, image["RepoTags"] or ()))
                    layers.update((image["Config"], *image["Layers"]))
            else:
                size += _size(content)
            if size > _SIZE:
                raise ValueError(f"{_IMAGES} is too large")
    if not layers <= seen:
        raise ValueError(f"{_IMAGES} lacks layers")
    return names


def _is_image(name: str) -> bool:
    """Tell an image's name from a file's."""
    return ":" in name


def _size(content: IO[bytes]) -> int:
    """Read a layer to its end; return its size as the engine unpacks it."""
    begin = content.read(max(map(len, _COMPRESSED)))
    if begin.startswith(_COMPRESSED):
        raise ValueError(f"a layer of {_IMAGES} is compressed by xz or others")
    content.seek(0)
    if not begin.startswith(_GZIP):
        return _skip(content)
    with gzip.GzipFile(fileobj=content) as layer:
        return _skip(layer)


def _skip(content: IO[bytes] | gzip.GzipFile) -> int:
    """Read to the end; return how many bytes there are."""
    size = 0
    while chunk := content.read(_CHUNK):
        size += len(chunk)
        if size > _SIZE:
            raise ValueError("a file is too large")
    return size


def main(argv: list[str]) -> int:
    """Check or unpack the archive that the command line names."""
    verb, file, *more = argv
    try:
        if verb == "unpack":
            unpack_archive(Path(file), Path(more[0]))
        else:
            check_archive(Path(file), more)
    except KitError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"could not {verb} {file}: {error}\n")
        return KitError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
