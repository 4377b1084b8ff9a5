"""The server gives the page's files alone, with the types that browsers insist on, to this machine alone."""

import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from glyphlens.core.errors import OutputError
from glyphlens.page.server import LOOPBACK, POLICY, page_server

SITE = {"index.html": b"<!doctype html>", "page.js": b"1", "ort/a.mjs": b"2", "ort/a.wasm": b"\0asm", "m.onnx": b"3"}


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """That of a running server."""
    style = tmp_path / "page.css"
    style.write_text("p {}", encoding="utf-8")
    with page_server({**SITE, "page.css": style}) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def ask(port: int, address: str, method: str = "GET") -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(LOOPBACK, port, timeout=10)
    connection.putrequest(method, address, skip_accept_encoding=True)
    connection.endheaders()
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


@pytest.mark.parametrize(
    ("address", "kind", "content"),
    [
        ("/", "text/html; charset=utf-8", b"<!doctype html>"),
        ("/?q=1", "text/html; charset=utf-8", b"<!doctype html>"),
        ("/page.js", "text/javascript; charset=utf-8", b"1"),
        ("/ort/a.mjs", "text/javascript; charset=utf-8", b"2"),
        ("/ort/a.wasm", "application/wasm", b"\0asm"),
        ("/m.onnx", "application/octet-stream", b"3"),
        ("/page.css", "text/css; charset=utf-8", b"p {}"),
    ],
)
def test_files_come_with_their_type_and_the_policy(port: int, address: str, kind: str, content: bytes) -> None:
    answer, body = ask(port, address)
    assert (answer.status, answer.getheader("Content-Type"), body) == (200, kind, content)
    assert answer.getheader("Content-Security-Policy") == POLICY
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    head, nothing = ask(port, address, "HEAD")
    assert (head.status, head.getheader("Content-Length"), nothing) == (200, str(len(content)), b"")


@pytest.mark.parametrize("address", ["/none", "/../page.css", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/ort/"])
def test_nothing_else_is_there(port: int, address: str) -> None:
    assert ask(port, address)[0].status == 404


def test_other_methods_and_nonsense_end_no_server(port: int) -> None:
    assert ask(port, "/", "POST")[0].status == 501
    with socket.create_connection((LOOPBACK, port), timeout=10) as connection:
        connection.sendall(b"\xff\xfe nonsense\r\n\r\n")
        connection.recv(100)
    with socket.create_connection((LOOPBACK, port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")  # and goes
    assert ask(port, "/")[0].status == 200


def test_a_port_in_use_is_named(port: int) -> None:
    with pytest.raises(OutputError, match=rf"port {port}: cannot be served on"):
        page_server(SITE, port)
