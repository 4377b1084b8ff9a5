"""Bodies of requests, taken in within limits: before the first byte, and with every further one."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request

from glyphlens.serving.jobs import LARGE_BYTES
from glyphlens.serving.limits import ServerLimits

CLIENT_GONE = 499  # nginx's number for a client that does not wait for its answer


class Refused(Exception):
    """A request that is not answered: the status, why, and when to try again."""

    def __init__(self, status: int, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.retry_after = status, detail, retry_after


class HeldBytes:
    """How much all bodies take together that are in the server."""

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
        self.count = 0

    @contextmanager
    def kept(self, request: Request) -> Iterator["KeptBody"]:
        """Room for one body as long as the block lasts."""
        body = KeptBody(self, request, self._limits)
        try:
            yield body
        finally:
            self.count -= body.length

    def add(self, length: int, before: int) -> None:
        """Take more room for a body that had ``before``; raises Refused where there is none.

        A small one finds room however much large ones take that do not end; there are only so many connections.
        """
        if before + length > LARGE_BYTES and self.count + length > self._limits.held_bytes:
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "the server holds as much as it can; try again soon", 1)
        self.count += length


class KeptBody:
    """One body; ``length``: what is held of it."""

    def __init__(self, held: HeldBytes, request: Request, limits: ServerLimits) -> None:
        self._held, self._request, self._limits = held, request, limits
        self.length = 0

    async def whole(self) -> bytes:
        """All of it; raises Refused: 400 empty or cut off, 408 too slow, 413 too long, 415 encoded, 429 no room."""
        headers, most = self._request.headers, self._limits.body_bytes
        if headers.get("content-encoding", "identity") != "identity":
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the file itself, without Content-Encoding")
        if int(headers.get("content-length", 0)) > most:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {most:,} bytes are taken")
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                async for part in self._request.stream():
                    if self.length + len(part) > most:
                        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {most:,} bytes are taken")
                    self._held.add(len(part), self.length)
                    self.length += len(part)
                    parts.append(part)
        except TimeoutError as error:
            detail = f"the body did not come within {self._limits.body_seconds:g} s"
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, detail) from error
        except ClientDisconnect as error:
            raise Refused(CLIENT_GONE, "the client is gone") from error
        if not self.length:
            raise Refused(HTTPStatus.BAD_REQUEST, "the body is empty; send the file as it is")
        return b"".join(parts)
