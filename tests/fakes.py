"""Fakes of what checks look at: the API server, machines, docker, the clock.

Each is a subclass of the real class or takes the place of one function, so
that everything above it is the kit's own code.
"""

from __future__ import annotations

import json
import subprocess
import threading
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from graders.probes.cluster import Cluster
from graders.probes.refusal import Refused, refusal
from graders.providers.docker import DockerExec
from graders.providers.machine import Machine, Output

if TYPE_CHECKING:
    from collections.abc import Callable

Object = dict[str, Any]
_REFUSED = 400


class FakeClock(threading.local):
    """Time that passes only where a thread sleeps, for it alone."""

    now = 0.0
    least = 2.0

    def monotonic(self) -> float:
        """Return the seconds slept so far."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Return at once; whoever waits looks some times only."""
        self.now += max(seconds, self.least)


class FakeCluster(Cluster):
    """An API server with `objects` by their paths.

    A number in place of an object is the status of a refusal. A list that is
    not among the objects is made of those whose paths begin as its own.
    `update` is called before each request; it plays the controllers.
    `admission` plays quotas, policies and webhooks: it returns why a change
    is refused, or "", given its verb, path and body.
    """

    def __init__(
        self, *objects: Object, update: Callable[[], None] | None = None
    ) -> None:
        """Begin with these objects."""
        self.objects: dict[str, Any] = {}
        self.requests: list[tuple[str, str]] = []
        self.admission: Callable[[str, str, Object], str] = lambda *_: ""
        self.update = update or (lambda: None)
        self._lock = threading.RLock()
        for one in objects:
            self.add(one)

    def add(self, body: Object) -> Object:
        """Create or replace an object; return it, to be changed in place."""
        made = deepcopy(body)
        path = path_of(made)
        defaults = {"uid": path, "resourceVersion": "1", "generation": 1}
        made["metadata"] = defaults | made["metadata"]
        if made["kind"] == "Service":
            made.setdefault("status", {})
        self.objects[path] = made
        return made

    def one(self, kind: str, name: str, namespace: str = "") -> Any:  # noqa: ANN401 - JSON
        """Return an object, to be changed in place."""
        return next(
            item
            for item in self.all(kind)
            if item["metadata"]["name"] == name
            and namespace in {"", item["metadata"].get("namespace")}
        )

    def all(self, kind: str) -> list[Object]:
        """Return the objects of a kind, to be changed in place."""
        return [
            item
            for item in [*self.objects.values()]
            if isinstance(item, dict) and item.get("kind") == kind
        ]

    def remove(self, item: Object) -> None:
        """Delete an object."""
        del self.objects[path_of(item)]

    def ask(
        self, verb: str, path: str, body: Object | None = None
    ) -> Object | None:
        """Answer as the API server does."""
        with self._lock:
            self.update()
            self.requests.append((verb, path))
            if verb != "GET" and (
                why := self.admission(verb, path, body or {})
            ):
                raise Refused(verb, path, why)
            found = self._answer(verb, path, body)
        if isinstance(found, int):
            raise refusal(verb, path, found, "")
        return cast("Object | None", deepcopy(found))

    def _answer(  # noqa: C901 - a table of requests
        self, verb: str, path: str, body: Object | None
    ) -> Any:  # noqa: ANN401 - JSON
        bare, _, query = path.partition("?")
        found = self.objects.get(path, self.objects.get(bare))
        if isinstance(found, int):
            return found
        if query.startswith("dryRun="):
            return body if verb == "POST" else found
        if verb == "POST" and bare.endswith("/eviction"):
            return self.objects.pop(bare.removesuffix("/eviction"), None)
        if verb == "POST" and body:
            space = bare.partition("/namespaces/")[2].rpartition("/")[0]
            place = {"namespace": space} if space else {}
            return self.add(body | {"metadata": body["metadata"] | place})
        if verb == "PATCH" and found and body:
            _merge(found, body)
        if verb == "PUT" and found and body:
            return self.add(body)
        if verb == "DELETE" and found:
            del self.objects[bare]
            for inside in [*self.objects]:
                if inside.startswith(f"{bare}/"):
                    del self.objects[inside]
        return found or self._list(bare, query)

    def _list(self, path: str, query: str) -> Object | None:
        base, _, kind = path.rpartition("/")
        found = [
            item
            for place, item in [*self.objects.items()]
            if place.startswith(f"{base}/")
            and place.split("/")[-2:-1] == [kind]
            and isinstance(item, dict)
            and _selected(item, query)
        ]
        return {"items": found} if found else None


