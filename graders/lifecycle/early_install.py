"""What takes long is begun while something else is waited for.

Nothing depends on it: what was not begun here comes in its own turn.
"""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Final

import yaml

from graders.kube.client import KubeClient, KubeError
from graders.kube.metallb import InstallMarker, install, uninstall
from graders.settings import cache_dir, state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.plan.plan import Plan

# What loads the Kubernetes client: half a second.
CLUSTER: Final = "graders.probes.cluster"


def preload_module(module: str) -> None:
    """Begin to load it; an import of it elsewhere waits until it is there."""
    threading.Thread(
        target=import_module, args=(module,), daemon=True, name="load-ahead"
    ).start()


@contextmanager
def install_metallb_early(
    plan: Plan, run_id: str, *, wanted: bool
) -> Iterator[None]:
    """Begin to make or to remove MetalLB while a playbook is loaded.

    That takes a second, on one processor. `run_id` is the playbook's.
    """
    work = threading.Thread(
        target=_metallb, args=(plan, run_id, wanted), name="metallb-ahead"
    )
    work.start()
    try:
        yield
    finally:
        work.join()


def _metallb(plan: Plan, run_id: str, wanted: bool) -> None:  # noqa: FBT001 - a thread's own argument
    """Do it, by what is noted of how MetalLB was made last."""
    folder = state_dir(plan.student)
    # Both names are those of the role metallb.
    left = folder / "metallb.seen"
    with (
        suppress(KubeError, OSError, ValueError, yaml.YAMLError),
        closing(KubeClient(folder / "kubeconfig")) as kube,
    ):
        if not wanted:
            uninstall(kube)
            return
        recipe = left.read_text("utf-8").partition("\n")[0]
        name = f"metallb-{recipe.replace(' ', '-')}.yaml"
        manifest = cache_dir() / "charts" / name
        install(kube, manifest, InstallMarker(left, recipe, run_id))
