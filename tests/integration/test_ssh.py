"""Commands on a host, through a real sshd."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders.errors import CannotCheck
from graders.providers.machine import Machine
from graders.providers.ssh import SshTarget, SshTransport
from tests.sshd import SSHD, Sshd, free_port, keygen, running_sshd

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_sshd = pytest.mark.skipif(SSHD is None, reason="no sshd on PATH")
pytestmark = pytest.mark.slow
NOWHERE = SshTarget("10.0.0.3", "debian", Path("key"), Path("known_hosts"))
# Whatever an argument may hold: anything but NUL.
WORDS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
    max_size=30,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """One sshd for all."""
    with running_sshd(tmp_path_factory.mktemp("sshd")) as found:
        yield found


@pytest.fixture(scope="module")
def router(server: Sshd) -> Iterator[Machine]:
    """Reach a machine on the far side; its connection is kept."""
    way = SshTransport(server.login)
    yield Machine("router", way)
    way.close()


def _fails(way: SshTransport) -> str:
    """Return what a person reads of a way that leads nowhere."""
    with pytest.raises(CannotCheck) as caught:
        Machine("worker", way).run("true")
    return str(caught.value)


@needs_sshd
def test_outcome(router: Machine) -> None:
    """What a command wrote, its input and its code come through."""
    script = "cat; echo no route >&2; exit 2"

    found = router.run("sh", "-c", script, stdin="a\n'b")

    assert (found.out, found.error, found.code) == ("a\n'b", "no route\n", 2)


@needs_sshd
@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(words=st.lists(WORDS, max_size=4))
def test_words_arrive_as_they_were_given(
    router: Machine, words: list[str]
) -> None:
    """No shell on the way changes an argument."""
    # As numbers: reading text turns one kind of line end into another.
    script = r'printf "%s\0" "$@" | od -An -v -tx1'
    found = router.run("sh", "-c", script, "sh", "first", *words)

    told = bytes.fromhex("".join(found.out.split()))
    assert told.decode().split("\0")[:-1] == ["first", *words]


@needs_sshd
def test_a_command_may_end_with_255(router: Machine) -> None:
    """That is ssh's code, too; the command's own words tell them apart."""
    found = router.run("sh", "-c", "echo usage: ip >&2; exit 255")

    assert (found.code, found.error) == (255, "usage: ip\n")


@needs_sshd
def test_the_connection_is_kept(
    server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second command uses the first one's connection until it is closed.

    The folder is not pytest's, whose path may be too long for a socket.
    """
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        way = SshTransport(server.login)
        client = Machine("client", way)
        ask = ("sh", "-c", "echo $SSH_CONNECTION")

        first, second = client.run(*ask).out, client.run(*ask).out
        way.close()
        third = client.run(*ask).out
        way.close()

    assert first
    assert first == second
    assert third not in {"", first}


@needs_sshd
def test_another_key_does_not_come_in_by_a_kept_connection(
    server: Sshd, router: Machine
) -> None:
    """A wrong key is found although the right one has just been there."""
    assert router.run("true").code == 0

    told = _fails(SshTransport(server.other_key()))

    assert "does not accept the key" in told
    assert "authorized_keys" in told


@needs_sshd
def test_key_that_others_may_read(server: Sshd, tmp_path: Path) -> None:
    """It is the file's mode, not the host, that is to blame."""
    key = tmp_path / "key"
    shutil.copy(server.login.key, key)
    key.chmod(0o644)

    told = _fails(SshTransport(replace(server.login, key=key), reuse=False))

    assert f"the key {key} may be read by others; chmod 600" in told


@needs_sshd
def test_percent_signs_in_paths(
    server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home may have any name, also one that ssh would take for a token."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="100%u%h") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        login = replace(
            server.login,
            key=Path(folder, "key"),
            known_hosts=Path(folder, "known"),
        )
        shutil.copy(server.login.key, login.key)
        shutil.copy(server.login.known_hosts, login.known_hosts)
        way = SshTransport(login)

        assert Machine("client", way).run("echo", "100%u").out == "100%u\n"
        way.close()


@needs_sshd
def test_no_key(server: Sshd, tmp_path: Path) -> None:
    """A key file that is not there is named."""
    login = replace(server.login, key=tmp_path / "none")

    assert "the key" in _fails(SshTransport(login, reuse=False))
    assert str(tmp_path / "none") in _fails(SshTransport(login, reuse=False))


@needs_sshd
def test_host_key_is_unknown(server: Sshd, tmp_path: Path) -> None:
    """It is never believed at first sight; the remedy says how to look."""
    login = replace(server.login, known_hosts=tmp_path / "none")

    told = _fails(SshTransport(login, reuse=False))

    assert "is not in" in told
    assert f"ssh-keyscan -t ed25519 -p {login.port} 127.0.0.1" in told
    assert not login.known_hosts.exists()


@needs_sshd
def test_host_key_has_changed(server: Sshd, tmp_path: Path) -> None:
    """Another machine that answers there is told from a new one."""
    other = Path(f"{keygen(tmp_path / 'other')}.pub").read_text("utf-8")
    known = tmp_path / "known_hosts"
    known.write_text(f"{server.login.known_name} {other}", encoding="utf-8")

    told = _fails(
        SshTransport(replace(server.login, known_hosts=known), reuse=False)
    )

    assert "another machine answers there" in told
    assert f"ssh-keygen -f {known} -R '[127.0.0.1]:" in told


@needs_sshd
def test_unreachable(server: Sshd) -> None:
    """Nobody listens: which host, and what the network said."""
    login = replace(server.login, port=free_port())

    told = _fails(SshTransport(login, reuse=False))

    assert f"port {login.port} cannot be reached: Connection refused" in told


@needs_sshd
def test_sudo(server: Sshd) -> None:
    """A login that is not root's has sudo run the command."""
    server.program("sudo", '[ "$1 $2" = "-n --" ] && shift 2; echo r; "$@"')
    way = SshTransport(server.login, sudo=True, reuse=False)

    assert Machine("worker", way).run("echo", "a b").out == "r\na b\n"


@needs_sshd
def test_no_sudo(server: Sshd) -> None:
    """A sudo that wants a password is told from a command that fails."""
    server.program("sudo", "echo sudo: a password is required >&2; exit 1")

    told = _fails(SshTransport(server.login, sudo=True, reuse=False))

    assert "may not use sudo without a password" in told
    assert "/etc/sudoers.d/metallb-lab" in told


@needs_sshd
def test_terminal(server: Sshd) -> None:
    """For a person who types, ssh is asked for a terminal."""
    way = SshTransport(server.login, reuse=False)

    assert "-t" in way.terminal
    assert "-T" in way.prefix
