"""What labs, graders and solutions say fits together, for every student."""

from __future__ import annotations

import ast
import importlib
import pathlib
import re
from typing import TYPE_CHECKING, Any

import jinja2
import jinja2.meta
import pytest
import yaml

from graders import settings
from graders.checks.answers import KEY, read_answers, wrong_answers
from graders.checks.check import get_spec
from graders.course.lab import all_labs
from graders.course.solutions import check_solutions, repairs_for
from graders.grading.hints import render
from graders.plan.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from graders.course.lab import Lab

LABS = all_labs()
PLANS = [make_plan(), make_plan("ada")]
PLACES = {None, *PLANS[0].nodes, *PLANS[0].machines}
# What faults of several labs include.
TASKS = sorted(settings.ANSIBLE.glob("tasks/*.yml"))
MANAGED = ("app.kubernetes.io/managed-by", "metallb-lab")
# A number that a plan gives, written where only its name should be.
NUMBER = re.compile(r"\d+\.\d+\.\d+\.\d+|\b172\.18\.|\b(64|65)\d{3}\b")
EXPRESSION = re.compile(r"\{\{.*?\}\}")

each_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)


def _files(*suffixes: str) -> Iterator[Path]:
    """Return the files of labs/ and solutions/ that end so."""
    for folder in (settings.LABS, settings.SOLUTIONS):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name.endswith(suffixes):
                yield path


