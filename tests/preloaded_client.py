"""What tests/preloaded.py puts in Python's place: its words are the server's address, the program, a command line's.

It runs in a fresh Python without site-packages, so it imports little.
"""

import json
import os
import signal
import socket
import sys

OURS = ("glyphlens", "tests", "dvc", "mlflow", "uvicorn", "torch", "dask", "distributed")
FLAGS = ("-u", "-B", "-P")
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Have the server run it and end as that ended; be Python where the server cannot."""
    address, program, *words = sys.argv[1:]
    with socket.socket(socket.AF_UNIX) as server:
        if not is_ours(words) or not asked(server, address, program, words):
            os.execv(sys.executable, [sys.executable, *words])
        process = number(server)
        for name in FORWARDED:
            signal.signal(name, lambda sent, _: os.kill(process, sent))
        status = number(server)
    if status < 0:
        if -status in FORWARDED:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def is_ours(words: list[str]) -> bool:
    """Whether the server runs it: code, a script, or a module of a few packages."""
    subject = next((place for place, word in enumerate(words) if word not in FLAGS), len(words))
    kind, name = [*words[subject : subject + 2], "", ""][:2]
    return kind == "-c" or (kind == "-m" and name.partition(".")[0] in OURS) or bool(kind and kind[0] != "-")


def asked(server: socket.socket, address: str, program: str, words: list[str]) -> bool:
    """Send the request and the three standard streams; False where there is no server, or no such stream."""
    request = {"program": program, "words": words, "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109
    content = json.dumps(request).encode()
    try:
        server.connect(address)
        socket.send_fds(server, [len(content).to_bytes(4, "big")], [0, 1, 2])
        server.sendall(content)
    except OSError:
        return False
    return True


def number(server: socket.socket) -> int:
    """The process, and then how it ended: its exit status, or minus the signal. Ends this one where nobody answers."""
    answer = server.recv(4, socket.MSG_WAITALL)
    if len(answer) < 4:
        sys.exit("the server of tests/preloaded.py has ended")
    return int.from_bytes(answer, "big", signed=True)


if __name__ == "__main__":
    main()
