"""The board over HTTP: closed without a token, and unmoved by any input."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest
import urllib3
from hypothesis import given

from graders.classroom.board import app, server
from graders.classroom.board.access import open_access
from graders.classroom.board.board import Board
from tests.board_server import Served, served
from tests.fuzzing import FUZZ, damaged, damaged_json
from tests.paper_class import PaperClass, PaperStudent, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.classroom.board.access import Role

PAGES = Path(app.__file__).parent / "pages"
CLOSED = ("", "wall", "rows", "counts")
ROLES: Final[tuple[Role, ...]] = ("teacher", "projector")
SEED = {"ticket": "t", "key": "0" * 64, "message": "m"}


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> PaperClass:
    """Return a class."""
    return PaperClass(tmp_path_factory.mktemp("class"))


@pytest.fixture(scope="module")
def board(paper: PaperClass) -> Iterator[Served]:
    """Serve its board."""
    with served(paper) as found:
        yield found


@pytest.fixture
def ada(paper: PaperClass, request: pytest.FixtureRequest) -> PaperStudent:
    """Return a student, another one for each test."""
    number = abs(hash(request.node.name)) % 10**9
    return PaperStudent(paper.ticket(f"ada-{number}"))


def _first(board: Served, path: str, role: Role) -> dict[str, Any]:
    """Return the first message of a stream."""
    with socket.create_connection(("127.0.0.1", board.port), 20) as asked:
        lines = [f"GET /{path} HTTP/1.1", "Host: x"]
        lines.append(f"Cookie: {board.cookie(role)['cookie']}")
        asked.sendall("\r\n".join([*lines, "", ""]).encode())
        text = b""
        while b"\n\n" not in text:
            part = asked.recv(1 << 16)
            assert part, text
            text += part
    data = re.search(rb"^data: (.*)$", text, re.MULTILINE)
    assert data
    found: dict[str, Any] = json.loads(data[1])
    return found


def test_an_event_is_shown(board: Served, ada: PaperStudent) -> None:
    """What a student tells is on the teacher's stream."""
    markup = "<script>alert(1)</script> & \"'"
    answer = board.ask("events", ada.message(event("help", text=markup)))

    assert answer.status == 200
    assert answer.json() == {"stored": 1, "known": 0, "old": 0}
    rows = _first(board, "rows", "teacher")["rows"]
    assert markup in {row["hand"] for row in rows}


def test_the_projector_s_stream_has_no_names(
    board: Served, ada: PaperStudent
) -> None:
    """Nor questions: only numbers."""
    board.ask("events", ada.message(event("help", text="secret")))

    found = _first(board, "counts", "projector")
    assert set(found) == {"now", "labs", "hands"}
    assert "ada" not in json.dumps(found)
    assert "secret" not in json.dumps(found)


@pytest.mark.parametrize("path", [*CLOSED, "lower", "computer"])
def test_closed_without_a_token(board: Served, path: str) -> None:
    """Nothing is seen or done without it, or with a wrong one."""
    name = board.access.cookie
    body = b'{"student": "ada"}' if path in {"lower", "computer"} else None
    for cookie in (
        "",
        f"{name}=",
        f"{name}=x",
        f"{name}=\xff",
        "a=b; ;=",
        "x",
    ):
        answer = board.ask(path, body, {"cookie": cookie, "x-board": "1"})
        assert answer.status in {303, 401}, cookie
        assert b"ada" not in answer.data


@pytest.mark.parametrize("path", ["", "rows", "lower", "computer"])
def test_the_projector_s_token(board: Served, path: str) -> None:
    """It opens the page without names only."""
    body = b"{}" if path in {"lower", "computer"} else None
    cookie = board.cookie("projector")

    assert board.ask(path, body, cookie).status in {303, 401}
    assert board.ask("wall", None, cookie).status == 200


def test_another_class_s_token(board: Served, tmp_path: Path) -> None:
    """It opens nothing."""
    other = open_access(tmp_path)

    cookie = f"{board.access.cookie}={other.tokens['teacher']}"
    assert board.ask("rows", None, {"cookie": cookie}).status == 401


@pytest.mark.parametrize(
    ("role", "page"), [("teacher", "."), ("projector", "wall")]
)
def test_log_in(board: Served, role: Role, page: str) -> None:
    """The token becomes a cookie that no script reads."""
    token = board.access.tokens[role]

    answer = board.ask("login", f"token={quote(token)}+".encode())
    assert (answer.status, answer.headers["location"]) == (303, page)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    mine = cookie.partition(";")[0]
    assert board.ask("wall", None, {"cookie": mine}).status == 200


