"""Python with the large libraries behind it: to import them takes seconds, and most processes that tests start do.

``python()`` is a program to put in Python's place; ``dvc`` and ``glyphlens`` lie beside it. It hands ``-c <code> …``,
scripts and ``-m <module> …`` of this project and of a few libraries to a server, which forks: every call is a process
of its own with its own directory, environment and signals, but the server's user, limits and mask of new files.
Whatever else it is asked, it becomes Python itself, also where another number of OpenMP's threads or another hash seed
is asked for, or no server answers. Two processes that shall show that the order of sets changes
nothing must be fresh ones, as the forks of one server hash alike; so must those that a test ends and then looks at
what they left, as a fork outlives its caller by a moment.
"""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from shlex import quote
from tempfile import gettempdir, mkdtemp

from filelock import FileLock

HERE = Path(__file__).resolve().parent
SERVER, CLIENT = HERE / "preloaded_server.py", HERE / "preloaded_client.py"
PYTHON = sys.executable  # itself, which tests put something else in the place of
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # before a test changes it
STARTED: list["subprocess.Popen[bytes]"] = []  # each ends, and removes its folder, when its owner does


@cache
def python() -> Path:
    """The program, called ``python``; the first call of all workers of a run starts the server."""
    folder, owner = Path(gettempdir()) / f"glyphlens-python-{os.environ.get('PYTEST_XDIST_TESTRUNUID')}", os.getppid()
    if "PYTEST_XDIST_WORKER" not in os.environ:
        folder, owner = Path(mkdtemp(prefix="glyphlens-python-")), os.getpid()
    folder.mkdir(mode=0o700, exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / "address").exists():
            start(folder, owner)
    return folder / "bin/python"


def start(folder: Path, owner: int) -> None:
    """Write the programs and start the server of a folder, which ends with the process that owns it."""
    (folder / "bin").mkdir(exist_ok=True)
    client = [PYTHON, "-IS", str(CLIENT), str(folder / "address"), str(folder / "bin/python")]
    for program in ("python", "dvc", "glyphlens"):
        script = [] if program == "python" else [str(Path(PYTHON).with_name(program))]
        written = folder / "bin" / program
        written.write_text(f'#!/bin/sh\nexec {" ".join(map(quote, client + script))} "$@"\n', encoding="utf-8")
        written.chmod(0o755)
    command = [PYTHON, "-P", str(SERVER), str(folder), str(owner)]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    server = subprocess.Popen(command, env=ENVIRONMENT, cwd=folder, start_new_session=True, **streams)
    STARTED.append(server)
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n", f"{SERVER} did not start"


if __name__ == "__main__":  # for a shell: prints the folder to put first into PATH, and serves while its input is open
    print(python().parent, flush=True)
    sys.stdin.read()
