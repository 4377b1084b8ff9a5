"""The head of a model card as hubs read it, held against the keys that they document for model cards."""

from pathlib import Path
from typing import Any, Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from glyphlens.core.storage import sha256_file

RULE = "---\n"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class HubTask(Strict):
    type: str
    name: str = ""


class HubDataset(Strict):
    type: str = Field(min_length=1)
    name: str = Field(min_length=1)
    split: str = ""


class HubMetric(Strict):
    type: Literal["accuracy", "cer", "exact_match", "f1"]
    value: float = Field(ge=0)
    name: str = ""


class HubResult(Strict):
    task: HubTask
    dataset: HubDataset
    metrics: list[HubMetric] = Field(min_length=1)


class HubEntry(Strict):
    name: str = Field(min_length=1)
    results: list[HubResult] = Field(min_length=1)


class HubHead(Strict):
    language: list[str] = []
    license: Literal["mit", "other"]
    license_name: str = Field("", pattern=r"^[a-z0-9.-]*$")
    license_link: str = Field("", pattern=r"^(https://\S+)?$")
    library_name: str
    pipeline_tag: Literal["image-classification", "image-to-text", "zero-shot-image-classification"]
    tags: list[str] = Field(min_length=1)
    datasets: list[str] = []
    metrics: list[str] = Field(min_length=1)
    model_index: list[HubEntry] = Field(alias="model-index", min_length=1, max_length=1)

    @model_validator(mode="after")
    def _fits(self) -> "HubHead":
        assert bool(self.license_name and self.license_link) == (self.license == "other")
        kinds = {metric.type for result in self.model_index[0].results for metric in result.metrics}
        assert set(self.metrics) == kinds
        assert all(len(code) in (2, 3) and code.islower() for code in self.language)  # ISO 639
        assert self.model_index[0].results[0].task.type == self.pipeline_tag
        return self

    def value(self, name: str) -> float:
        """The number of that name."""
        (metric,) = (metric for metric in self.model_index[0].results[0].metrics if metric.name == name)
        return metric.value


def hub_head(card: str) -> HubHead:
    """Read as hubs do: with PyYAML, what stands between the first two rules."""
    assert card.startswith(RULE)
    content: dict[str, Any] = yaml.safe_load(card.split(RULE)[1])
    return HubHead.model_validate(content)


def card_table(card: str, heading: str) -> pd.DataFrame:
    """The first table behind a heading; its cells as text."""
    lines = card.split(f"# {heading}\n", 1)[1].strip().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return pd.DataFrame(rows[2:], columns=rows[0])


def check_release_card(release: Path) -> HubHead:
    """Head, sections and hashes of the card in a released folder; returns the head."""
    card = (release / "README.md").read_text(encoding="utf-8")
    files = card_table(card, "Files")
    found = {path.relative_to(release).as_posix(): path for path in release.rglob("*") if path.is_file()}
    del found["README.md"]
    assert [name.strip("`") for name in files["released file"]] == sorted(found)
    for name, digest, size in zip(files["released file"], files["SHA-256"], files["bytes"], strict=True):
        path = found[name.strip("`")]
        assert digest.strip("`") == sha256_file(path) and int(size.replace(",", "")) == path.stat().st_size
    assert card.count("\n## Out-of-scope uses\n\n- ") == card.count("\n## Parts of the test\n\nMeasured with") == 1
    assert "\n# " in card and "nan" not in card.split("## Parts of the test")[1]
    return hub_head(card)
