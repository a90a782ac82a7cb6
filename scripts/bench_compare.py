"""What a user would take in place of the kit, measured in the same run.

Start: kind, MetalLB's manifests and a container with FRR, until the router
gets an answer by BGP; beside it, `lab start 3` without a cluster.

Grade: a checker of the usual kind (kubectl get, grep, fixed sleeps), one
script a lab in templates/usual-checker; beside it `grade`, and `grade --full`
where that is left. Both judge every variant as shipped, and after each repair
of solutions/, right or wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from bench_common import (
    BROKEN,
    MORE,
    SOLVED,
    STUDENT,
    as_kind_alone,
    end_bare_kind,
    timed,
    typed,
)
from graders.course.solutions import repairs_for
from graders.course.templates import names, render
from graders.errors import KitError
from graders.lifecycle.lock import lock
from graders.lifecycle.shell import shell_argv
from graders.proof import compare
from graders.proof.bench import Measure
from graders.proof.compare import KIT, USUAL, Verdict
from graders.proof.driver import LabDriver
from graders.providers.docker import docker
from graders.settings import cache_dir, state_dir

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench_common import Keep
    from graders.course.lab import Lab
    from graders.plan.plan import Plan
    from graders.proof.compare import Step

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
CHECKER_TIMEOUT_S: Final = 180
START_TIMEOUT_S: Final = 900
T = TypeVar("T")


def compare_start(plan: Plan, runs: int) -> list[Measure]:
    """Measure a start by hand, and the kit's own of lab 3."""
    usual = Measure("bare kind, MetalLB and FRR", "reference")
    kit = Measure(
        "make lab-3, cold, in the same run", f"<= 1.0 x {usual.name}"
    )
    typed("lab", "up")
    config = state_dir(STUDENT) / "kind" / "cluster.yml"
    bare = state_dir(STUDENT) / "bare.yml"
    text = as_kind_alone(config.read_text(encoding="utf-8"))
    bare.write_text(text, encoding="utf-8")
    router = plan.machine_name("router")
    image = docker("inspect", "-f", "{{.Image}}", router)
    for _ in range(runs):
        typed("lab", "down")
        try:
            timed(usual, lambda: start_as_usual(bare, image))
        finally:
            remove = ["docker", "rm", "--force", "--volumes", "bare-router"]
            subprocess.run(remove, capture_output=True, check=False)
            end_bare_kind()
        timed(kit, lambda: typed("lab", "start", "3"))
    return [usual, kit]


def start_as_usual(config: Path, image: str) -> None:
    """Run the script that starts a cluster, MetalLB and a router."""
    tools, folder = cache_dir() / "bin", state_dir(STUDENT)
    chart = next((cache_dir() / "charts").glob("metallb-*.tgz"))
    done = subprocess.run(
        ["sh", str(TEMPLATES / "usual-start.sh")],
        env=os.environ
        | {
            "KIND": str(tools / "kind"),
            "KUBECTL": str(tools / "kubectl"),
            "HELM": str(tools / "helm"),
            "CHART": str(chart),
            "CONFIG": str(config),
            "IMAGE": image,
            "KUBECONFIG": str(folder / "bare"),
            "KIND_EXPERIMENTAL_DOCKER_NETWORK": "bare",
        },
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        sys.exit(f"usual-start.sh: {done.stdout}{done.stderr}")


def compare_grades(
    plan: Plan, lab: Lab, variants: list[str], keep: Keep
) -> list[Verdict]:
    """Have both checkers judge a lab; rows are kept after each variant."""
    driver = LabDriver(plan, _tell)
    verdicts: list[Verdict] = []
    for variant in variants:
        repaired = False
        start = partial(driver.start, lab, variant)
        for step in compare.steps(repairs_for(lab, variant)):
            try:
                with lock(STUDENT, "scripts/bench"):
                    prepare(driver, step, start, repaired=repaired)
            except KitError as error:
                _tell(f"{lab.id} {variant} {step.name}: left out: {error}")
                continue
            finally:
                repaired = step.repair is not None
            verdicts += judge(plan, lab, variant, step)
        compare.save_verdicts(verdicts)
        keep(compare.to_measures(verdicts, lab.id[:5]))
    return verdicts


def prepare(
    driver: LabDriver, step: Step, start: Callable[[], None], *, repaired: bool
) -> None:
    """Bring the lab into the state of a step."""
    if step.repair is None:
        start()
        return
    if repaired:
        driver.reset()
    driver.play(step.repair)


def judge(plan: Plan, lab: Lab, variant: str, step: Step) -> list[Verdict]:
    """Return the verdicts of both checkers on the running lab.

    The kit comes first, so that it does not profit from the sleeps of the
    other; what only `grade --full` checks disturbs the lab, and comes last.
    """
    anything = range(256)
    code, seconds = clocked(partial(typed, "grade", ends=anything))
    usual, usual_seconds = clocked(partial(judged_as_usual, plan, lab))
    if code == MORE:
        full = partial(typed, "grade", "--full", ends=anything)
        code, more = clocked(full)
        seconds += more
    kit = {SOLVED: True, BROKEN: False}.get(code)
    verdicts = [
        Verdict(
            lab.id,
            variant,
            step.name,
            checker,
            step.solved,
            passed,
            round(used, 2),
        )
        for checker, passed, used in (
            (USUAL, usual, usual_seconds),
            (KIT, kit, seconds),
        )
    ]
    for verdict in verdicts:
        _tell(f"{verdict}{'  WRONG' if verdict.wrong else ''}")
    return verdicts


def clocked(action: Callable[[], T]) -> tuple[T, float]:
    """Return the result of `action`, and the seconds that it took."""
    begun = time.monotonic()
    return action(), time.monotonic() - begun


def judged_as_usual(plan: Plan, lab: Lab) -> bool | None:
    """Return the verdict of the script in templates/usual-checker."""
    file = TEMPLATES / "usual-checker" / f"lab-{lab.number}.sh.j2"
    script = render(file.read_text(encoding="utf-8"), names(plan))
    argv, environment = shell_argv(plan, command=script)
    try:
        done = subprocess.run(
            argv,
            env=environment,
            capture_output=True,
            timeout=CHECKER_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode == 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
