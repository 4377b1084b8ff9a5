"""Queues of ablations: what they may say, what a run was made from, and means with intervals over seeds."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_json
from glyphlens.evaluation.ablation_chart import plot_ablation
from glyphlens.evaluation.ablation_page import ablation_page
from glyphlens.evaluation.ablations import (
    AblationQueue,
    Run,
    Runs,
    column_heads,
    merged_runs,
    read_queue,
    read_runs,
    results,
    settings_hash,
    table_content,
    updated_runs,
    with_changes,
)

CONTENT: dict[str, Any] = {
    "title": "Sizes",
    "question": "Which?",
    "answer": "The wide one.",
    "stages": ["learn"],
    "metric": "metrics/a/curves.json:val_top1",
    "seeds": [1, 2],
    "budget": {"learn.steps": 10},
    "variants": {"narrow": {"learn.width": 8}, "wide": {"learn.width": 16}, "odd": {"learn.width": 9}},
}


TOP5, OTHER = "metrics/a/curves.json:val_top5", "metrics/a/slices.json:val_top1"


def queue(**changes: Any) -> AblationQueue:
    return AblationQueue.model_validate(CONTENT | changes)


def runs(**values: list[float]) -> Runs:
    """Runs of seeds 1, 2, … by variant."""
    return {
        variant: {seed: Run(value=value, commit="abc", settings="s") for seed, value in enumerate(listed, 1)}
        for variant, listed in values.items()
    }


def test_a_gain_is_paired_by_seed() -> None:
    narrow, wide = results(queue(), runs(narrow=[0.5, 0.7], wide=[0.6, 0.8]))
    assert (narrow.mean, narrow.gain, narrow.gain_spread) == (pytest.approx(0.6), None, None)
    assert (wide.mean, wide.gain) == (pytest.approx(0.7), pytest.approx(0.1))
    assert wide.spread == pytest.approx(1.2706, abs=1e-3)  # t of one degree of freedom, 12.706, × 0.1
    assert wide.gain_spread == pytest.approx(0, abs=1e-9)  # the same difference with either seed


def test_one_seed_has_no_interval() -> None:
    wide = results(queue(), runs(narrow=[0.5, 0.7], wide=[0.6]))[1]
    assert (wide.spread, wide.gain, wide.gain_spread) == (None, pytest.approx(0.1), None)


def test_a_table_is_read_back_and_newer_runs_replace_its_own(tmp_path: Path) -> None:
    earlier = runs(narrow=[0.5, 0.7], gone=[0.1])
    table = tmp_path / "sizes.json"
    save_json(table, table_content(queue(), merged_runs(queue(), earlier, {})))
    assert read_runs(table) == {"narrow": earlier["narrow"], "wide": {}, "odd": {}}
    merged = updated_runs(table, queue(), runs(narrow=[0.6], wide=[0.9, 0.9, 0.9]))
    assert {seed: run.value for seed, run in merged["narrow"].items()} == {1: 0.6, 2: 0.7}
    assert sorted(merged["wide"]) == [1, 2]  # no seed of the queue but these


def test_further_numbers_are_read_back_and_a_table_without_them_keeps_its_bytes(tmp_path: Path) -> None:
    table, kept = tmp_path / "sizes.json", runs(narrow=[0.5])
    save_json(table, table_content(queue(), kept))
    assert "beside" not in table.read_text(encoding="utf-8")
    added = queue(beside=[TOP5])  # later, when the runs are there already
    assert updated_runs(table, added, {})["narrow"] == kept["narrow"]
    further = {"narrow": {1: kept["narrow"][1].model_copy(update={"beside": {TOP5: 0.9}})}}
    save_json(table, table_content(added, updated_runs(table, added, further)))
    assert read_runs(table)["narrow"] == further["narrow"]


def test_no_table_is_no_run(tmp_path: Path) -> None:
    assert read_runs(tmp_path / "absent.json") == {}


@pytest.mark.parametrize("content", [{}, {"variants": {"a": {}}}, {"variants": {"a": {"runs": {"1": {"value": 1}}}}}])
def test_another_table_is_refused(tmp_path: Path, content: Any) -> None:
    save_json(tmp_path / "a.json", content)
    with pytest.raises(InputError, match=r"a\.json: not a table of ablations"):
        read_runs(tmp_path / "a.json")


def test_what_a_run_was_made_from() -> None:
    params = {"seed": 1, "learn": {"width": 8, "steps": 10}, "other": {"a": 1}}
    wanted = settings_hash(with_changes(params, {"learn.width": 9}), ["learn"], [b"code"])
    assert wanted == settings_hash({"learn": {"steps": 10, "width": 9}, "other": {"a": 2}}, ["learn"], [b"code"])
    assert wanted != settings_hash(params, ["learn"], [b"code"])
    assert wanted != settings_hash(with_changes(params, {"learn.width": 9}), ["learn"], [b"other code"])
    assert params["learn"] == {"width": 8, "steps": 10}


@pytest.mark.parametrize("name", ["learn.depth", "absent.width", "absent", "seed.width"])
def test_a_parameter_that_there_is_not(name: str) -> None:
    with pytest.raises(InputError, match=f"params.yaml has no {name}"):
        with_changes({"seed": 1, "learn": {"width": 8}}, {name: 1})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "val_top1"}, "metric: "),
        ({"variants": {"one": {}}}, "variants: "),
        ({"variants": {"One": {}, "two": {}}}, "variants.One"),
        ({"seeds": []}, "seeds: "),
        ({"beside": ["val_top5"]}, "beside.0: "),
        ({"beside": [TOP5, CONTENT["metric"], TOP5]}, f"beside: {CONTENT['metric']}, {TOP5} named twice"),
        ({"colour": "red"}, "colour: Extra inputs"),
        ({"axis": "learn.depth"}, "axis: narrow, wide, odd set no number for learn.depth"),
        (
            {"axis": "learn.width", "variants": {"a": {"learn.width": 1.5}, "b": {"learn.width": "wide"}}},
            "axis: b set no number for learn.width",
        ),
        ({"published": {"others": {}}}, "published.others: "),
    ],
)
def test_a_queue_at_fault_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "sizes.yaml"
    YAML().dump(CONTENT | changes, path)
    with pytest.raises(InputError) as caught:
        read_queue(path)
    assert str(caught.value).startswith(f"{path}: ") and message in str(caught.value)


def test_the_page_says_what_was_asked_found_and_not_run() -> None:
    page = ablation_page({"sizes": (queue(), runs(narrow=[0.5, 0.7], wide=[0.6, 0.8]))})
    assert "| `wide` | `width=16` | 0.7000 ± 1.2706 | +0.1000 ± 0.0000 | 1 2 | abc |" in page
    assert "Not run yet: `odd` (seed 1), `odd` (seed 2)." in page
    for words in ("## Sizes", "Which?", "The wide one.", "`learn.steps=10`", "](ablations/sizes.png)"):
        assert words in page


def test_further_numbers_are_columns_of_means_over_all_seeds_of_a_row() -> None:
    asked, measured = queue(beside=[TOP5, OTHER]), runs(narrow=[0.5, 0.7], wide=[0.6, 0.8], odd=[0.5])
    for seed, top5 in ((1, 0.8), (2, 0.9)):
        measured["narrow"][seed].beside.update({TOP5: top5, OTHER: 0.25})
    measured["wide"][1].beside.update({TOP5: 0.9, "metrics/a/gone.json:cer": 0.1})  # of another queue of this name
    page = ablation_page({"sizes": (asked, measured)})
    heads = "`curves:val_top1` | gain over `narrow` | `val_top5` | `slices:val_top1` | seeds | commit |\n"
    assert f"| variant | changes | {heads}|{'---|' * 8}\n" in page
    assert "| 0.6000 ± 1.2706 | – | 0.8500 ± 0.6353 | 0.2500 ± 0.0000 | 1 2 | abc |" in page
    assert "+0.1000 ± 0.0000 | – | – | 1 2 | abc |" in page and "| `odd` | `width=9` | 0.5000 | +0.0000 | – |" in page


def test_a_head_is_as_long_as_it_must_be() -> None:
    numbers = ["metrics/a/evaluate.json:top1", "metrics/b/evaluate.json:top1", "metrics/b/slices.json:top1"]
    assert column_heads(numbers) == [*numbers[:2], "slices:top1"]
    assert column_heads(numbers[1:]) == ["evaluate:top1", "slices:top1"] and column_heads(numbers[:1]) == ["top1"]


def test_a_queue_without_a_run_has_neither_table_nor_picture() -> None:
    page = ablation_page({"sizes": (queue(seeds=[1]), {})})
    assert ".png" not in page and "| variant" not in page and "Not run yet: `narrow`, `wide`, `odd`." in page


@pytest.mark.parametrize("axis", [None, "learn.width"])
def test_the_same_picture_has_the_same_bytes(tmp_path: Path, axis: str | None) -> None:
    asked = queue(axis=axis, published={"others": {8: 0.4, 32: 0.5}})
    for name, values in (("a", [0.5, 0.7]), ("b", [0.5, 0.7]), ("c", [0.5, 0.8])):
        plot_ablation(tmp_path / f"{name}.png", asked, results(asked, runs(narrow=[0.5, 0.6], wide=values)))
    first, again, other = (path.read_bytes() for path in sorted(tmp_path.glob("*.png")))
    assert first == again != other