@pytest.mark.parametrize("body", [b"", b"token=", b"token=x", b"\xff=\xff"])
def test_log_in_with_anything_else(board: Served, body: bytes) -> None:
    """The form is shown again."""
    answer = board.ask("login", body)

    assert answer.headers["location"] == "login?wrong"
    assert "set-cookie" not in answer.headers


def test_the_teacher_helps(board: Served, ada: PaperStudent) -> None:
    """The page takes a hand down, and nothing else than the page does."""
    board.ask("events", ada.message(event("help", text="mine")))
    cookie = board.cookie("teacher")
    row = next(
        row
        for row in _first(board, "rows", "teacher")["rows"]
        if row["hand"] == "mine"
    )
    body = json.dumps({"student": row["student"]}).encode()

    assert board.ask("lower", body, cookie).status == 403
    allowed = cookie | {"x-board": "1"}
    for wrong in (b"", b"[]", b'"x"', b"{}", b"[" * 1000):
        answer = board.ask("lower", wrong, allowed)
        assert answer.status == 400
    answer = board.ask("lower", body, allowed)
    assert answer.status == 200
    rows = _first(board, "rows", "teacher")["rows"]
    assert "mine" not in {row["hand"] for row in rows}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b""),
        (400, b"\x00\xff"),
        (400, b"[" * 50_000),
        (413, b"x" * 200_000),
        (413, b"x" * 5_000_000),
    ],
)
def test_what_is_no_message(board: Served, status: int, body: bytes) -> None:
    """It is refused, however large or deep, before it is read whole."""
    with socket.create_connection(("127.0.0.1", board.port), 20) as asked:
        head = (
            f"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}"
        )
        asked.sendall(f"{head}\r\n\r\n".encode())
        sending = threading.Thread(target=_send, args=(asked, body))
        sending.start()
        assert f" {status} ".encode() in asked.recv(4096)[:20]
        sending.join(20)
        assert not sending.is_alive()


def _send(asked: socket.socket, body: bytes) -> None:
    # It may be refused before its end.
    with suppress(OSError):
        asked.sendall(body)


def _read_all(asked: socket.socket) -> None:
    with suppress(ConnectionResetError):
        while asked.recv(1 << 16):
            pass


def test_of_another_class(
    board: Served, tmp_path: Path, ada: PaperStudent
) -> None:
    """Its ticket is refused, and so is a message with parts of two."""
    eve = PaperStudent(PaperClass(tmp_path).ticket("ada"))
    assert board.ask("events", eve.message(event("start"))).status == 403

    mixed = json.loads(eve.message(event("start")))
    mixed["ticket"] = ada.ticket
    answer = board.ask("events", json.dumps(mixed).encode())
    assert answer.status == 400
    assert "another ticket" in answer.json()["error"]


def test_a_flood(board: Served, ada: PaperStudent) -> None:
    """A student who sends too much is told so, and others are not."""
    found = {
        board.ask(
            "events", ada.message(*[event("hint") for _ in range(20)])
        ).status
        for _ in range(5)
    }
    assert found == {200, 429}


@FUZZ
@given(text=damaged_json(SEED))
def test_any_body(board: Served, text: str) -> None:
    """Any text gets an answer of four hundred and something."""
    answer = board.ask("events", text.encode(errors="replace"))

    assert 400 <= answer.status < 500, answer.data
    assert len(answer.json()["error"]) < 500


@FUZZ
@given(
    text=damaged("wall", "board.js", "../token", "%2e%2e/token", "rows?x=1")
)
def test_any_path(board: Served, text: str) -> None:
    """No path leads to a file that is not the board's, or to an error."""
    answer = board.ask(quote(text, safe="/?%.", errors="replace"))

    assert answer.status in {200, 303, 307, 401, 404}
    token = board.access.tokens["teacher"].encode()
    assert token not in answer.data


