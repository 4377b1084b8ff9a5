"""glyphlens: data-versioned recognition of written characters.

``glyphlens.load("arabic").identify("MyFont.ttf").to_frame()``; see ``glyphlens.api``. Nothing is imported before it is
asked for.
"""

import os
from typing import TYPE_CHECKING

# onnxruntime 1.31 reports its use over the network unless it finds this when it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from glyphlens.api import Answers as Answers
    from glyphlens.api import LoadedModel as LoadedModel
    from glyphlens.api import load as load
    from glyphlens.api import to_frame as to_frame

__version__ = "0.1.0"
_OF_THE_API = ("Answers", "LoadedModel", "load", "to_frame")


def __getattr__(name: str) -> object:
    """What the Python API offers, imported at its first use (PEP 562)."""
    if name not in _OF_THE_API:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("glyphlens.api"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_OF_THE_API])
