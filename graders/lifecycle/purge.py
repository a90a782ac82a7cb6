"""Find everything that the kit put on this computer, and remove it.

Labels, the kit's own names and folders, and its notes point to it; nothing
else is touched. What has to stay is named, with the reason.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck, KitError, UsageError
from graders.lifecycle.lab_folders import (
    has_lab,
    is_used,
    lab_folders,
    remove_folder,
    remove_states,
    size_of,
    student_of,
)
from graders.lifecycle.lifecycle import extra_vars
from graders.lifecycle.lock import lock, machine_lock
from graders.lifecycle.playbook import run_playbook
from graders.plan.plan import DEMO
from graders.providers.docker import Docker, EngineDown, docker
from graders.providers.installed import (
    Installed,
    as_root,
    purge_packages,
    restore_setting,
)
from graders.providers.kind_location import LABEL_STUDENT
from graders.providers.registry import provider
from graders.settings import (
    KIND,
    cache_dir,
    installed_dir,
    provider_name,
    state_base,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What the kit names its own images, and no one else any.
_IMAGES: Final = "metallb-lab/"
# Images that the lab runs have their upstream's names where they were pulled.
_UPSTREAM: Final = (
    *("kindest/node:", "quay.io/metallb/", "hashicorp/http-echo:"),
    *("registry.k8s.io/", "debian:"),
)
# Of an engine that the kit started without an init system.
_ENGINE_FILES: Final = (
    "/usr/local/lib/metallb-lab",
    "/run/metallb-lab",
    "/var/log/metallb-lab-engine.log",
)
# An engine's own places, which are removed after everything in them.
_ENGINE_PLACES: Final = ("/var/lib/docker", "/var/lib/containerd")
_STUDENT: Final = f'{{{{.Label "{LABEL_STUDENT}"}}}}'
_ANONYMOUS: Final = "com.docker.volume.anonymous"
_LISTS: Final = {
    "containers": ("ps", "--all"),
    "networks": ("network", "ls"),
    "volumes": ("volume", "ls"),
}


@dataclass(frozen=True)
class Item:
    """Something that the kit made, and how it is removed."""

    text: str
    remove: Callable[[], object]


@dataclass
class Findings:
    """What the kit made, in the order of its removal, and what stays."""

    items: list[Item] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def add(self, text: str, remove: Callable[[], object]) -> None:
        """Add something to remove."""
        self.items.append(Item(text, remove))


@dataclass(frozen=True)
class Purge:
    """Look for what the kit made; `student` limits that to one lab."""

    student: str = ""
    docker: Docker = docker
    run: Callable[..., str] = as_root
    # It learns what the removal waits for.
    tell: Callable[[str], None] = lambda _: None

    def find(self) -> Findings:
        """Return what there is.

        Raises:
            UsageError: labs on hosts are meant, or there is no such name.
            CannotCheck: the engine does not answer, so it cannot be known.

        """
        if provider_name() != KIND:
            raise UsageError(
                "lab purge removes what is on this computer, not on hosts",
                remedy="CLUSTER=hosts lab down removes a lab from hosts",
            )
        found = Findings()
        engine = self._engine_answers()
        if engine:
            self._labs(found)
        if self.student:
            self._state(found)
            found.left.append(
                "what all labs share (images, tools, engine): `lab purge`"
                " without --student"
            )
            return found
        if engine:
            self._images(found)
        others = self._of_others() if engine else ""
        _engine(found, others, self.run)
        _installed(found, others, self.run)
        _cache(found, self.tell)
        self._state(found)
        found.left.append("this clone of the kit, with its .venv")
        return found

    def _engine_answers(self) -> bool:
        if not shutil.which("docker"):
            return False
        try:
            self.docker("version", "--format", "{{.Server.Version}}")
        except EngineDown:
            raise CannotCheck(
                "the Docker engine does not answer, so what the kit has there"
                " cannot be seen; nothing was removed",
                remedy="start it (`lab engine start`), then run this again",
            ) from None
        return True

    def _labs(self, found: Findings) -> None:
        """Add the labs of this account; name those of others."""
        for student, things in sorted(self._labelled().items()):
            if self.student not in {"", student}:
                continue
            text = ", ".join(
                f"{count} {what}" for what, count in things.items()
            )
            if has_lab(student):
                found.add(
                    f"lab of {student}: {text}", partial(_take_down, student)
                )
            else:
                found.left.append(
                    f"lab of {student} ({text}): {state_base()} has no folder"
                    " of it, so another account created it; `lab down"
                    f" --student {student}` removes it all the same"
                )

    def _labelled(self) -> dict[str, Counter[str]]:
        """Count by student what has the kit's label."""
        found: dict[str, Counter[str]] = {}
        for what, command in _LISTS.items():
            names = self.docker(
                *(*command, "--filter", f"label={LABEL_STUDENT}"),
                *("--format", _STUDENT),
            ).split()
            for name in names:
                found.setdefault(name, Counter())[what] += 1
        return found

    def _image_sizes(self) -> dict[str, str]:
        lines = self.docker(
            "images", "--format", "{{.Repository}}:{{.Tag}}\t{{.Size}}"
        ).splitlines()
        return dict(line.partition("\t")[::2] for line in lines)

    def _images(self, found: Findings) -> None:
        images = self._image_sizes()
        for name, size in images.items():
            if name.startswith(_IMAGES):
                found.add(
                    f"image {name}, {size}",
                    partial(self.docker, "image", "rm", name),
                )
        upstream = [name for name in images if name.startswith(_UPSTREAM)]
        if upstream:
            found.left.append(
                "images with their upstreams' names, which others may use:"
                f" {', '.join(upstream)}; `docker image rm` removes them"
            )

    def _of_others(self) -> str:
        """Return what the engine has besides the labs found, in words."""
        students = self.docker(
            "ps", "--all", "--format", f"-{_STUDENT}"
        ).splitlines()
        containers = [one for one in students if not has_lab(one[1:])]
        volumes = {*self.docker("volume", "ls", "--quiet").split()}
        for label in (LABEL_STUDENT, _ANONYMOUS):
            ours = ("--quiet", "--filter", f"label={label}")
            volumes -= {*self.docker("volume", "ls", *ours).split()}
        images = [
            name
            for name in self._image_sizes()
            if not name.startswith((_IMAGES, *_UPSTREAM, "<none>"))
        ]
        return ", ".join(
            f"{len(things)} {what}"
            for what, things in (
                ("containers", containers),
                ("volumes", volumes),
                ("images", images),
            )
            if things
        )

    def _state(self, found: Findings) -> None:
        """Add the folders of labs, which a lab on hosts still needs."""
        folders = [
            folder
            for folder in lab_folders()
            if self.student in {"", student_of(folder)}
        ]
        for folder in folders:
            if is_used(folder):
                found.left.append(
                    f"folder {folder}: a lab on hosts; `CLUSTER=hosts lab"
                    f" down --student {student_of(folder)}` removes it"
                )
        if not state_base().is_dir():
            return
        found.add(
            f"state, logs, notes and progress (`lab progress --json` prints"
            f" it): {state_base()}, {size_of(*folders)}",
            partial(remove_states, self.student),
        )


