"""`dvc plots` draws the curves that the stages write, on a page that needs no network."""

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from glyphlens.core.curves import CURVES
from glyphlens.core.params import read_params
from glyphlens.plots_page import GRAMMAR, main
from tests.checkout import ROOT, link_environment
from tests.forged_curves import write_curves
from tests.preloaded import python

GRAPH = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
PLOTS = {title: plot for entry in GRAPH["plots"] for title, plot in entry.items()}
ARABIC = {f"models/arabic/{name}" for name in ("phase1", "phase2", "onestage", "context")}
JAPANESE = {f"models/kanji/{name}" for name in read_params(ROOT / "params.yaml")["matrix"]["exported"]}
NAMES = sorted(Path(name).name for name in JAPANESE)
PAGE = ".dvc/plots.html"
SET_UP = ("config.local", "plots.html")  # what `make setup` writes into .dvc
FEW = {"train_loss": [(10, 2.5), (20, 1.5)], "val_loss": [(10, 2.4), (20, 1.6)], "val_top1": [(10, 0.25), (20, 0.75)]}
BETTER = {**FEW, "val_top1": [(10, 0.375), (20, 0.875)]}


class Addresses(HTMLParser):
    """What the tags of a page refer to; the inside of a script is no tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str | None] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href", "data", "srcset")]


def run(folder: Path, *command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    answer = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    assert "failed to load" not in answer.stderr, answer.stderr
    return answer.stdout


def dvc(folder: Path, *words: str) -> str:
    return run(folder, str(python().with_name("dvc")), *words)


def charts(page: str) -> dict[str, dict[str, Any]]:
    """The Vega-Lite of every chart on a page, by its title."""
    specs = [json.loads(text) for text in re.findall(r"^\s*var spec = (.*);$", page, flags=re.MULTILINE)]
    return {spec["title"]["text"]: spec for spec in specs}


def lines_of(picture: str) -> list[str]:
    """Of every line of a recogniser in an SVG picture, its name."""
    drawn = r'aria-label="[^"]*recogniser: (\w+)[^"]*" role="graphics-symbol" aria-roledescription="line mark"'
    return sorted(re.findall(drawn, picture))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with our plots, page and templates, and curves that became better since the last commit."""
    folder = tmp_path_factory.mktemp("plots") / "project"
    shutil.copytree(ROOT / ".dvc", folder / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp", *SET_UP))
    YAML().dump({"plots": GRAPH["plots"]}, folder / "dvc.yaml")
    (folder / ".gitignore").write_text("/dvc_plots/\n", encoding="utf-8")
    main([str(folder / PAGE)])
    dvc(folder, "config", "--local", "plots.html_template", str(folder / PAGE))
    for name in ARABIC | JAPANESE:
        write_curves(folder / name / CURVES, FEW)
    author = ("-c", "user.name=tests", "-c", "user.email=tests@example.org")
    run(folder, "git", "init", "-q")
    run(folder, "git", "add", ".")
    run(folder, "git", *author, "commit", "-qm", "curves")
    for name in ARABIC | JAPANESE:
        write_curves(folder / name / CURVES, BETTER)
    return folder


@pytest.fixture(scope="module")
def shown(project: Path) -> Path:
    dvc(project, "plots", "show")
    return project / "dvc_plots/index.html"


def test_the_page_asks_for_nothing_else(shown: Path) -> None:
    page = shown.read_text(encoding="utf-8")
    assert Addresses(page).found == []
    addresses = set(re.findall(r"https?://[\w.-]+(?=/)", page))
    assert addresses <= {"http://www.w3.org", "https://vega.github.io", "https://github.com"}  # namespaces, an issue


def test_every_chart_holds_its_curves(shown: Path) -> None:
    found = charts(shown.read_text(encoding="utf-8"))
    assert set(found) == set(PLOTS)
    for title, plot in PLOTS.items():
        rows = found[title]["data"]["values"]
        logged = [point for name in plot["y"].values() for point in BETTER[name]]
        values = [row.get("dvc_inferred_y_value") or row[next(iter(plot["y"].values()))] for row in rows]
        assert sorted((int(row["step"]), float(value)) for row, value in zip(rows, values, strict=True)) == sorted(
            logged
        )


def test_a_diff_holds_both_revisions_of_every_recogniser(project: Path) -> None:
    dvc(project, "plots", "diff", "HEAD", "-o", "diff")
    chart = charts((project / "diff/index.html").read_text(encoding="utf-8"))
    rows = chart["Japanese recognisers, validation accuracy"]["data"]["values"]
    ends = {(row["rev"], row["filename"].split("/")[0], row["val_top1"]) for row in rows if row["step"] == "20"}
    assert ends == {(rev, name, top1) for name in NAMES for rev, top1 in (("HEAD", "0.75"), ("workspace", "0.875"))}


def test_every_recogniser_has_a_line_and_its_name(project: Path) -> None:
    from vl_convert import vegalite_to_svg

    title = "Japanese recognisers, validation loss"
    chart = json.loads(dvc(project, "plots", "show", "--show-vega", title))
    picture = vegalite_to_svg(chart, vl_version=GRAMMAR)
    assert lines_of(picture) == NAMES
    assert all(f">{text}</text>" in picture for text in (*NAMES, title, "optimiser step", "loss"))


def test_a_browser_without_a_network_draws_every_chart(shown: Path, tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is not installed")
    alone = ("--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND")
    options = (*alone, f"--user-data-dir={tmp_path}", "--virtual-time-budget=8000", "--dump-dom")
    document = run(tmp_path, browser, *options, shown.as_uri())
    assert len(re.findall(r'<svg[^>]+class="marks"', document)) == len(PLOTS)
    assert lines_of(document) == sorted(NAMES * 2)  # accuracy and loss


def test_plots_are_of_the_networks_that_the_stages_train() -> None:
    drawn = [Path(path) for plot in PLOTS.values() for path in plot["y"]]
    assert {path.parents[3].as_posix() for path in drawn} == ARABIC | JAPANESE
    for path in drawn:
        assert path.as_posix().split(f"/{CURVES}/")[1] == f"plots/metrics/{path.stem}.tsv"
    for plot in PLOTS.values():
        assert all(Path(path).stem == column for path, column in plot["y"].items())


# ── before `make setup`, after it, and where DVC runs experiments ────────────────────────────
@pytest.mark.parametrize("way", [("clone", "--quiet", "."), ("worktree", "add", "--quiet", "--detach")])
def test_before_set_up_dvc_draws_with_its_own_page(project: Path, tmp_path: Path, way: tuple[str, ...]) -> None:
    run(project, "git", *way, str(tmp_path / "new"))
    for command in (("show",), ("diff", "HEAD")):
        dvc(tmp_path / "new", "plots", *command)
        page = (tmp_path / "new/dvc_plots/index.html").read_text(encoding="utf-8")
        assert set(charts(page)) == set(PLOTS)


def test_where_dvc_runs_experiments_the_page_is_found(project: Path, tmp_path: Path) -> None:
    run(project, "git", "clone", "--quiet", ".", str(tmp_path / "copy"))
    shutil.copyfile(project / ".dvc/config.local", tmp_path / "copy/.dvc/config.local")  # as `exp run --temp` does
    dvc(tmp_path / "copy", "plots", "show")
    page = (tmp_path / "copy/dvc_plots/index.html").read_text(encoding="utf-8")
    assert set(charts(page)) == set(PLOTS)
    assert Addresses(page).found == []


def test_set_up_writes_the_page_and_names_it_where_the_repository_is_now(project: Path, tmp_path: Path) -> None:
    for name in ("one place", "another"):
        folder = tmp_path / name
        if name == "one place":
            run(project, "git", "clone", "--quiet", ".", str(folder))
            for path in ("Makefile", "requirements.lock", "pyproject.toml", "src/glyphlens/plots_page.py"):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / path, folder / path)
            link_environment(folder)
        else:
            (tmp_path / "one place").rename(folder)
        run(folder, "make", "setup")
        assert dvc(folder, "config", "plots.html_template").strip() == str(folder / PAGE)
        assert (folder / PAGE).stat().st_size > 100_000
        assert run(folder, "git", "status", "--porcelain", ".dvc") == ""
