"""A lock of this computer: it holds for all accounts, whatever their folders.

Several accounts may use one container engine, and a lab of one name is the
same lab for all of them. The lock ends with its process. Whoever finds it held
can ask its holder who that is.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import struct
import sys
import threading
from contextlib import suppress
from datetime import datetime
from errno import EADDRINUSE
from pathlib import Path
from typing import Any, Final

from graders.providers.kind_location import account_name

# Linux has names of sockets that end with their process.
_ABSTRACT: Final = sys.platform == "linux"
_FOLDER: Final = Path("/tmp")  # noqa: S108 - the same one for all accounts
_PATIENCE_S: Final = 1.0
_INFO_LIMIT: Final = 4096


class ComputerLock:
    """One lock by its name; `command` is what others are told it is held by.

    A name of its own goes with each base folder that `variable` may set, so
    that tests do not meet.
    """

    def __init__(self, name: str, command: str, variable: str) -> None:
        """Take nothing yet."""
        self._name = f"metallb-lab-{name}{scope(variable)}"
        self._info = {
            "command": command,
            "pid": os.getpid(),
            "uid": os.getuid(),
            "since": datetime.now().astimezone().isoformat(),
        }
        self._held: _SocketLock | _FileLock | None = None

    def acquire(self) -> bool:
        """Take it unless it is held; return whether it is now ours.

        Raises:
            OSError: there can be no such lock here.

        """
        kind = _SocketLock if _ABSTRACT else _FileLock
        self._held = kind.take(self._name, json.dumps(self._info))
        return self._held is not None

    def release(self) -> None:
        """Give it back."""
        if self._held:
            self._held.release()
            self._held = None

    def holder(self) -> str:
        """Describe who holds it, "" if that cannot be found out."""
        kind = _SocketLock if _ABSTRACT else _FileLock
        try:
            return _describe(json.loads(kind.info(self._name)))
        except (OSError, ValueError, KeyError, TypeError):
            return ""


def scope(variable: str) -> str:
    """Return what tells a computer's locks apart if `variable` is set."""
    folder = os.environ.get(variable)
    if not folder:
        return ""
    return f"-{hashlib.sha256(folder.encode()).hexdigest()[:8]}"


class _SocketLock:
    """An abstract socket: only one process can have its name."""

    def __init__(self, listener: socket.socket, info: str) -> None:
        self._listener = listener
        self._thread = threading.Thread(
            target=self._answer, args=(info.encode(),), daemon=True
        )
        self._thread.start()

    @classmethod
    def take(cls, name: str, info: str) -> _SocketLock | None:
        listener = socket.socket(socket.AF_UNIX)
        try:
            listener.bind(f"\0{name}")
            listener.listen()
        except OSError as error:
            listener.close()
            if error.errno == EADDRINUSE:
                return None
            raise
        return cls(listener, info)

    @staticmethod
    def info(name: str) -> str:
        """Ask the holder; the kernel knows which account it is."""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(_PATIENCE_S)
            asking.connect(f"\0{name}")
            ids = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            _, uid, _ = struct.unpack("3i", ids)
            text = asking.recv(_INFO_LIMIT).decode()
        return json.dumps(json.loads(text) | {"uid": uid})

    def release(self) -> None:
        # Without this, a thread that waits for a connection keeps it alive.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(_PATIENCE_S)
        self._listener.close()

    def _answer(self, info: bytes) -> None:
        while True:
            try:
                asking, _ = self._listener.accept()
            except OSError:
                return
            with asking, suppress(OSError):
                asking.sendall(info)


class _FileLock:
    """A file that is locked, where there are no such sockets."""

    def __init__(self, file: int) -> None:
        self._file = file

    @classmethod
    def take(cls, name: str, info: str) -> _FileLock | None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        file = os.open(_FOLDER / f"{name}.lock", flags, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        except BaseException:
            os.close(file)
            raise
        with suppress(OSError):
            os.fchmod(file, 0o666)  # whatever the umask, for other accounts
        os.truncate(file, 0)
        os.write(file, info.encode())
        return cls(file)

    @staticmethod
    def info(name: str) -> str:
        return (_FOLDER / f"{name}.lock").read_text("utf-8")

    def release(self) -> None:
        os.close(self._file)


def _describe(info: dict[str, Any]) -> str:
    """Return command, account, process and time in words."""
    uid, since = int(info["uid"]), datetime.fromisoformat(info["since"])
    whose = (
        "" if uid == os.getuid() else f" of account {account_name(str(uid))}"
    )
    return (
        f"`{info['command']}`{whose}, pid {info['pid']}, since {since:%H:%M}"
    )
