"""What the hosts run: Debian, and Ubuntu where it can be had, two of each.

A class has hosts of more than one kind and age. `HOSTS_OF=jammy make
test-hosts` has all of them of one.
"""

from __future__ import annotations

import os
import subprocess
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from graders.providers.inventory import FABRIC_HOST
from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from collections.abc import Iterable

_IMAGE: Final = "metallb-lab/test-host"
_FOLDER: Final = Path(__file__).parent / "image"
_TAKEN: Final = ANSIBLE / "roles" / "host_setup" / "defaults" / "main.yml"
# Makes a Debian where none can be pulled, as the kit does for its own images.
_DEBIAN: Final = ANSIBLE / "roles" / "images" / "files" / "debian.sh"
# What is made here is not called by another's name.
_MADE: Final = "metallb-lab/upstream-"
# By release: an image that may be had, and what makes it where it may not.
_BASES: Final = {
    "trixie": ("debian:trixie-slim", _DEBIAN),
    "bookworm": ("debian:bookworm-slim", _DEBIAN),
    "noble": ("ubuntu:noble", _FOLDER / "ubuntu.sh"),
    "jammy": ("ubuntu:jammy", _FOLDER / "ubuntu.sh"),
}
_NEWEST: Final = "trixie"
_OF: Final = {
    "worker": "noble",
    "worker2": "bookworm",
    "router": "jammy",
    "desk": "bookworm",
    "dhcp": "jammy",
    FABRIC_HOST: "noble",
}
# Who stands in for an Ubuntu that cannot be had: a Debian of its age.
_INSTEAD: Final = {"noble": "trixie", "jammy": "bookworm"}
_ALL_OF: Final = os.environ.get("HOSTS_OF")


def told(argv: list[str], stdin: str = "") -> str:
    """Run a command, which must succeed, and return what it wrote."""
    done = subprocess.run(
        argv,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{argv}: {done.stderr[-2000:]}"
    return done.stdout.strip()


def docker(*argv: str, stdin: str = "") -> str:
    """Run docker and return what it wrote."""
    return told(["docker", *argv], stdin)


def images(
    roles: Iterable[str], folder: Path, release: str = ""
) -> dict[str, str]:
    """Build what hosts run; return the image of each role.

    `folder` is for what is made on the way. An Ubuntu that cannot be had is
    warned of, unless it was asked for. With `release`, all run that.
    """
    wanted = {
        role: release or _ALL_OF or _OF.get(role, _NEWEST) for role in roles
    }
    built = {
        release: _built(release, folder)
        for release in dict.fromkeys(wanted.values())
    }
    return {role: built[release] for role, release in wanted.items()}


def _built(release: str, folder: Path) -> str:
    """Return a host's image, with the kit's packages in store."""
    try:
        base = _base(release, folder)
    except subprocess.CalledProcessError:
        if release not in _INSTEAD or _ALL_OF:
            raise
        other = _INSTEAD[release]
        warnings.warn(
            f"no {release} can be had; {other} instead", stacklevel=2
        )
        return _built(other, folder)
    image = f"{_IMAGE}:{release}"
    docker(
        *("build", "--quiet", "--network", "host", "--tag", image),
        *("--build-arg", f"BASE={base}"),
        *("--build-arg", f"PACKAGES={packages()}"),
        str(_FOLDER),
    )
    return image


def _base(release: str, folder: Path) -> str:
    """Return the engine's image, one that can be pulled, or a new one.

    Raises:
        CalledProcessError: it cannot be had.

    """
    image, script = _BASES[release]
    made = _MADE + image
    for verb, name in (("inspect", made), ("inspect", image), ("pull", image)):
        done = subprocess.run(
            ["docker", "image", verb, name], capture_output=True, check=False
        )
        if not done.returncode:
            return name
    subprocess.run(["sh", script, release, made], cwd=folder, check=True)
    return made


def packages() -> str:
    """Return the packages that the kit installs on hosts of all kinds."""
    given = yaml.safe_load(_TAKEN.read_text(encoding="utf-8"))
    lists = given["host_setup_packages"].values()
    return " ".join(sorted({one for part in lists for one in part}))
