"""An archive of the lab's images and tools, checked before it is loaded.

The images role runs this module with `check FILE IMAGE...`; it prints one
line and exits with 2 if the archive cannot be used.
"""

from __future__ import annotations

import json
import sys
import tarfile
import zlib
from pathlib import Path
from typing import Final

from graders.errors import KitError, UsageError

_TOOLS: Final = ("bin/kind", "bin/kubectl", "bin/helm")
_CHART: Final = "charts/metallb-"
_REMEDY: Final = "make it again with `lab images save FILE`"
# What reading a damaged archive raises.
_READ_ERRORS: Final = (
    tarfile.TarError,
    zlib.error,
    EOFError,
    LookupError,
    OSError,
    TypeError,
    ValueError,
)


def check_archive(file: Path, images: list[str]) -> None:
    """Read the whole archive and check that nothing is missing.

    Raises:
        UsageError: it does not exist, is damaged, or is of other versions.

    """
    try:
        with tarfile.open(file) as archive:
            found = _images_in(archive)
            names = set(archive.getnames())
    except FileNotFoundError:
        raise UsageError(
            f"{file}: the archive does not exist", remedy=_REMEDY
        ) from None
    except _READ_ERRORS as error:
        raise UsageError(
            f"{file}: the archive is damaged ({error})",
            remedy=_REMEDY,
        ) from error
    missing = sorted({*images, *_TOOLS} - found - names)
    if not any(name.startswith(_CHART) for name in names):
        missing.append("MetalLB's chart")
    if missing:
        raise UsageError(
            f"{file}: the archive lacks {', '.join(missing)}",
            remedy=_REMEDY,
        )


def _images_in(archive: tarfile.TarFile) -> set[str]:
    """Return the names of the images; read every byte for that."""
    inner = archive.extractfile("images.tar")
    if inner is None:
        raise ValueError("images.tar is no file")
    names: set[str] = set()
    layers: set[str] = set()
    seen: set[str] = set()
    with tarfile.open(fileobj=inner, mode="r|") as images:
        for member in images:
            seen.add(member.name)
            # Older engines save a layer that images share as a link.
            content = images.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            if member.name == "manifest.json":
                for image in json.load(content):
                    names.update(image["RepoTags"] or ())
                    layers.update((image["Config"], *image["Layers"]))
            else:
                while content.read(1 << 20):
                    pass
    if not layers <= seen:
        raise ValueError("images.tar lacks layers")
    return names


def main(argv: list[str]) -> int:
    """Check the archive that the command line names."""
    file, *images = argv
    try:
        check_archive(Path(file), images)
    except KitError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]))
