"""companions: fonts of what Arabic fonts also hold, and of what is to be refused, from the pinned packages."""

import pandas as pd
from pydantic import ConfigDict, Field
from tqdm import tqdm

from glyphlens.core.params import Section, load_params
from glyphlens.sources.fonts.companions import other_records, save_companions, subset_records, text_weights_of
from glyphlens.sources.fonts.files import load_fonts
from glyphlens.sources.fonts.packages import PackagesUnavailable, installed_packages
from glyphlens.stages import run_stage, stage_paths


class CompanionParams(Section):
    """The ``companions`` section of params.yaml: subsets to keep, and by kind the files of what is to be refused."""

    subsets: list[str] = Field(min_length=1)
    others: dict[str, list[str]]


class _Families(Section):
    """The part of the ``fonts`` section that says which packages share outlines."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    same_family: dict[str, str]


def main(argv: list[str] | None = None) -> None:
    """Write ``--out``; without npm or network it is empty, and the recogniser knows Arabic alone."""
    sources = ("packages", "companion_packages")
    paths = stage_paths(argv, *sources, "fonts", "out", sources=sources)
    params = load_params(CompanionParams, "companions")
    same = load_params(_Families, "fonts").same_family
    fonts = load_fonts(paths.fonts)
    try:
        with installed_packages(paths.packages) as first, installed_packages(paths.companion_packages) as second:
            records = other_records((first, second), params.others, same)
            arabic = _weights(fonts)
            records += subset_records(first, arabic, params.subsets, same)
            records += subset_records(second, text_weights_of(second, records), params.subsets, same)
            count = save_companions(paths.out, records)
    except PackagesUnavailable as error:
        tqdm.write(f"companions: warning: {error}\ncompanions: warning: going on with Arabic script alone")
        count = save_companions(paths.out, [])
    tqdm.write(f"companions: {count} files")


def _weights(fonts: pd.DataFrame) -> dict[str, list[int]]:
    """{package: weights} of the Arabic packages."""
    packaged = fonts[fonts["package"] != ""]
    return {str(name): sorted(map(int, part)) for name, part in packaged.groupby("package")["weight"]}


if __name__ == "__main__":
    run_stage(main)
