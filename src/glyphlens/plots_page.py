"""The page of `dvc plots` with its viewer inside: it opens without a network.

`make setup` writes it and names it, by its whole path, in `.dvc/config.local`, which DVC copies to where it runs
experiments. Where that was not run, DVC uses a page of its own, which fetches the viewer.
"""

import argparse
from pathlib import Path

from glyphlens.core.storage import save_text

GRAMMAR = "5.21"  # DVC's charts are written in version 5 of Vega-Lite
# DVC's charts call vegaEmbed(place, chart). Vega cuts the entries of legends short, 0 lets it be.
VIEWER = "window.vegaEmbed = (place, chart) => vegaEmbed(place, chart, {config: {legend: {labelLimit: 0}}});"
PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Learning curves</title>
<style>body { display: flex; flex-wrap: wrap; gap: 2rem; margin: 2rem; font-family: sans-serif }</style>
<script>VIEWER</script>
{plot_divs}
</html>
"""


def plots_page() -> str:
    """HTML for `plots.html_template` of DVC's configuration, which puts the charts where ``{plot_divs}`` stands."""
    from vl_convert import javascript_bundle

    return PAGE.replace("VIEWER", javascript_bundle(VIEWER, vl_version=GRAMMAR))


def main(argv: list[str] | None = None) -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description="Write the page of `dvc plots` that opens without a network.")
    parser.add_argument("out", type=Path, help="the HTML file to write")
    save_text(parser.parse_args(argv).out, plots_page())


if __name__ == "__main__":
    main()