def _merge(item: Object, patch: Object) -> None:
    """Change an object as a merge patch does."""
    for key, value in patch.items():
        if isinstance(value, dict):
            _merge(item.setdefault(key, {}), value)
        elif value is None:
            item.pop(key, None)
        else:
            item[key] = value


def path_of(item: Object) -> str:
    """Return an object's path."""
    version, kind = item["apiVersion"], item["kind"].lower()
    space = item["metadata"].get("namespace")
    return "/".join(
        [
            f"/apis/{version}" if "/" in version else f"/api/{version}",
            *(["namespaces", space] if space else []),
            _plural(kind),
            item["metadata"]["name"],
        ]
    )


def _plural(kind: str) -> str:
    if kind.endswith("y") and kind[-2] not in "aeiou":
        return f"{kind.removesuffix('y')}ies"
    return f"{kind}{'es' if kind.endswith('s') else 's'}"


def _selected(item: Object, query: str) -> bool:
    """Say whether an item meets a labelSelector or fieldSelector."""
    what, _, selector = query.partition("=")
    if what == "labelSelector":
        labels = item["metadata"].get("labels", {})
        parts = selector.split(",") if selector else []
        wanted = dict(part.split("=") for part in parts)
        return bool(wanted.items() <= labels.items())
    key, _, value = selector.partition("=")
    if what == "fieldSelector":
        found: Any = item
        for part in key.split("."):
            found = found.get(part, {})
        return bool(found == value)
    return True


@dataclass(frozen=True)
class FakeMachine(Machine):
    """A machine that answers each command as `answer` does; see `says`."""

    answer: Callable[[tuple[str, ...]], Output | str] = lambda _: ""
    asked: list[str] = field(default_factory=list)

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Answer."""
        del seconds, stdin
        self.asked.append(" ".join(argv))
        found = self.answer(argv)
        if isinstance(found, Output):
            return found
        return Output(" ".join(argv), 0, found, "")


def machine(
    answer: Callable[[tuple[str, ...]], Output | str], role: str = "client"
) -> FakeMachine:
    """Return a machine that answers so."""
    return FakeMachine(role, DockerExec(f"metallb-lab-{role}"), answer)


def says(text: str, role: str = "client") -> FakeMachine:
    """Return a machine on which every command prints `text`."""
    return machine(lambda _: text, role)


@dataclass
class FakeDocker:
    """An engine with containers by name, as `docker inspect` has them.

    It takes the place of `subprocess.run`; `paused` are the containers that
    are, `busy` is how often a container cannot be paused yet.
    """

    containers: dict[str, Object] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    busy: int = 0

    def run(
        self, command: list[str], **_: object
    ) -> subprocess.CompletedProcess[str]:
        """Answer `docker inspect`, `pause` and `unpause`."""
        assert command[0] == "docker", command
        verb, *names = command[1:]
        if not {*names} <= self.containers.keys():
            return subprocess.CompletedProcess(command, 1, "", "Error: none")
        if verb == "pause" and self.busy:
            self.busy -= 1
            return subprocess.CompletedProcess(command, 1, "", "Error: busy")
        if verb == "pause":
            self.paused |= {*names}
        if verb == "unpause":
            self.paused -= {*names}
        found = [
            {
                **self.containers[name],
                "Name": f"/{name}",
                "State": {
                    "Status": "paused" if name in self.paused else "running"
                },
            }
            for name in names
        ]
        return subprocess.CompletedProcess(command, 0, json.dumps(found), "")
