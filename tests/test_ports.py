"""A reserved port goes to the server that asks for it, and to nobody who asks for any."""

import socket

import pytest

from tests.ports import reserved_port


def test_a_server_gets_the_port_and_others_do_not() -> None:
    port = reserved_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", port)) as server, socket.create_connection(server.getsockname()):
        server.accept()[0].close()


def test_ports_are_other_ones_each_time() -> None:
    ports = [reserved_port() for _ in range(200)]
    assert len(set(ports)) == len(ports)
