"""Ports of this machine for servers of tests."""

import socket


def reserved_port() -> int:
    """A port for a server that is started within a minute: until then, the system gives it to no other process.

    A port that was only looked up could go to another test process, or to any connection, before the server is up. The
    end of a connection leaves it in TIME_WAIT, where only who asks for this very port, as servers do, gets it.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address):
            server.accept()[0].close()
    return int(address[1])
