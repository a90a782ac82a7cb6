"""A container in which a stranger's commands are typed at a lab.

It is on the lab's LAN and has the cluster's kubeconfig, kubectl and helm; the
command `on` reaches machines and nodes through the kit. It has no engine, no
other files of this computer, and no way to anything but the LAN. Processes,
memory and disk are limited.
"""

from __future__ import annotations

import shlex
import shutil
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import yaml

from graders.environment import PROXIES
from graders.errors import CannotCheck
from graders.files import WRITTEN_LIMIT, write_atomically
from graders.kube.kubeconfig import KubeconfigError, read_access
from graders.providers import capture
from graders.providers.capture import TooSlow
from graders.providers.docker import DockerExec, docker
from graders.providers.kind_location import LABEL_ROLE, LABEL_STUDENT
from graders.providers.registry import exec_prefixes
from graders.providers.relay import Relay
from graders.settings import cache_dir, state_dir

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graders.plan.plan import Plan
    from graders.providers.capture import Result
    from graders.providers.relay import Answer

ROLE: Final = "sandbox"
ANSWERS: Final = "answers.yml"
HOME: Final = "/home/student"
_USER: Final = 1000
_ASK_SCRIPT: Final = Path(__file__).with_name("sandbox_ask.sh")
# The last of the LAN's addresses for nodes, which no lab uses.
_HOST: Final = 253
# A name server that nobody has (RFC 5737): names are a way out, too.
_NO_DNS: Final = "192.0.2.1"
_COPY_S: Final = 20.0
# What a lab's shell has around it, and what ends a process that takes more.
_LIMITS: Final = (
    *("--pids-limit", "256", "--cpus", "1"),
    *("--memory", "512m", "--memory-swap", "512m"),
    *("--ulimit", "nofile=1024:1024", "--ulimit", "core=0:0"),
    *("--read-only", "--tmpfs", "/tmp:rw,exec,nosuid,nodev,size=64m"),  # noqa: S108 - the container's
    "--tmpfs",
    f"{HOME}:rw,exec,nosuid,nodev,size=128m,uid={_USER},gid={_USER},mode=700",
)
_RIGHTS: Final = (
    *("--user", f"{_USER}:{_USER}", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges"),
)
# No route but to the LAN itself, and none to this computer's address on it.
_CUT: Final = (
    "ip route del default; ip route add prohibit default"
    " && ip route add prohibit {gateway}/32"
)
_RC: Final = """\
alias k=kubectl
PS1='(metallb-lab) \\w\\$ '
"""


@dataclass(frozen=True)
class Extras:
    """What a sandbox has besides: files in /kit, and commands of the kit."""

    files: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, Answer] = field(default_factory=dict)


class Sandbox:
    """The container for one lab, while it is open."""

    def __init__(self, plan: Plan, extras: Extras | None = None) -> None:
        """Keep the plan; nothing is created yet."""
        self.name = f"{plan.cluster}-{ROLE}"
        self._plan = plan
        self._extras = extras or Extras()
        self._files = Path()
        self._after = ExitStack()

    def __enter__(self) -> Self:
        """Create and start the container.

        Raises:
            CannotCheck: the engine, or the lab, cannot do it.

        """
        try:
            # A socket's path must be short.
            held = tempfile.TemporaryDirectory(prefix="lab-")
            self._files = Path(self._after.enter_context(held)) / "kit"
            self._write_files(self._files)
            relay = Relay(
                self._files / "on.sock",
                _prefixes(self._plan),
                commands=self._extras.commands,
            )
            self._after.enter_context(relay)
            self._after.callback(self._remove)
            self._create(self._files)
            self._put_answers()
        except BaseException:
            self._after.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the container, with all that runs in it."""
        self._after.close()

    @property
    def terminal(self) -> tuple[str, ...]:
        """The command line of an interactive shell there."""
        shell = ("bash", "--rcfile", "/kit/rc", "-i")
        return (*DockerExec(self.name).terminal, *shell)

    def run(self, script: str, seconds: float) -> Result:
        """Run a script in bash there.

        Raises:
            TooSlow: it takes longer.

        """
        return capture.run(
            [*DockerExec(self.name).prefix, "bash", "-s"],
            timeout=seconds,
            stdin=script,
        )

    def fetch_answers(self) -> None:
        """Copy the student's answers to where a grade reads them."""
        # One byte more than is read, so that a longer file is one here, too.
        size = str(WRITTEN_LIMIT + 1)
        argv = [*DockerExec(self.name).prefix, "head", "-c", size, ANSWERS]
        try:
            done = capture.run(argv, timeout=_COPY_S)
        except TooSlow:
            return
        if not done.returncode:
            (state_dir(self._plan.student) / ANSWERS).write_text(
                done.stdout, encoding="utf-8"
            )

    def _write_files(self, folder: Path) -> None:
        """Write what the container sees of this computer, read-only."""
        state = state_dir(self._plan.student)
        (folder / "bin").mkdir(parents=True)
        with suppress(FileNotFoundError):
            shutil.copytree(cache_dir() / "helm", folder / "helm")
        ask = _ASK_SCRIPT.read_text("utf-8")
        texts = {
            "kubeconfig": lan_kubeconfig(self._plan, state / "kubeconfig"),
            "rc": _RC,
            **{f"bin/{it}": ask for it in ("on", *self._extras.commands)},
            **self._extras.files,
        }
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)

    def _create(self, files: Path) -> None:
        image = docker(
            *("inspect", "--format", "{{.Image}}"),
            self._plan.machine_name("router"),
        )
        self._remove()
        docker(
            *("run", "--detach", "--name", self.name, "--hostname", "lab"),
            *("--label", f"{LABEL_STUDENT}={self._plan.student}"),
            *("--label", f"{LABEL_ROLE}={ROLE}"),
            *("--network", self._plan.lan_name),
            *("--ip", str(self._plan.node_range[_HOST]), "--dns", _NO_DNS),
            *("--dns-option", "timeout:1", "--dns-option", "attempts:1"),
            *_LIMITS,
            *_RIGHTS,
            *_mount(files, "/kit"),
            *_mount(cache_dir() / "bin", "/tools"),
            *_environment(),
            *("--workdir", HOME, image, "sleep", "infinity"),
        )
        docker(
            *("run", "--rm", "--network", f"container:{self.name}"),
            *("--cap-drop", "ALL", "--cap-add", "NET_ADMIN", image),
            *("sh", "-c", _CUT.format(gateway=self._plan.lan_gateway)),
        )

    def renew_files(self) -> None:
        """Copy what a start of the lab has written.

        Raises:
            CannotCheck: it cannot be read, or copied.

        """
        config = state_dir(self._plan.student) / "kubeconfig"
        text = lan_kubeconfig(self._plan, config)
        write_atomically(self._files / "kubeconfig", text, mode=0o644)
        self._put_answers()

    def _put_answers(self) -> None:
        """Copy Helm's repository and the file for answers into the home."""
        try:
            file = state_dir(self._plan.student) / ANSWERS
            answers = file.read_text("utf-8")
        except FileNotFoundError:
            answers = ""
        script = "[ ! -d /kit/helm ] || [ -d helm ] || cp -r /kit/helm helm"
        if answers:
            script += f"\nprintf %s {shlex.quote(answers)} > {ANSWERS}"
        done = self.run(script, _COPY_S)
        if done.returncode:
            raise CannotCheck(
                f"could not prepare {self.name}: {done.stderr.strip()}"
            )

    def _remove(self) -> None:
        with suppress(CannotCheck):
            docker("rm", "--force", self.name)


