"""The board over HTTP: events come in, pages and their streams go out."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import (
    FileResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from graders.classroom.board.access import is_private
from graders.classroom.board.admission import NotOfThisClassError
from graders.classroom.board.board import (
    OtherKeyError,
    RefusedKeyError,
    TooMuchError,
    Word,
)
from graders.classroom.board.message import LIMIT, BadMessageError
from graders.classroom.board.streams import projector_stream, teacher_stream
from graders.classroom.envelope import NotVerified
from graders.errors import KitError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, MutableMapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from graders.classroom.board.access import Access
    from graders.classroom.board.board import Board

_PAGES: Final = Path(__file__).parent / "pages"
# Bytes of a request's body: two envelopes in JSON.
_BODY: Final = LIMIT + 20 * 1024
_FORM: Final = 1024
_BODY_S: Final = 5
_STREAM: Final = "text/event-stream"
MOST_VIEWERS: Final = 50
_ANSWERS: Final[dict[type[KitError], int]] = {
    BadMessageError: 400,
    NotOfThisClassError: 403,
    NotVerified: 403,
    OtherKeyError: 409,
    RefusedKeyError: 403,
    TooMuchError: 429,
}
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self';"
    " style-src 'self'; connect-src 'self'; img-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "connection": "close",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def make_app(
    board: Board, access: Access, closing: Callable[[], bool]
) -> ASGIApp:
    """Return the application; streams end when `closing` says so."""
    pages = _Pages(board, access, closing)

    @asynccontextmanager
    async def writing(_: Starlette) -> AsyncIterator[None]:
        writer = asyncio.create_task(board.write())
        yield
        writer.cancel()
        with suppress(asyncio.CancelledError):
            await writer

    app = Starlette(
        routes=[
            Route("/", pages.teacher),
            Route("/wall", pages.wall),
            Route("/login", pages.login, methods=["GET", "POST"]),
            Route("/rows", pages.rows),
            Route("/counts", pages.counts),
            Route("/lower", pages.lower, methods=["POST"]),
            Route("/computer", pages.computer, methods=["POST"]),
            Route("/events", pages.events, methods=["POST"]),
            *(
                Route(f"/{file.name}", _file(file.name))
                for file in sorted(_PAGES.iterdir())
                if file.suffix in {".css", ".js", ".svg"}
            ),
        ],
        exception_handlers={KitError: _refused, HTTPException: _failed},
        lifespan=writing,
    )
    return _with_headers(app)


class _Asked(BaseModel):
    """A request of the teacher's page about one student."""

    student: str
    word: Word = "accept"


class _Pages:
    """The handlers of the routes."""

    def __init__(
        self, board: Board, access: Access, closing: Callable[[], bool]
    ) -> None:
        self._board = board
        self._access = access
        self._closing = closing
        self._viewers = 0

    async def events(self, request: Request) -> Response:
        """Take a message of a student's computer."""
        receipt = await self._board.take(await _body(request, _BODY))
        return JSONResponse(vars(receipt))

    async def teacher(self, request: Request) -> Response:
        """Return the page with names."""
        if self._access.visitor(request) != "teacher":
            return RedirectResponse("login", 303)
        return FileResponse(_PAGES / "board.html")

    async def wall(self, request: Request) -> Response:
        """Return the page without names."""
        if self._access.visitor(request) is None:
            return RedirectResponse("login", 303)
        return FileResponse(_PAGES / "wall.html")

    async def login(self, request: Request) -> Response:
        """Return the form, or take the token that was typed into it."""
        _require_private(request)
        if request.method != "POST":
            return FileResponse(_PAGES / "login.html")
        form = parse_qs((await _body(request, _FORM)).decode(errors="replace"))
        token = form.get("token", [""])[0]
        role = self._access.role(token)
        if role is None:
            return RedirectResponse("login?wrong", 303)
        answer = RedirectResponse("wall" if role == "projector" else ".", 303)
        answer.set_cookie(
            self._access.cookie,
            token.strip(),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    async def rows(self, request: Request) -> Response:
        """Stream the rows of the page with names."""
        self._require(request, "teacher")
        return self._stream(
            request, teacher_stream(self._board, self._closing)
        )

    async def counts(self, request: Request) -> Response:
        """Stream what the page without names shows."""
        self._require(request)
        return self._stream(
            request, projector_stream(self._board, self._closing)
        )

    async def lower(self, request: Request) -> Response:
        """Take down the hand of a student."""
        asked = await self._asked(request)
        await self._board.lower_hand(asked.student)
        return JSONResponse({})

    async def computer(self, request: Request) -> Response:
        """Accept or refuse another computer of a student."""
        asked = await self._asked(request)
        await self._board.decide(asked.student, asked.word)
        return JSONResponse({})

    def _require(self, request: Request, role: str = "") -> None:
        """Refuse a request without the cookie."""
        found = self._access.visitor(request)
        if found is None or role not in {"", found}:
            raise HTTPException(401, "log in first")

    async def _asked(self, request: Request) -> _Asked:
        """Return what the teacher's page asks for.

        The header shows that it is the page: others may not send it.
        """
        self._require(request, "teacher")
        if request.headers.get("x-board") != "1":
            raise HTTPException(403, "only the board's page may do this")
        try:
            return _Asked.model_validate_json(await _body(request, _FORM))
        except ValueError:
            raise HTTPException(400, "expected a student") from None

    def _stream(
        self, request: Request, messages: AsyncIterator[bytes]
    ) -> Response:
        """Return a stream of server-sent events, one of not too many."""
        if request.method == "HEAD":
            return Response(media_type=_STREAM)
        if self._viewers >= MOST_VIEWERS:
            raise HTTPException(503, "too many pages are open")
        return StreamingResponse(
            self._counted(messages),
            media_type=_STREAM,
            headers={"x-accel-buffering": "no"},
        )

    async def _counted(
        self, messages: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        self._viewers += 1
        try:
            async for message in messages:
                yield message
        finally:
            self._viewers -= 1


def _file(name: str) -> Callable[[Request], Any]:
    """Return a route to one of the files that anybody may read."""

    async def answer(_: Request) -> Response:
        return FileResponse(_PAGES / name)

    return answer


async def _body(request: Request, limit: int) -> bytes:
    """Return the body of a request, if it is short and comes soon."""
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_S):
            async for part in request.stream():
                body += part
                if len(body) > limit:
                    raise HTTPException(413, f"more than {limit} bytes")
    except TimeoutError:
        raise HTTPException(408, "the request takes too long") from None
    return bytes(body)


def _require_private(request: Request) -> None:
    if not is_private(request):
        raise HTTPException(
            403,
            "names and token would go over the network for others to read:"
            " open the board on the computer that it runs on, or by https",
        )


async def _refused(_: Request, error: Exception) -> Response:
    """Return an error of the kit with its status."""
    status = _ANSWERS.get(type(error), 503)  # type: ignore[arg-type] # only these come here
    return JSONResponse({"error": str(error)}, status)


async def _failed(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - only these come here
    return JSONResponse({"error": error.detail}, error.status_code)


def _with_headers(app: ASGIApp) -> ASGIApp:
    """Return the application with the same headers on each answer."""
    added = [(k.encode(), v.encode()) for k, v in _HEADERS.items()]

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await app(scope, receive, sending)

    return wrapped
