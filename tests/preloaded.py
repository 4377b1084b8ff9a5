"""Python with the large libraries behind it: to import them takes seconds, and most processes that tests start do.

``python()`` is a program to put in Python's place. It hands ``-m <module> …`` of this project and ``-c <code> …`` to a
server, which forks: every call is a process of its own with its own directory, environment and signals. Whatever else
it is asked, it becomes Python itself. Two processes that shall show that the order of sets changes nothing must be
fresh ones: the forks of one server hash alike.
"""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from shlex import quote
from tempfile import mkdtemp

HERE = Path(__file__).resolve().parent
SERVER, CLIENT = HERE / "preloaded_server.py", HERE / "preloaded_client.py"
STARTED: list["subprocess.Popen[bytes]"] = []  # each ends, and removes its folder, when this process does


@cache
def python() -> Path:
    """The program, called ``python`` and alone in its folder; the first call starts the server."""
    folder = Path(mkdtemp(prefix="glyphlens-python-"))
    program, address = folder / "bin/python", folder / "address"
    program.parent.mkdir()
    words = [sys.executable, "-IS", str(CLIENT), str(address), str(program)]
    program.write_text(f'#!/bin/sh\nexec {" ".join(map(quote, words))} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-P", str(SERVER), str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    server = subprocess.Popen(command, env=environment, start_new_session=True, **pipes)
    STARTED.append(server)
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n", f"{SERVER} did not start"
    return program


if __name__ == "__main__":  # for a shell: prints the folder to put first into PATH, and serves while its input is open
    print(python().parent, flush=True)
    sys.stdin.read()
