"""The page says the verdict first, and shows what moved and nothing else."""

import hashlib

from glyphlens.review.comparison import Comparison, compare
from glyphlens.review.snapshot import TIMINGS, snapshot
from tests.scratch_repository import CARD, CARD_TEXT, CNN, EVALUATE, GATE, PARAMS, Repository, lock


def compared(repository: Repository) -> Comparison:
    return compare(snapshot(repository.folder, "main"), snapshot(repository.folder, None))


def part(page: str, title: str) -> str:
    return page.split(f"<summary>{title}")[1].split("</details>")[0]


def test_nothing_moved(repository: Repository) -> None:
    found = compared(repository)
    assert found.text.splitlines()[0] == "✅ **Limits kept: 2** · 0 better, 0 worse, of 10 metrics"
    assert "<details" not in found.text.replace("<details><summary>Gates", "")
    assert found.breaches == []


def test_better_worse_and_counts(repository: Repository) -> None:
    repository.change(EVALUATE, test_top1=0.86, ece=0.03, samples=9_000)
    found = compared(repository)
    assert found.text.startswith("✅ **Limits kept: 2** · 1 better, 1 worse, of 10 metrics\n")
    rows = part(found.text, "Metrics that moved: 3")
    assert "| `arabic/evaluate` | test_top1 | 0.8500 | 0.8600 | +0.0100 | ▲ better |" in rows
    assert "| `arabic/evaluate` | ece | 0.0200 | 0.0300 | +0.0100 | ▼ worse |" in rows
    assert "| `arabic/evaluate` | samples | 10,000 | 9,000 | -1,000 |  |" in rows
    assert "macro_f1" not in rows


def test_a_breach_is_the_first_thing_said(repository: Repository) -> None:
    repository.change(EVALUATE, test_top1=0.8)
    found = compared(repository)
    assert found.text.startswith("❌ **Guarded metrics beyond their limits: 1**")
    assert f"- `{EVALUATE}` **test_top1** got worse by 0.05" in found.text.split("<details")[0]
    assert "❌ beyond its limit" in part(found.text, "Metrics that moved: 1")


def test_a_limit_that_the_change_loosens_is_shown_and_does_not_count(repository: Repository) -> None:
    guarded = PARAMS["compare"]["guarded"] | {EVALUATE: {"test_top1": 0.5}}
    repository.change("params.yaml", compare={"guarded": guarded})
    repository.change(EVALUATE, test_top1=0.8)
    found = compared(repository)
    assert [breach.metric for breach in found.breaches] == ["test_top1"]
    assert f"moves the limit of `{EVALUATE}` **test_top1**: 0.005 → 0.5; the stricter counts" in found.text


def test_a_limit_that_the_change_drops_still_counts(repository: Repository) -> None:
    repository.change("params.yaml", compare={"guarded": {}})
    repository.change(EVALUATE, test_top1=0.8)
    found = compared(repository)
    assert found.breaches
    assert "**test_top1**: 0.005 → none" in found.text


def test_the_first_limits_are_no_change_of_limits(repository: Repository) -> None:
    repository.write("params.yaml", {"seed": 1})
    repository.commit()
    repository.write("params.yaml", PARAMS)
    assert "moves the limit" not in compared(repository).text


def test_without_limits_the_page_says_so(repository: Repository) -> None:
    repository.write("params.yaml", {"seed": 1})
    repository.commit()
    repository.change(EVALUATE, test_top1=0.1)
    found = compared(repository)
    assert found.text.startswith("**No metric is guarded**")
    assert not found.breaches


def test_new_and_lost_metrics_stand_by_file(repository: Repository) -> None:
    (repository.folder / CNN).unlink()
    repository.write("metrics/kanji/vit.json", {"test_top1": 0.7, "int8_mb": 1.5})
    found = compared(repository)
    rows = part(found.text, "Metrics files with new or lost metrics: 2")
    assert f"| `{CNN}` | gone | test_top1 0.9500, int8_mb 0.6500 |" in rows
    assert "| `metrics/kanji/vit.json` | new | test_top1 0.7000, int8_mb 1.5000 |" in rows
    assert [breach.reason for breach in found.breaches] == ["is gone (it was 0.65)"]


def test_gates(repository: Repository) -> None:
    repository.change(GATE, passed=32, failed=1)
    rows = part(compared(repository).text, "Gates: 32 passed, 1 warned, 1 failed; counts that moved: 2")
    assert "| `gates/glyphs` | failed | 0 | 1 | +1 | ▼ worse |" in rows


