"""HTTP connections that are closed when their client is too slow or they are too many; uvicorn alone waits for ever."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from glyphlens.serving.bodies import CLIENT_GONE
from glyphlens.serving.jobs import refusal
from glyphlens.serving.limits import ServerLimits

LARGEST_HEADER = 16_384  # bytes of request line and headers that are not whole yet
GRACE_SECONDS = 5.0  # beyond which a body that the application has given up is not taken either
FULL = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class LimitedConnection(H11Protocol):
    """A connection with a deadline for what is being waited for: headers, a body, or the client's taking its
    answer."""

    limits: ServerLimits = ServerLimits()
    _timer: asyncio.TimerHandle | None = None
    _writing: asyncio.TimerHandle | None = None
    _awaited: Any = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse one more than may be open."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            transport.write(FULL)
            transport.close()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Look whether something else is awaited now."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more, and nobody waits for an answer: it need not be read any more."""
        self._cancel()
        awaited = None if self.cycle is None else self.cycle.scope["state"].get("awaited")
        if awaited is not None and not awaited.done():
            awaited.set_result(refusal(CLIENT_GONE, "the client is gone"))
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not take its answer."""
        super().pause_writing()
        self._writing = self.loop.call_later(self.limits.body_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        if self.flow is not None:
            super().resume_writing()

    def _watch(self) -> None:
        """A deadline for each state of the client, from when it began, however much trickles in meanwhile."""
        state = self.conn.their_state
        if state is self._awaited:
            return
        self._cancel()
        self._awaited = state
        if state is h11.IDLE:
            self._timer = self.loop.call_later(self.limits.header_seconds, self._refuse)
        elif state is h11.SEND_BODY:
            self._timer = self.loop.call_later(self.limits.body_seconds + GRACE_SECONDS, self.transport.abort)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self) -> None:
        """408 where nothing was answered yet; the client's half of a header is never looked at."""
        if self.transport.is_closing():
            return
        if self.conn.our_state is h11.IDLE:
            refusal = h11.Response(
                status_code=408, headers=[(b"connection", b"close"), (b"content-length", b"0")], reason=b"Timeout"
            )
            for event in (refusal, h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def limited_connections(limits: ServerLimits) -> type[LimitedConnection]:
    """The class of connections with these limits, for ``uvicorn.Config(http=…)``."""
    return type(LimitedConnection.__name__, (LimitedConnection,), {"limits": limits})