@pytest.mark.parametrize(
    "head",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 10_000,
        b"GET /" + b"a" * 100_000,
        b"\x16\x03\x01\x02\x00" * 50 + b"\r\n\r\n",
        b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http(board: Served, head: bytes) -> None:
    """It ends the connection, and the board lives on."""
    with socket.create_connection(("127.0.0.1", board.port), 20) as asked:
        _send(asked, head)
        _read_all(asked)
    assert board.ask("login").status == 200


def test_who_is_slow(
    board: Served, ada: PaperStudent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a slow head nor a slow body holds a connection for long."""
    monkeypatch.setattr(server, "HEADERS_S", 0.5)
    monkeypatch.setattr(app, "_BODY_S", 0.5)
    address = ("127.0.0.1", board.port)
    post = b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
    for begun in (b"", b"GET / HT", post):
        with socket.create_connection(address, 20) as asked:
            asked.sendall(begun)
            began = time.monotonic()
            try:
                while asked.recv(4096):
                    pass
            except ConnectionResetError:
                pass
            assert time.monotonic() - began < 10
    assert board.ask("events", ada.message(event("start"))).status == 200


def test_viewers_are_bounded(
    board: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One page too many is told so."""
    monkeypatch.setattr(app, "MOST_VIEWERS", 0)

    answer = board.ask("rows", None, board.cookie("teacher"))
    assert answer.status == 503


def _received(one: socket.socket) -> bytes:
    try:
        return one.recv(1)
    except ConnectionResetError:
        return b""


def test_the_head_of_a_stream(board: Served) -> None:
    """It ends, unlike the stream."""
    with urllib3.PoolManager(retries=False, timeout=20) as pool:
        for role in ROLES:
            answer = pool.request(
                "HEAD", f"{board.url}/counts", headers=board.cookie(role)
            )
            assert answer.headers["content-type"].startswith(
                "text/event-stream"
            )


def test_connections_are_bounded(
    board: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many at a time are closed at once; later ones are served."""
    monkeypatch.setattr(server, "MOST", 3)
    address = ("127.0.0.1", board.port)
    held = [socket.create_connection(address, 20) for _ in range(8)]
    time.sleep(0.5)
    closed = 0
    for one in held:
        one.settimeout(0.1)
        with suppress(TimeoutError):
            closed += not _received(one)
        one.close()

    assert closed >= 5
    time.sleep(0.5)
    assert board.ask("login").status == 200


def test_others_never_keep_the_teacher_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many connections they have, from as many addresses."""
    monkeypatch.setattr(
        server._Guarded, "_of", Counter(dict.fromkeys("abc", 200) | {"": 5})
    )
    connection = object.__new__(server._Guarded)

    connection._host = "a"
    assert connection._is_too_much()
    connection._host = ""
    assert not connection._is_too_much()


def test_headers(board: Served) -> None:
    """Pages run the kit's own scripts only, and go into no frame or cache."""
    for path in ("login", "board.js", "wall", "events", "nothing"):
        headers = board.ask(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.html")), ids=str)
def test_pages_have_no_inline_code(page: Path) -> None:
    """No script, style or handler in a page, and nothing of other sites."""
    text = page.read_text(encoding="utf-8")

    assert not re.search(
        r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|style=", text
    )
    assert not re.search(r"(src|href|action)=\"(https?:)?/", text)


@pytest.mark.parametrize("script", sorted(PAGES.glob("*.js")), ids=str)
def test_scripts_write_text_only(script: Path) -> None:
    """What students write never becomes markup."""
    text = script.read_text(encoding="utf-8")

    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|\beval\b", text)
    assert not re.search(r"document\.write|createContextualFragment", text)


def test_behind_a_proxy(board: Served) -> None:
    """A proxy without TLS that says who asks is no way around that."""
    header = {"x-forwarded-for": "192.0.2.7"}

    assert board.ask("login", None, header).status == 403
    token = board.access.tokens["teacher"]
    form = f"token={quote(token)}".encode()
    assert board.ask("login", form, header).status == 403
    tls = {"x-forwarded-proto": "https"} | header
    answer = board.ask("login", form, tls)
    assert "Secure" in answer.headers["set-cookie"]


def test_a_fault_of_the_kit_shows_no_traceback(
    board: Served, ada: PaperStudent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a 500, and the next message is taken."""

    async def fault(*_: object) -> None:
        raise ZeroDivisionError("secret")

    body = ada.message(event("start"))
    with monkeypatch.context() as patch:
        patch.setattr(Board, "take", fault)
        answer = board.ask("events", body)
    assert answer.status == 500
    assert b"secret" not in answer.data
    assert board.ask("events", body).status == 200