def _engine(found: Findings, others: str, run: Callable[..., str]) -> None:
    """Add the engine that the kit started, unless it has things of others."""
    files = [one for one in _ENGINE_FILES if Path(one).exists()]
    if not files:
        return
    text = f"the engine that the kit started, and {', '.join(files)}"
    if others:
        found.left.append(f"{text}: it has {others} that are not the kit's")
    else:
        found.add(text, partial(_stop_engine, files, run))


def _installed(found: Findings, others: str, run: Callable[..., str]) -> None:
    """Add what the notes on installations name."""
    notes = Installed(installed_dir())
    packages = notes.packages()
    if packages and others and "docker.io" in packages:
        found.left.append(
            f"packages {' '.join(packages)}: their engine has {others} that"
            " are not the kit's"
        )
    elif packages:
        found.add(
            f"packages that the kit installed: {' '.join(packages)}",
            partial(purge_packages, packages, run),
        )
    for place in notes.places():
        if others and str(place) in _ENGINE_PLACES:
            found.left.append(f"folder {place}: it has {others} of others")
            continue
        found.add(
            f"folder {place}, {size_of(place)}: it was not there before",
            partial(run, "rm", "-rf", str(place)),
        )
    for setting in notes.settings():
        found.add(
            f"setting {setting.name}: {setting.now}, back to {setting.before}",
            partial(restore_setting, setting, run),
        )


def remove(
    found: Findings, tell: Callable[[str], None]
) -> list[tuple[str, KitError]]:
    """Remove all items; return those that could not be, and why."""
    failed = []
    for item in found.items:
        try:
            item.remove()
        except KitError as error:
            failed.append((item.text, error))
        else:
            tell(f"removed: {item.text}")
    return failed


def _take_down(student: str) -> None:
    """Remove a lab as `lab down` does."""
    with lock(student, "lab purge"):
        plan, _ = provider().removal(student)
        run_playbook("down", extra_vars(plan), student=student)


def _stop_engine(files: Sequence[str], run: Callable[..., str]) -> None:
    variables = extra_vars(provider().expected_plan(DEMO))
    run_playbook("engine_stop", variables, student=DEMO)
    run("rm", "-rf", *files)


def _cache(found: Findings, tell: Callable[[str], None]) -> None:
    """Add the folder of tools, which another command may be filling."""
    folder = cache_dir()
    text = f"tools and packages: {folder}"
    if folder.is_symlink():
        found.left.append(f"{text} is a link to {folder.resolve()}")
    elif folder.is_dir():
        found.add(
            f"{text}, {size_of(folder)}", partial(_remove_cache, folder, tell)
        )


def _remove_cache(folder: Path, tell: Callable[[str], None]) -> None:
    with machine_lock("lab purge", tell):
        remove_folder(folder)