def test_sizes_of_the_card_and_what_was_timed(repository: Repository) -> None:
    repository.write(CARD, CARD_TEXT.format(ms="0.500"))
    repository.write(TIMINGS, {"export": {"latency_ms": {"int8": {"1": 0.5}}}})
    repository.commit()
    repository.write(CARD, CARD_TEXT.format(ms="0.500").replace("10.44", "9.44"))
    repository.write(TIMINGS, {"export": {"latency_ms": {"int8": {"1": 0.25}}}})
    found = compared(repository).text
    rows = part(found, "Sizes and times that moved: 2")
    assert "| `models/a/fp32.onnx` | MB | 10.4400 | 9.4400 | -1.0000 |" in rows
    assert "| `export` | int8 ms, batch 1 | 0.5000 | 0.2500 | -0.2500 |" in rows


def test_the_curves_of_a_training_are_not_listed(repository: Repository) -> None:
    repository.write("metrics/kanji/cnn/curves.json", {"val_top1": 0.7})
    assert "curves" not in compared(repository).text


def test_parameters(repository: Repository) -> None:
    repository.change("params.yaml", phase2={"lr": 3e-4, "widths": [1, 3]}, seed=None)
    rows = part(compared(repository).text, "Parameters that changed: 3")
    assert "| `phase2.lr` | `0.003` | `0.0003` |" in rows
    assert "| `phase2.widths` | `[1, 2]` | `[1, 3]` |" in rows
    assert "| `seed` | – | `null` |" in rows


def test_stages_that_ran_and_why(repository: Repository) -> None:
    repository.write("dvc.lock", lock(learning_rate=0.1, code="c1", model="m1"))
    rows = part(compared(repository).text, "Stages that ran: 2 of 3")
    assert "| `phase2` | code: `src/a.py`; parameters: `phase2.lr` | `models/p` |" in rows
    assert "| `kanji@cnn` | data: `models/p` | the same |" in rows
    assert "`glyphs`" not in rows


def ran_with(repository: Repository, listing: str, recorded: str | None = None) -> None:
    """Phase 2 with the files of a listing for its code."""
    md5 = hashlib.md5((recorded or listing).encode(), usedforsecurity=False).hexdigest()
    content = lock()
    content["stages"]["phase2"]["deps"] = [{"path": "code/phase2.txt", "hash": "md5", "md5": md5}]
    repository.write("code/phase2.txt", listing)
    repository.write("dvc.lock", content)


def test_code_is_named_by_its_files(repository: Repository) -> None:
    ran_with(repository, "01  glyphlens/a.py\n02  glyphlens/b.py\n")
    repository.commit()
    ran_with(repository, "01  glyphlens/a.py\n03  glyphlens/b.py\n04  glyphlens/c.py\n")
    comparison = compare(snapshot(repository.folder, "HEAD"), snapshot(repository.folder, None))
    rows = part(comparison.text, "Stages that ran: 1 of 3")
    assert "| `phase2` | code: `src/glyphlens/b.py`, `src/glyphlens/c.py` | the same |" in rows


def test_a_listing_that_no_run_had_names_no_files(repository: Repository) -> None:
    ran_with(repository, "01  glyphlens/a.py\n")
    repository.commit()
    ran_with(repository, "01  glyphlens/a.py\n", recorded="02  glyphlens/a.py\n")
    comparison = compare(snapshot(repository.folder, "HEAD"), snapshot(repository.folder, None))
    assert "code: `code/phase2.txt`" in part(comparison.text, "Stages that ran: 1 of 3")


def test_the_chart_has_both_sides(repository: Repository) -> None:
    repository.change(CNN, test_top1=0.97)
    chart = part(compared(repository).text, "Accuracy on the test samples")
    assert 'x-axis ["arabic/evaluate", "kanji/cnn"]' in chart
    assert "bar [0.85, 0.97]" in chart
    assert "line [0.85, 0.95]" in chart
    assert "y-axis 0.80 --> 1" in chart


def test_a_thousand_files_still_make_a_comment(repository: Repository) -> None:
    for count in range(1000):
        repository.write(f"metrics/kanji/recogniser_{count:04}.json", {"test_top1": count / 1000, "int8_mb": 1.0})
    repository.commit()
    for count in range(1000):
        repository.change(f"metrics/kanji/recogniser_{count:04}.json", test_top1=1 - count / 1000, int8_mb=9.0)
    found = compared(repository)
    assert len(found.breaches) == 1000
    assert len(found.text.encode()) < 65_536
    assert "… and 900 more" in found.text.split("<details")[0]
    assert "| `kanji/recogniser_0000` | test_top1 |" in found.text
