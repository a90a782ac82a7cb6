"""Variables of the user's environment that would mislead the kit's calls.

kind, docker, kubectl, helm, Ansible, Go and shells read them. Whatever the
kit calls gets an environment without them; a shell of `lab shell` too, as its
tools are the kit's.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

# By name, with * for any end: why it goes.
MISLEADING: Final[dict[str, str]] = {
    "ANSIBLE_*": "changes how playbooks run, and what they print",
    "BASH_ENV": "is run by each script in bash",
    "CDPATH": "lets scripts go to other folders, and print their names",
    "CURL_HOME": "has options for each download",
    "DOCKER_CONTENT_TRUST": "refuses images that are not signed",
    "DOCKER_DEFAULT_PLATFORM": "chooses images of another processor",
    "ENV": "is run by some shells",
    "GOARCH": "compiles for another processor",
    "GOFLAGS": "changes what Go downloads and compiles",
    "GOOS": "compiles for another system",
    "GOWORK": "takes modules from elsewhere",
    "GREP_OPTIONS": "changes what scripts find",
    "HELM_*": "names other repositories, clusters, plugins and storage",
    "KIND_*": "chooses podman, other networks and other clusters",
    "KUBECONFIG": "names another cluster",
    "KUBECTL_*": "adds options and other programs to kubectl",
    "KUBERC": "adds options to kubectl",
    "POSIXLY_CORRECT": "changes how programs read their options",
    "SHELLOPTS": "sets options of each script in bash",
    "TAR_OPTIONS": "changes how archives are written and unpacked",
}
# They begin as others, but are the kit's own.
_OWN: Final = frozenset({"HELM_MIRROR", "KIND_MIRROR", "KUBECTL_MIRROR"})
# In both spellings: programs read the one or the other.
PROXIES: Final = tuple(
    spelt
    for name in ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")
    for spelt in (name, name.upper())
)
# Playbooks with downloads.
_DOWNLOADING: Final = frozenset({"engine", "images", "images_save", "up"})


def remove_misleading(variables: MutableMapping[str, str]) -> list[str]:
    """Remove what would mislead a call; return the names."""
    removed = [
        name
        for name in variables
        if name not in _OWN
        and any(fnmatchcase(name, pattern) for pattern in MISLEADING)
    ]
    for name in removed:
        del variables[name]
    return removed


def proxies() -> list[str]:
    """Return the names of the proxy variables that are set."""
    return [name for name in PROXIES if os.environ.get(name)]


def playbook_proxies(name: str, local: Iterable[str]) -> dict[str, str]:
    """Return the proxy variables that a playbook gets.

    One that downloads keeps the user's, with `local`, the lab's own networks
    and hosts, excepted from them. Any other has none: it talks to nothing but
    the lab.
    """
    if name not in _DOWNLOADING:
        return dict.fromkeys(PROXIES, "") | {"no_proxy": "*", "NO_PROXY": "*"}
    if not proxies():
        return {}
    own = os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")
    exceptions = ",".join(
        filter(None, (own, "localhost", "127.0.0.1", "::1", *local))
    )
    return {"no_proxy": exceptions, "NO_PROXY": exceptions}
