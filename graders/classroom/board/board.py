"""The board's state in memory, and the one writer of its database."""

from __future__ import annotations

import asyncio
import secrets
import time as clock
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from graders.classroom.board.limits import Allowance
from graders.classroom.board.message import PAYLOAD_TYPE as EVENTS
from graders.classroom.board.message import Event, read_message, read_parts
from graders.classroom.board.rows import Row, State, apply, counts, need, state
from graders.classroom.board.store import KEPT_S, Key, Stored
from graders.classroom.envelope import verify_document
from graders.course.folders import lab_paths
from graders.errors import KitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from graders.classroom.board.admission import Admission
    from graders.classroom.board.message import Message
    from graders.classroom.board.store import Status, Store
    from graders.plan.ticket import Ticket

Word: TypeAlias = Literal["accept", "replace", "refuse"]
# An older event is no news. A computer may have been off over night.
OLDEST_S: Final = 24 * 3600
# Labs of one student, and computers that wait for the teacher's word.
MOST_LABS: Final = 40
MOST_WAITING: Final = 3


class OtherKeyError(KitError):
    """The ticket is of the class, but came from another computer before."""


class RefusedKeyError(KitError):
    """The teacher does not accept this computer."""


class TooMuchError(KitError):
    """A student sends more than one student would."""


@dataclass(frozen=True)
class Receipt:
    """How many events are new, known already, or too old to be stored."""

    stored: int
    known: int
    old: int


@dataclass
class _Pupil:
    """A student: rows by lab, the last event, what may be sent, and keys."""

    rows: dict[str, Row] = field(default_factory=dict)
    newest: float = 0
    allowance: Allowance = field(default_factory=Allowance)
    # By student and nonce: the keys, and what was said of them.
    keys: dict[str, dict[str, Status]] = field(default_factory=dict)
    # By lab: when the row changed last, counted, and how it was then.
    stamps: dict[str, int] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)

    def having(self, holder: str, status: Status) -> list[str]:
        """Return the keys of which this was said."""
        keys = self.keys.get(holder, {})
        return [key for key, said in keys.items() if said == status]


@dataclass
class _Order:
    """Events and keys to store; `done` gets the new events."""

    events: Sequence[Stored]
    keys: Sequence[Key]
    done: asyncio.Future[list[Stored]]


