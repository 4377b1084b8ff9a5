"""strokes: KanjiVG's wheel, pinned by hash, kept as it is beside a notice of its origin."""

import shutil
from pathlib import Path

from tqdm import tqdm

from glyphlens.core.storage import save_text, writing
from glyphlens.sources.kanjivg import WHEEL, KanjiVG
from glyphlens.sources.stroke_package import downloaded_wheel
from glyphlens.stages import run_stage, stage_paths

NOTICE = """Stroke data: KanjiVG

The wheel in this folder is the KanjiVG project's own release, unchanged: SVG drawings of Japanese characters with
stroke paths in writing order, stroke types and component trees.

Copyright (C) Ulrich Apel and the contributors of KanjiVG, https://kanjivg.tagaini.net
Licence: Creative Commons Attribution-ShareAlike 3.0 Unported, https://creativecommons.org/licenses/by-sa/3.0/

What glyphlens makes of it, pictures and stroke sequences of the rendered stand-in (data/kanji/samples) and its
component table (structure.json), is derived from it: strokes are displaced, joined and drawn with simulated pens, and
the component trees are shortened. Whoever passes those on names KanjiVG and keeps to the same licence.
"""


def main(argv: list[str] | None = None) -> None:
    """Write ``<out>/kanjivg-*.whl`` and ``<out>/NOTICE``; raises InputError where the wheel cannot be had or read."""
    paths = stage_paths(argv, "lock", "out", sources=("lock",))
    with downloaded_wheel(paths.lock) as wheel:
        keep(wheel, paths.out)
    tqdm.write(f"strokes: {KanjiVG.open(paths.out).path.name}")


def keep(wheel: Path, out: Path) -> None:
    """The wheel as the only one in ``out``, and the notice."""
    for other in out.glob(WHEEL):
        other.unlink()
    with writing(out / wheel.name) as partial:
        shutil.copyfile(wheel, partial)
    save_text(out / "NOTICE", NOTICE)


if __name__ == "__main__":
    run_stage(main)
