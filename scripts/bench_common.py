"""What the benchmarks share: commands as a student types them, and kind.

scripts/bench and its modules import it; they are run from this folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import yaml

from graders.errors import CannotCheck
from graders.kube.client import cluster_client
from graders.lifecycle import lifecycle
from graders.lifecycle.playbook import run_playbook
from graders.settings import cache_dir, state_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graders.plan.plan import Plan
    from graders.proof.bench import Measure

    Keep = Callable[[list[Measure]], None]

STUDENT: Final = os.environ.get("STUDENT", "demo")
# How `grade` ends; with MORE, what only `grade --full` checks is left.
BROKEN: Final = 1
SOLVED: Final = 0
MORE: Final = 3
T = TypeVar("T")


def timed(measure: Measure, action: Callable[[], T]) -> T:
    """Measure one run of `action`; return its result."""
    start = time.monotonic()
    done = action()
    measure.values.append(round(time.monotonic() - start, 2))
    print(f"{measure.name}: {measure.values[-1]} s", file=sys.stderr)
    return done


def as_kind_alone(text: str) -> str:
    """Return the configuration without the patches for speed."""
    config = yaml.safe_load(text) | {"name": "bare"}
    del config["kubeadmConfigPatchesJSON6902"]
    return yaml.safe_dump(config)


def bare_kind(text: str) -> None:
    """Create the same three nodes with kind alone."""
    folder = state_dir(STUDENT)
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "bare.yml"
    config.write_text(text, encoding="utf-8")
    bare("create", "--config", str(config))


def bare(verb: str, *more: str) -> None:
    """Run kind on the cluster for comparison."""
    kind = str(cache_dir() / "bin" / "kind")
    kubeconfig = str(state_dir(STUDENT) / "bare")
    where = ["--name", "bare", "--kubeconfig", kubeconfig]
    subprocess.run(
        [kind, verb, "cluster", *where, *more],
        env=os.environ | {"KIND_EXPERIMENTAL_DOCKER_NETWORK": "bare"},
        capture_output=True,
        check=True,
    )


def end_bare_kind() -> None:
    """Remove the cluster for comparison, and its network."""
    bare("delete")
    subprocess.run(["docker", "network", "rm", "bare"], check=True)


def down(plan: Plan) -> None:
    """Remove the lab."""
    run_playbook("down", lifecycle.extra_vars(plan), student=STUDENT)


def await_only(plan: Plan) -> None:
    """Wait until no namespace and no pod is terminating."""
    with closing(cluster_client(plan)) as cluster:
        while any(
            "deletionTimestamp" in item["metadata"]
            for path in ("/api/v1/namespaces", "/api/v1/pods")
            for item in cluster.items(path)
        ):
            time.sleep(0.2)


def typed(
    *argv: str, ends: Sequence[int] = (0,), student: str = STUDENT
) -> int:
    """Run a command of the kit as a student does; return its exit code.

    Raises:
        CannotCheck: that is none of `ends`.

    """
    done = subprocess.run(
        [Path(sys.executable).parent / argv[0], *argv[1:]],
        env=os.environ | {"STUDENT": student},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in ends:
        wanted = " or ".join(map(str, ends))
        raise CannotCheck(
            f"{' '.join(argv)}: expected exit code {wanted}, not"
            f" {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.returncode