class Board:
    """The progress of all students of a class, and views of it.

    All but the database is used by the event loop's thread only.
    """

    def __init__(
        self,
        store: Store,
        admission: Admission,
        now: Callable[[], float] = clock.time,
    ) -> None:
        """Read what was stored.

        Raises:
            CannotCheck: the database cannot be read.

        """
        self._store = store
        self._admission = admission
        self._now = now
        self._pupils: dict[str, _Pupil] = {}
        self._version = 0
        self._labs = frozenset(folder.name for folder in lab_paths())
        self._orders: list[_Order] = []
        self._ordered = asyncio.Event()
        store.forget_before(now() - KEPT_S)
        for key in store.all_keys():
            self._add_key(key)
        for one in store.events():
            self._fold(one)
        for student in self._pupils:
            self._show(student)

    # Messages of students.

    async def take(self, body: bytes) -> Receipt:
        """Store the events of a message; return when they are stored.

        Raises:
            KitError: it is no message of a student of this class, or cannot
                be stored now.

        """
        now = self._now()
        parts = read_parts(body)
        ticket = self._admission.check(parts.ticket, now)
        document = verify_document(parts.message, EVENTS, parts.key)
        message = read_message(document, parts.ticket)
        pupil = self._pupil(ticket.student)
        reason = pupil.allowance.refusal(len(message.events), now)
        labs = pupil.rows.keys() | {one.lab for one in message.events}
        if reason or len(labs) > MOST_LABS:
            reason = reason or f"more than {MOST_LABS} labs"
            raise TooMuchError(f"{reason}; the rest is not stored")
        keys = self._admit(ticket, parts.key)
        events = list(_in_time(ticket.student, message, now))
        added = await self._store_all(events, keys)
        pupil.allowance.charge(len(added))
        return Receipt(
            len(added),
            len(events) - len(added),
            len(message.events) - len(events),
        )

    def _admit(self, ticket: Ticket, key: str) -> list[Key]:
        """Return the key if it is the first of its ticket."""
        holder = _holder(ticket.student, ticket.nonce)
        pupil = self._pupil(ticket.student)
        known = self._keys(holder)
        status = known.get(key)
        if status == "accepted":
            return []
        if not known:
            first = Key(holder, key, "accepted")
            self._add_key(first)
            return [first]
        if status == "refused":
            raise RefusedKeyError(
                f"{ticket.student}'s teacher has refused this computer",
                remedy="install your own ticket, or ask your teacher",
            )
        if len(pupil.having(holder, "waiting")) < MOST_WAITING:
            self._add_key(Key(holder, key, "waiting"))
        raise OtherKeyError(
            f"{ticket.student}'s ticket came from another computer before",
            remedy="your teacher accepts this one on the board, or you"
            " copy the kit's configuration folder from there",
        )

    # What the teacher does.

    async def lower_hand(self, student: str) -> None:
        """Take down a student's hand, as `lab help --done` does.

        Raises:
            CannotCheck: it cannot be stored.

        """
        now = self._now()
        event = Event(id=secrets.token_hex(8), time=now, event="done")
        if student in self._pupils:
            await self._store_all([Stored(student, now, event)], [])

    async def decide(self, student: str, word: Word) -> None:
        """Say of the computers of a student that wait what to do with them.

        `replace` accepts them, and no other computer from now on.

        Raises:
            CannotCheck: it cannot be stored.

        """
        pupil = self._pupils.get(student)
        if pupil is None:
            return
        holder = self._holder_of(student)
        said: Status = "refused" if word == "refuse" else "accepted"
        keys = [
            Key(holder, key, said) for key in pupil.having(holder, "waiting")
        ]
        if word == "replace":
            before = pupil.having(holder, "accepted")
            keys += [Key(holder, key, "refused") for key in before]
        await self._store_all([], keys)

    # What viewers see.

    @property
    def version(self) -> int:
        """A number that grows with each change."""
        return self._version

    def rows_since(self, version: int) -> list[dict[str, Any]]:
        """Return the rows that have changed since a version, for a page."""
        return [
            self._shown(student, pupil, row)
            for student, pupil in self._pupils.items()
            for lab, row in pupil.rows.items()
            if pupil.stamps[lab] > version
        ]

    def silent(self) -> list[str]:
        """Return the names of those who have not told anything."""
        told = {name for name, one in self._pupils.items() if one.rows}
        names = self._admission.names()
        return sorted(
            name for student, name in names.items() if student not in told
        )

    def counts(self) -> dict[str, Any]:
        """Return how many are where, without names."""
        now = self._now()
        rows = (
            (row, state(row, pupil.newest, now))
            for pupil in self._pupils.values()
            for row in pupil.rows.values()
        )
        return counts(rows, self._labs)

    def age(self) -> None:
        """Notice who has become idle as time went by."""
        now = self._now()
        for student, pupil in self._pupils.items():
            for lab, row in pupil.rows.items():
                at = state(row, pupil.newest, now)
                if at != pupil.states[lab]:
                    self._stamp(student, row)

    def _shown(self, student: str, pupil: _Pupil, row: Row) -> dict[str, Any]:
        at = pupil.states[row.lab]
        waiting = len(pupil.having(self._holder_of(student), "waiting"))
        if row.last != pupil.newest:
            waiting = 0
        return asdict(row) | {
            "name": self._admission.name(student),
            "state": at,
            "need": need(row, at, waiting=bool(waiting)),
            "waiting": waiting,
        }

    # The writer.

    async def write(self) -> None:
        """Store what is ordered, all that waits at once, until cancelled."""
        while True:
            await self._ordered.wait()
            self._ordered.clear()
            orders, self._orders = self._orders, []
            try:
                added = await self._store_orders(orders)
            except Exception as error:  # noqa: BLE001 - those who wait are told
                for order in orders:
                    self._undo(order)
                    if not order.done.done():
                        order.done.set_exception(error)
                continue
            new = {id(one) for one in added}
            for order in orders:
                # Whoever waited may have gone.
                if not order.done.done():
                    order.done.set_result(
                        [one for one in order.events if id(one) in new]
                    )

    async def _store_orders(self, orders: Sequence[_Order]) -> list[Stored]:
        """Store orders, then take them into the state; return new events."""
        events = [one for order in orders for one in order.events]
        keys = [key for order in orders for key in order.keys]
        added = await asyncio.to_thread(self._store.add, events, keys)
        for key in keys:
            self._add_key(key)
        for one in added:
            self._add(one)
        return added

    def _undo(self, order: _Order) -> None:
        """Forget the key of a first message that could not be stored."""
        if order.events:
            for key in order.keys:
                self._keys(key.holder).pop(key.key, None)

    async def _store_all(
        self, events: Sequence[Stored], keys: Sequence[Key]
    ) -> list[Stored]:
        """Have the writer store these; return which of them are new."""
        done: asyncio.Future[list[Stored]] = (
            asyncio.get_running_loop().create_future()
        )
        self._orders.append(_Order(events, keys, done))
        self._ordered.set()
        return await done

    # State.

    def _pupil(self, student: str) -> _Pupil:
        return self._pupils.setdefault(student, _Pupil())

    def _add(self, one: Stored) -> None:
        """Take an event that is stored into the state, and show it."""
        self._fold(one)
        self._show(one.student)

    def _fold(self, one: Stored) -> None:
        pupil = self._pupil(one.student)
        pupil.allowance.kept += 1
        changed = apply(pupil.rows, one.student, one.event, one.time)
        pupil.rows |= {row.lab: row for row in changed}
        pupil.newest = max(pupil.newest, *(row.last for row in changed), 0)

    def _add_key(self, key: Key) -> None:
        self._keys(key.holder)[key.key] = key.status
        self._show(key.holder.partition(" ")[0])

    def _keys(self, holder: str) -> dict[str, Status]:
        """Return the keys of a student's ticket."""
        pupil = self._pupil(holder.partition(" ")[0])
        return pupil.keys.setdefault(holder, {})

    def _show(self, student: str) -> None:
        """Have all rows of a student sent to viewers again."""
        for row in self._pupil(student).rows.values():
            self._stamp(student, row)

    def _stamp(self, student: str, row: Row) -> None:
        pupil = self._pupils[student]
        self._version += 1
        pupil.stamps[row.lab] = self._version
        pupil.states[row.lab] = state(row, pupil.newest, self._now())

    def _holder_of(self, student: str) -> str:
        return _holder(student, self._admission.nonce(student))


def _holder(student: str, nonce: str) -> str:
    return f"{student} {nonce}"


def _in_time(student: str, message: Message, now: float) -> Iterator[Stored]:
    """Yield the events that are no older than a day.

    A student's clock may be wrong, so what counts is how long before the
    message they were.
    """
    for event in message.events:
        ago = max(0.0, message.sent - event.time)
        if ago <= OLDEST_S:
            yield Stored(student, now - ago, event)
