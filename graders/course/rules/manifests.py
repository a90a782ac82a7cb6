"""Rules for the objects with which a lab starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jinja2
import yaml

from graders.course.rules.texts import PLANS
from graders.course.templates import error_line, render
from graders.course.walkthrough import shown
from graders.errors import MALFORMED, one_line
from graders.yamlfile import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from graders.course.lab import Lab

LABEL: Final = "app.kubernetes.io/managed-by"
MANAGED_BY: Final = "metallb-lab"
_NAMESPACES: Final = {"default", "metallb-system"}


def manifest_problems(lab: Lab) -> Iterator[str]:
    """Return what is wrong with a lab's objects and what names them."""
    try:
        objects = list(_objects(lab, PLANS[0].as_vars()))
    except _ManifestError as error:
        yield str(error)
        return
    yield from _namespace_problems(lab, objects)
    for file, item in objects:
        if item["metadata"].get("labels", {}).get(LABEL) != MANAGED_BY:
            yield _problem(
                file, item, f"must have the label {LABEL}: {MANAGED_BY}"
            )
        if item["kind"] == "Deployment":
            for rule in _pod_rules(item["spec"]["template"]["spec"]):
                yield _problem(file, item, rule)
    yield from _variant_problems(lab, objects)


class _ManifestError(Exception):
    """A manifest cannot be read; the text has file and line."""


def _objects(
    lab: Lab, values: dict[str, Any]
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Return each object with its file."""
    for file in sorted(lab.folder.glob("manifests/*.yaml.j2")):
        try:
            text = render(file.read_text(encoding="utf-8"), values)
            for item in yaml.safe_load_all(text):
                yield file, item
        except jinja2.TemplateError as error:
            place = f"{shown(file)}:{error_line(error)}"
            raise _ManifestError(f"{place}: {error}") from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            place = f"{shown(file)}:{mark.line + 1 if mark else 1}"
            raise _ManifestError(f"{place}: {error.problem}") from error
        except (*MALFORMED, yaml.YAMLError) as error:
            problem = one_line(str(error), 200)
            raise _ManifestError(f"{shown(file)}:1: {problem}") from error


def _problem(file: Path, item: dict[str, Any], rule: str) -> str:
    name = f"{item['kind']} {item['metadata']['name']}"
    lines = file.read_text(encoding="utf-8").splitlines()
    wanted = f"kind: {item['kind']}"
    line = next(
        (number for number, text in enumerate(lines, 1) if text == wanted), 1
    )
    return f"{shown(file)}:{line}: {name} {rule}"


def _namespace_problems(
    lab: Lab, objects: list[tuple[Path, dict[str, Any]]]
) -> Iterator[str]:
    """No object may come before its namespace."""
    known = set(_NAMESPACES)
    for file, item in objects:
        space = item["metadata"].get("namespace")
        if item["kind"] == "Namespace":
            known.add(item["metadata"]["name"])
        elif space not in known:
            yield _problem(
                file, item, f"must come after its namespace, not {space!r}"
            )
    if lab.namespace not in known:
        file = lab.folder / "lab.yml"
        yield (
            f"{shown(file)}:{line_of(file, ['namespace'])}: namespace must be"
            f" one of the lab's manifests, not {lab.namespace!r}"
        )


def _pod_rules(pod: dict[str, Any]) -> Iterator[str]:
    """Pods need no registry, are ready within a second and end in one."""
    if pod.get("terminationGracePeriodSeconds", 30) > 1:
        yield "must have terminationGracePeriodSeconds: 1, or 0"
    for container in pod["containers"]:
        name = container["name"]
        if container.get("imagePullPolicy") != "IfNotPresent":
            yield f"container {name} must have imagePullPolicy: IfNotPresent"
        if container.get("readinessProbe", {}).get("periodSeconds") != 1:
            yield f"container {name} must be probed each second"
        requests = container.get("resources", {}).get("requests", {})
        if not str(requests.get("cpu", "")).endswith("m"):
            yield f"container {name} must request a few millicores"


def _variant_problems(
    lab: Lab, objects: list[tuple[Path, dict[str, Any]]]
) -> Iterator[str]:
    """Find names in lab.yml that have no effect on the objects."""
    file, values = lab.folder / "lab.yml", PLANS[0].as_vars()
    deployments = {
        item["metadata"]["name"]
        for _, item in objects
        if item["kind"] == "Deployment"
    }
    for name, variant in lab.variants.items():
        for deployment in variant.early_deployments:
            if deployment not in deployments:
                keys = ["variants", name, "early_deployments"]
                yield (
                    f"{shown(file)}:{line_of(file, keys)}: early_deployments"
                    f" must name Deployments of the lab, not {deployment!r}"
                )
        for number, other in variant.plan_overrides.items():
            changed = values | {number: values[other]}
            if list(_objects(lab, changed)) == objects:
                keys = ["variants", name, "plan_overrides", number]
                yield (
                    f"{shown(file)}:{line_of(file, keys)}: plan_overrides:"
                    f" no object uses {number}"
                )
