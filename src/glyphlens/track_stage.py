"""``python -m glyphlens.track_stage TRACK`` prints the stage that `dvc repro` is to bring about, nothing for all tracks."""

import argparse

from glyphlens.tracks import flagship, tracks

ALL = "all"


def main(argv: list[str] | None = None) -> None:
    """Print the last stage of the named track, by default the flagship's; an unknown name ends with those there are."""
    parser = argparse.ArgumentParser(prog="python -m glyphlens.track_stage", description=__doc__)
    parser.add_argument("track", nargs="?", default=flagship().name, choices=[*tracks(), ALL], metavar="TRACK")
    name = parser.parse_args(argv).track
    print("" if name == ALL else tracks()[name].final_stage)


if __name__ == "__main__":
    main()
