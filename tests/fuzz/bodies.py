"""Bodies of requests as the reading processes answer them, and whole requests to a server that runs."""

import json
from pathlib import Path

import numpy as np

from glyphlens.core.errors import InputError
from glyphlens.serving.answering import answers
from glyphlens.serving.limits import ServerLimits
from glyphlens.serving.opened import open_reading
from tests.forged_release import save_release
from tests.fuzz.fonts import fonts
from tests.fuzz.pictures import pictures
from tests.fuzz.repairs import zipped
from tests.fuzz.trial import Generator, Seed, Target

OPTIONS = {
    "predict": {"top": 3},
    "identify": {"top": 1, "language": None, "alone": False},
    "scan": {"top": 1, "ink": "auto", "lines": True},
}
LIMITS = ServerLimits(pixels=1_000_000, pages=5, glyphs=500, body_bytes=1 << 20)
STATUSES = (200, 413, 415, 422)
UNFORESEEN = "it cannot be read ("  # what an error of no kind of ours is answered with
PATIENCE_SECONDS = 60.0
HTTP_STATUSES = (200, 204, 307, 400, 401, 404, 405, 408, 411, 413, 414, 415, 422, 429, 431, 501, 503)


def bodies(folder: Path) -> Target:
    """What is sent to predict, identify and scan, answered in this process."""
    models = {
        "predict": open_reading("small", str(save_release(folder / "release")), "1"),
        "identify": open_reading("arabic", "arabic", "1"),
        "scan": open_reading("scan_lines", "scan_lines", "1"),
    }

    def attempt(name: str, data: bytes) -> None:
        kind = name.partition("/")[0]
        (answer,) = answers(models[kind], kind, [data], [OPTIONS[kind]], LIMITS)
        _require_sound(answer.status, answer.content)

    drawn = pictures(folder).seeds
    named = [Seed(f"predict/{seed.name}", *seed[1:]) for seed in drawn]
    named += [Seed(f"scan/{seed.name}", *seed[1:]) for seed in drawn[:3]]
    named += [Seed(f"identify/{seed.name}", *seed[1:]) for seed in fonts(folder).seeds]
    named += [
        Seed("predict/pictures.zip", drawn[0].data, pack=_archive),
        Seed("predict/one.zip", _archive(drawn[0].data, np.random.default_rng(0))),
    ]
    return Target("bodies", named, attempt, says=lambda _: ("",))


def _archive(data: bytes, rng: Generator) -> bytes:
    return zipped({"a.png": data, "b/": b"", "b/c.png": data}, rng)


def _require_sound(status: int, content: bytes) -> None:
    """Raise AssertionError for an answer that is none, InputError for a refusal."""
    assert status in STATUSES, status
    detail = json.loads(content).get("detail", "")
    assert not detail.startswith(UNFORESEEN), detail
    if status != STATUSES[0]:
        assert detail, content[:200]
        raise InputError(detail)
