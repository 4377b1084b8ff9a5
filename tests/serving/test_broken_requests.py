"""Requests broken in every place, headers and bodies: the server answers, refuses or hangs up, and serves the next."""

import socket

import numpy as np

from tests.fuzz.mutations import mutated
from tests.fuzz.trial import SEED
from tests.serving.running_server import RunningServer

REQUESTS = 300
STATUSES = {100, 200, 307, 400, 404, 405, 408, 413, 415, 422, 429, 499, 501, 503}
CHUNKED = b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
OTHERS = (
    CHUNKED,
    b"GET /ready HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nAccept: */*\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /v1/predict?model=small&ink=dark&language=ar HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
)


def said(server: RunningServer, request: bytes) -> bytes:
    """All that the server has to say to these bytes, until it hangs up."""
    parts = []
    with server.connection(timeout=120) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65_536):
                parts.append(part)
        except ConnectionError:  # it hangs up on what is no HTTP
            pass
    return b"".join(parts)


def test_broken_requests_are_answered_refused_or_hung_up_on(little: RunningServer, drawing) -> None:
    body = drawing(side=30)
    posted = b"POST /v1/predict?top=3 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    seeds, rng, readers = [posted, *OTHERS], np.random.default_rng(SEED), little.readers
    found = set()
    for number in range(REQUESTS):
        request = mutated(seeds[number % len(seeds)], seeds, rng, is_text=number % 2 == 0)
        answer = said(little, request)
        assert not answer or answer.startswith(b"HTTP/1.1 "), (number, answer[:100])
        found |= {int(answer.split(maxsplit=2)[1])} if answer else set()
    assert found <= STATUSES and {200, 400} <= found
    assert little.ask("GET", "/health").status == 200
    assert little.post("/v1/predict", body).status == 200
    assert little.readers == readers
    # uvicorn answers what is no HTTP with 400; the answer to the part before it then finds the connection ended
    errors = [event for event in little.events if event.get("level") == "error"]
    assert {event.get("exception") for event in errors} <= {"LocalProtocolError"}
