"""A file that decides otherwise than the released one, or breaks, is not left behind; what passes is measured."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from glyphlens.edge.conversion import Job, convert, precisions_of, reference_of
from glyphlens.edge.table import EdgeEntry, edge_card, edge_table
from tests.edge import forged


def converted(folder: Path, script: str, target: str = "openvino") -> tuple[EdgeEntry, Path]:
    model, out = forged.model(folder), folder / "out/forged/openvino/int8"
    job = Job(model, "int8", target, out)
    for file in job.files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"of an earlier run")
    return convert(job, reference_of(model), forged.python(folder, script), forged.PARAMS), out.parent


def test_a_file_that_decides_alike_stays(tmp_path: Path) -> None:
    entry, out = converted(tmp_path, forged.answering(0))
    assert (entry.status, entry.agreement, entry.right, entry.ms) == ("passed", 1, 1, 1.5)
    assert [file.name for file in sorted(out.iterdir())] == ["int8.bin", "int8.xml"]
    assert (out / "int8.xml").read_bytes() == b"made"


def test_a_file_below_the_limit_is_refused_and_the_earlier_one_gone(tmp_path: Path) -> None:
    entry, out = converted(tmp_path, forged.answering(1))
    assert (entry.status, entry.agreement, entry.released_right) == ("refused", 0.875, 1)
    assert "agrees with the released file on 87.50%, at least 90.00%" in entry.reason
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(("flipped", "status"), [(0, "unrun"), (1, "refused")])
def test_what_cannot_be_run_here_is_judged_by_what_it_was_made_from(tmp_path: Path, flipped: int, status: str) -> None:
    model, out = replace(forged.model(tmp_path), network=nn.Identity()), tmp_path / "out/coreml/fp32"
    script = (
        f"out.mkdir(); (out / 'Manifest.json').write_text(json.dumps(task['shapes']))\n"
        f"(out / 'traced.pt').write_bytes(pathlib.Path(task['source']).read_bytes())\n"
        f"{forged.answering(flipped)}"
    )
    job = Job(model, "fp32", "coreml", out)
    entry = convert(job, reference_of(model), forged.python(tmp_path, script), forged.PARAMS)
    assert (entry.status, entry.ms, entry.released_right) == (status, None, 1), entry.reason
    assert [file.name for file in out.parent.iterdir()] == ["fp32.mlpackage"] * (status == "unrun")
    if status == "unrun":
        assert (job.files[0] / "Manifest.json").read_text(encoding="utf-8") == "[[1, 2]]"
        traced = torch.jit.load(job.files[0] / "traced.pt")  # type: ignore[no-untyped-call]
        assert traced(torch.ones(1, 2)).tolist() == [[1.0, 1.0]]
        assert "**Not run.**" in edge_card([entry], job.files) and "itself not run" in edge_table([entry])


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("raise ValueError('no such operator')", "ValueError: no such operator"),
        ("import os; os.abort()", "crashed (signal 6)"),
        (forged.answering(0).replace("range(len(rows.files))", "range(3)"), "3 answers to 8 samples"),
        (forged.answering(0).replace("/logits'", "/other'"), "no output logits, found other"),
        (forged.answering(0).replace("else rows[f'{n}/x']", "else np.nan * rows[f'{n}/x']"), "not finite"),
        (forged.answering(0).replace(": each for n", ": each[:, :1] for n"), "logits (1, 1)"),
        ("(folder / 'report.json').write_text('{')", "Expecting property name"),
        ("(folder / 'report.json').write_text('{\"ms\": 1}'); (folder / 'answers.npz').write_bytes(b'PK')", ""),
        (forged.answering(0).replace("('.xml', '.bin')", "('.xml',)"), "nothing was written as int8.bin"),
        (f"{forged.answering(0)}\ncut = (folder / 'answers.npz').read_bytes()[:-9]\n"
         "(folder / 'answers.npz').write_bytes(cut)", "zip"),
        ("", "No such file"),
    ],
)  # fmt: skip
def test_what_breaks_leaves_a_reason_and_no_file(tmp_path: Path, script: str, reason: str) -> None:
    entry, out = converted(tmp_path, script)
    assert entry.status == "failed" and entry.agreement is None
    assert reason in entry.reason and entry.reason
    assert list(out.iterdir()) == []


def test_a_worker_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forged, "PARAMS", forged.PARAMS.model_copy(update={"most_seconds": 1}))
    entry, _ = converted(tmp_path, "import time; time.sleep(60)")
    assert (entry.status, entry.reason) == ("failed", "took more than 1 s")


def test_without_the_network_nothing_is_made_from_it(tmp_path: Path) -> None:
    model = forged.model(tmp_path)
    assert precisions_of(model, "openvino") == ["int8"]
    assert precisions_of(model, "litert") == []
