"""fonts: font files of three scripts with a manifest each, from pinned packages and the user's own folder."""

from pathlib import Path

from pydantic import Field
from tqdm import tqdm

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section, load_params
from glyphlens.sources.fonts.files import FontRecord, own_records, package_records, save_fonts, without_repeats
from glyphlens.sources.fonts.packages import SCRIPTS, PackagesUnavailable, installed_packages, package_fonts
from glyphlens.stages import run_stage, stage_paths


class FontParams(Section):
    """The ``fonts`` section of params.yaml."""

    weights_per_family: int = Field(ge=1)
    same_family: dict[str, str]


def main(argv: list[str] | None = None) -> None:
    """Write ``<out>/{arabic,japanese,khmer}/``; raises InputError where no Arabic font can be had."""
    paths = stage_paths(argv, "packages", "own", "out", sources=("packages", "own"))
    params = load_params(FontParams, "fonts")
    own, warnings = own_records(paths.own, params.same_family)
    for warning in warnings:
        tqdm.write(f"fonts: warning: {warning}")
    try:
        with installed_packages(paths.packages) as modules:
            save(paths.out, [*_package_records(modules, params), *own])
    except PackagesUnavailable as error:
        if not own:
            raise InputError(f"{error}\nOr put font files into {paths.own} and run again.") from error
        tqdm.write(f"fonts: warning: {error}\nfonts: warning: going on with the {len(own)} fonts of {paths.own} alone")
        save(paths.out, own)


def save(out: Path, records: list[FontRecord]) -> None:
    """One folder a script."""
    kept = without_repeats(records)
    for script in SCRIPTS:
        save_fonts(out / script, script, kept)
    families = {record.family for record in kept if record.script == "arabic"}
    repeated = len(records) - len(kept)
    tqdm.write(f"fonts: {len(kept)} files, {repeated} repeated left out, {len(families)} Arabic families")


def _package_records(modules: Path, params: FontParams) -> list[FontRecord]:
    fonts = package_fonts(modules, params.weights_per_family)
    if not fonts:
        raise InputError("the font packages hold no font file of any script; check data/packages/package.json")
    return package_records(fonts, params.same_family)


if __name__ == "__main__":
    run_stage(main)