def kill_lab(student: str) -> None:
    """Stop all that runs in a student's lab at once, and leave it broken.

    Raises:
        CannotCheck: docker does not answer.

    """
    mine = docker(
        "ps", "--quiet", "--filter", f"label={LABEL_STUDENT}={student}"
    )
    if mine:
        docker("kill", *mine.split())


def engine_folder() -> Path:
    """Return where the engine keeps images and containers.

    Raises:
        CannotCheck: docker does not answer.

    """
    return Path(docker("info", "--format", "{{.DockerRootDir}}"))


def lan_kubeconfig(plan: Plan, file: Path) -> str:
    """Return a kubeconfig that reaches the cluster from the LAN.

    Raises:
        CannotCheck: the lab's own cannot be read.

    """
    try:
        access = read_access(file, plan.context)
    except (KubeconfigError, OSError) as error:
        raise CannotCheck(
            f"could not read {file}: {error}",
            remedy="`lab up` writes it again",
        ) from None
    server = f"https://{plan.nodes['control-plane'].lan}:6443"
    names = {"cluster": "lab", "user": "lab"}
    if access.namespace:
        names["namespace"] = access.namespace
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "lab", "cluster": access.cluster | {"server": server}}
            ],
            "users": [{"name": "lab", "user": access.user}],
            "contexts": [{"name": plan.context, "context": names}],
            "current-context": plan.context,
        }
    )


def _prefixes(plan: Plan) -> Mapping[str, list[str]]:
    """Return how to reach each place, by its role and by its name."""
    roles = exec_prefixes(plan)
    names = {plan.machine_name(role): it for role, it in roles.items()}
    return roles | names


def _environment() -> list[str]:
    """Return the options of docker for what a lab's shell has."""
    helm = f"{HOME}/helm"
    variables = {
        "HOME": HOME,
        "PATH": "/kit/bin:/tools:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "EDITOR": "false",
        "KUBECONFIG": "/kit/kubeconfig",
        "KUBECACHEDIR": f"{HOME}/.kubectl",
        "LAB_ANSWERS": f"{HOME}/{ANSWERS}",
        "HELM_CACHE_HOME": helm,
        "HELM_CONFIG_HOME": helm,
        "HELM_DATA_HOME": helm,
        "HELM_CONTENT_CACHE": f"{helm}/content",
        "HELM_REPOSITORY_CACHE": f"{helm}/cache",
        "HELM_REPOSITORY_CONFIG": f"{helm}/repositories.yaml",
    }
    # Those of docker's client would be in the way.
    variables |= dict.fromkeys((*PROXIES, "no_proxy", "NO_PROXY"), "")
    return [
        word
        for name, value in variables.items()
        for word in ("--env", f"{name}={value}")
    ]


def _mount(source: Path, target: str) -> tuple[str, str]:
    # A comma separates the fields, and may be in a folder's name.
    field = f'"source={source.resolve()}"'
    return "--mount", f"type=bind,{field},target={target},readonly"
