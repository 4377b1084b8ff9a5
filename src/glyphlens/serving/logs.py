"""What happens, as lines of JSON on the error stream: never what was sent or answered."""

import logging
import sys
import time
from typing import Any

import orjson

LOGGER = logging.getLogger("glyphlens.serving")
FACTS = "facts"


def start_logging(level: int = logging.INFO) -> None:
    """Let this server's lines, uvicorn's and asyncio's go to the error stream."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("asyncio", "uvicorn", "uvicorn.error", LOGGER.name):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler] if name != "uvicorn.error" else [], name == "uvicorn.error"
        logger.setLevel(level if name == LOGGER.name else logging.WARNING)


def say(event: str, level: int = logging.INFO, *, exc_info: bool = False, **facts: Any) -> None:
    """One line: the time, the level, the event, and facts about it; with ``exc_info`` the exception at hand."""
    LOGGER.log(level, event, exc_info=exc_info, extra={FACTS: facts})


class JsonLines(logging.Formatter):
    """A record as a line; of an exception its kind and place only, as its message may quote what was sent."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage().partition("\n")[0],
            **getattr(record, FACTS, {}),
        }
        if record.exc_info and record.exc_info[0]:
            line |= {"exception": record.exc_info[0].__name__, "at": _place(record.exc_info[2])}
        return orjson.dumps(line, default=str).decode()


def _place(trace: Any) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
