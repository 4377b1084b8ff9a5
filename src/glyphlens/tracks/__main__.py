"""``python -m glyphlens.tracks TRACK`` prints the stage that `dvc repro` is to bring about; nothing for all of them."""

import argparse

from glyphlens.tracks import flagship, tracks

ALL = "all"


def main(argv: list[str] | None = None) -> None:
    """Print the last stage of the named track, by default the flagship's; an unknown name ends with those there are."""
    parser = argparse.ArgumentParser(prog="python -m glyphlens.tracks", description=__doc__)
    parser.add_argument("track", nargs="?", default=flagship().name, choices=[*tracks(), ALL], metavar="TRACK")
    name = parser.parse_args(argv).track
    print("" if name == ALL else tracks()[name].final_stage)


if __name__ == "__main__":
    main()
