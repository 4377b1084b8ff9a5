"""A reading process: opens models, then reads what the server sends it, until the server is gone.

Started as ``python -m glyphlens.serving.reader <file descriptor>`` by ``glyphlens.serving.readers``.
"""

import resource
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glyphlens.core.errors import GlyphlensError
from glyphlens.serving.answering import answers
from glyphlens.serving.limits import MIB, Limits
from glyphlens.serving.messages import Message, arriving, packed
from glyphlens.serving.opened import OpenModel, open_reading


def main(arguments: list[str]) -> None:
    """Read until the other end of the socket is closed."""
    with socket.socket(fileno=int(arguments[0])) as server:
        messages = arriving(server)
        settings = next(messages, None)
        if settings is None:
            return
        limits = Limits(**settings.head["limits"])
        try:
            models = {name: open_reading(name, *entry) for name, entry in settings.head["models"].items()}
        except GlyphlensError as error:
            server.sendall(packed({"fault": str(error)}))
            return
        limit_memory(limits.memory_mib)
        server.sendall(packed({"models": [model.facts for model in models.values()]}))
        for message in messages:
            server.sendall(answered(models, message, limits))


def answered(models: Mapping[str, OpenModel], message: Message, limits: Limits) -> bytes:
    """The answers to one message's jobs, in their order, as a message."""
    head: dict[str, Any] = message.head
    found = answers(models[head["model"]], head["kind"], message.parts, head["options"], limits)
    return packed({"answers": [[each.status, each.media_type] for each in found]}, [each.content for each in found])


def limit_memory(more_mib: int) -> None:
    """Let this process have so much more memory of its own than now; children may set limits of their own.

    Address space that is reserved and not used (onnxruntime, malloc) does not count.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    held_kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData"))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (held_kib * 1024 + more_mib * MIB, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(sys.argv[1:])
