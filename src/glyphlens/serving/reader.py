"""A reading process: opens models, then reads what the server sends it, until the server is gone.

Started as ``python -m glyphlens.serving.reader <file descriptor>`` by ``glyphlens.serving.readers``.
"""

import resource
import socket
import sys
from collections.abc import Mapping
from typing import Any

from glyphlens.core.errors import GlyphlensError
from glyphlens.serving.answering import answers
from glyphlens.serving.jobs import FEW
from glyphlens.serving.limits import ServerLimits
from glyphlens.serving.logs import start_logging
from glyphlens.serving.messages import Message, arriving, packed
from glyphlens.serving.opened import OpenModel, open_reading


def main(arguments: list[str]) -> None:
    """Read until the other end of the socket is closed."""
    start_logging()
    with socket.socket(fileno=int(arguments[0])) as server:
        messages = arriving(server)
        settings = next(messages, None)
        if settings is None:
            return
        limits = ServerLimits(**settings.head["limits"])
        try:
            models = {name: open_reading(name, *entry) for name, entry in settings.head["models"].items()}
        except GlyphlensError as error:
            server.sendall(packed({"fault": str(error)}))
            return
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        server.sendall(packed({"models": [model.facts for model in models.values()]}))
        for message in messages:
            server.sendall(answered(models, message, limits))


def answered(models: Mapping[str, OpenModel], message: Message, limits: ServerLimits) -> bytes:
    """The answers to one message's jobs, in their order, as a message."""
    head: dict[str, Any] = message.head
    most = FEW if head["few"] else limits.pages
    found = answers(models[head["model"]], head["kind"], message.parts, head["options"], limits, most)
    return packed({"answers": [[each.status, each.media_type] for each in found]}, [each.content for each in found])


if __name__ == "__main__":
    main(sys.argv[1:])