def _checks(lab: Lab) -> list[str]:
    """Return the names of the checks in a lab's grader file."""
    tree = ast.parse(lab.grader_file.read_text(encoding="utf-8"))
    return [
        node.name.removeprefix("test_")
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def _manifests(lab: Lab, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the objects with which a lab begins."""
    found: list[dict[str, Any]] = []
    for path in sorted(lab.folder.glob("manifests/*.yaml.j2")):
        text = render(path.read_text(encoding="utf-8"), values)
        found += yaml.safe_load_all(text)
    return found


def test_the_three_places_have_the_same_labs() -> None:
    """Each lab has a grader and solutions, and there are no others."""
    ids = {lab.id for lab in LABS}
    graders = settings.ROOT / "graders" / "labs"

    assert {path.name for path in settings.SOLUTIONS.iterdir()} == ids
    assert {path.name for path in graders.glob("test_*.py")} == {
        lab.grader_file.name for lab in LABS
    }


@each_lab
def test_what_a_fault_moves_is_there(lab: Lab) -> None:
    """Nobody waits for it, so a wrong name would be waited for unseen."""
    names = {
        item["metadata"]["name"]
        for item in _manifests(lab, PLANS[0].as_vars())
        if item["kind"] == "Deployment"
    }
    for variant in lab.variants.values():
        assert set(variant.early_deployments) <= names


@each_lab
def test_a_fault_has_other_objects_for_its_numbers(lab: Lab) -> None:
    """A number that no object has would break nothing."""
    for variant in lab.variants.values():
        values = PLANS[0].as_vars()
        objects = _manifests(lab, values)
        for name, other in variant.plan_overrides.items():
            assert _manifests(lab, values | {name: values[other]}) != objects


@each_lab
def test_points_and_checks_have_the_same_names(lab: Lab) -> None:
    """lab.yml gives points to every check of the grader and to no other."""
    assert sorted(lab.checks) == sorted(_checks(lab))


@each_lab
def test_a_variant_is_of_the_layer_that_it_breaks(lab: Lab) -> None:
    """What `lab.yml` says is what the first failed check will say."""
    place = f"graders.labs.{lab.grader_file.stem}"
    checks = importlib.import_module(place)
    for name, variant in lab.variants.items():
        spec = get_spec(getattr(checks, f"test_{variant.breaks}"))
        assert spec, name
        assert spec.layer == variant.layer, name


@each_lab
def test_every_check_has_a_ladder(lab: Lab) -> None:
    """Whatever fails first, there is a hint for it."""
    for name, variant in lab.variants.items():
        ladders = {**lab.hints, **variant.hints}
        assert set(lab.checks) <= set(ladders), name


@each_lab
def test_solutions_are_whole(lab: Lab) -> None:
    """Every variant has one, and nothing among them is astray."""
    assert check_solutions(lab) == []


@each_lab
def test_every_variant_can_be_proved_not_foolable(lab: Lab) -> None:
    """Each has a wrong repair, and each another right one."""
    for variant in lab.variants:
        repairs = repairs_for(lab, variant)
        assert repairs.wrong, variant
        assert repairs.other, variant


def test_no_number_of_the_plan_is_written_down() -> None:
    """Addresses and AS numbers come from the plan, everywhere."""
    found = [
        f"{path.relative_to(settings.ROOT)}:{number}: {hit[0]}"
        for path in _files("")
        for number, line in enumerate(
            path.read_text(encoding="utf-8").splitlines(), start=1
        )
        if (hit := NUMBER.search(EXPRESSION.sub("", line)))
    ]

    assert found == []


@each_lab
def test_the_start_state_is_the_labs_own(lab: Lab) -> None:
    """Every object has the label by which a reset knows it."""
    for item in _manifests(lab, PLANS[1].as_vars()):
        labels = item["metadata"]["labels"]
        assert labels[MANAGED[0]] == MANAGED[1], item["metadata"]["name"]


@each_lab
def test_pods_come_and_go_fast(lab: Lab) -> None:
    """They need no registry, are ready within a second and end in one."""
    for item in _manifests(lab, PLANS[0].as_vars()):
        if item["kind"] != "Deployment":
            continue
        pod = item["spec"]["template"]["spec"]
        assert pod["terminationGracePeriodSeconds"] <= 1
        for container in pod["containers"]:
            assert container["imagePullPolicy"] == "IfNotPresent"
            assert container["readinessProbe"]["periodSeconds"] == 1
            assert container["resources"]["requests"]["cpu"].endswith("m")


@each_lab
def test_namespaces_come_first(lab: Lab) -> None:
    """No object is put into a namespace that is not there yet."""
    there = {"default", "metallb-system"}
    for item in _manifests(lab, PLANS[0].as_vars()):
        if item["kind"] == "Namespace":
            there.add(item["metadata"]["name"])
        else:
            assert item["metadata"]["namespace"] in there
    assert lab.namespace in there


@each_lab
def test_faults_use_what_they_are_given(lab: Lab) -> None:
    """Their names are the plan's, and only tasks that wait report no change.

    Tasks that several faults share are in tasks/, of the lab or of all labs.
    """
    faults = sorted(lab.folder.glob("faults/*.yml"))
    shared = sorted(lab.folder.glob("tasks/*.yml"))
    known = {*PLANS[0].as_vars(), "exec_prefix", "kubectl", "lab_dir", "item"}
    known |= {"shared_tasks", "poll_interval", "storage_network_changed"}
    # What the faults include is given more names.
    for path in faults:
        for task in yaml.safe_load(path.read_text(encoding="utf-8")):
            if "ansible.builtin.include_tasks" in task:
                assert _included(lab, task).is_file(), (path, task["name"])
                known |= task.get("vars", {}).keys()
    for path in [*faults, *shared, *TASKS]:
        used: set[str] = set()
        for task in yaml.safe_load(path.read_text(encoding="utf-8")):
            used |= _names(task) - set(task.get("vars", {}))
            if "ansible.builtin.include_tasks" in task:
                continue
            place = (path, task["name"])
            if "lab_objects" in task or "lab_patch" in task:
                assert "changed_when" not in task, place
                continue
            assert task.get("changed_when", False) is False, place
            assert _machines(task["lab_exec"], task) <= PLACES, place
        odd = {name for name in used - known if not name.startswith("fault_")}
        assert odd <= ({"service"} if path in TASKS else set()), path


def _included(lab: Lab, task: dict[str, Any]) -> pathlib.Path:
    """Return the file whose tasks a fault includes."""
    included: str = task["ansible.builtin.include_tasks"]
    name = pathlib.PurePath(included).name
    for place, folder in (
        ("{{ lab_dir }}/tasks", lab.folder),
        ("{{ shared_tasks }}", settings.ANSIBLE),
    ):
        if included == f"{place}/{name}":
            return folder / "tasks" / name
    raise AssertionError(included)


def _machines(args: dict[str, Any], task: dict[str, Any]) -> set[str | None]:
    """Return where a task runs a command."""
    place, loop = args.get("machine"), task.get("loop", [])
    if place != "{{ item }}":
        return {place}
    return {*PLANS[0].nodes} if loop == "{{ nodes | list }}" else {*loop}


@each_lab
def test_no_task_knows_how_to_get_onto_a_machine(lab: Lab) -> None:
    """It names a role (`machine: router`), never docker."""
    for path in lab.folder.rglob("*.yml"):
        text = path.read_text(encoding="utf-8")
        if path.name != "lab.yml":  # hints are typed by students
            assert not re.search("docker,? exec", text), path


def test_the_questions_and_the_key_have_the_same_names() -> None:
    """No question of lab 0 is without a key, and none is answered."""
    text = (LABS[0].folder / "answers.yml.j2").read_text(encoding="utf-8")
    questions = yaml.safe_load(render(text, PLANS[0].as_vars()))
    key = yaml.safe_load(KEY.read_text(encoding="utf-8"))

    assert list(questions) == list(key)
    for question in questions.values():
        assert list(question) == ["question", *"abcd", "answer"]
        assert question["answer"] is None


def test_the_solution_answers_the_questions(tmp_path: Path) -> None:
    """What the solution types is what the key wants, and b alone is not."""
    path = settings.SOLUTIONS / LABS[0].id / "start.md"
    found = re.findall(
        r"^([a-z_]+): ([abcd])$",
        path.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    file = tmp_path / "answers.yml"
    file.write_text("\n".join(f"{name}: {letter}" for name, letter in found))

    assert wrong_answers(read_answers(file)) == []
    assert wrong_answers({name: "b" for name, _ in found}) != []


def _names(value: object) -> set[str]:
    """Return the names that templates anywhere in `value` use."""
    if isinstance(value, dict):
        return {name for item in value.values() for name in _names(item)}
    if isinstance(value, list):
        return {name for item in value for name in _names(item)}
    if not isinstance(value, str):
        return set()
    environment = jinja2.Environment(autoescape=False)  # noqa: S701 - YAML
    filters = dict.fromkeys(("to_json", "from_yaml", "combine"), str)
    environment.filters.update(filters)
    tree = environment.parse(value)
    return jinja2.meta.find_undeclared_variables(tree) - {"lookup"}
