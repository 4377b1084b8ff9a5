"""The card of a released model: before the export's card the head that model hubs read, behind it what only the
evaluation knows: uses that the model is not for, how it fares in parts of the test, and its files with their hashes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from glyphlens.core.storage import save_text, sha256_file
from glyphlens.evaluation.pages import ABSENT
from glyphlens.inference.folder import CARD, ExportFolder

LIBRARY = "glyphlens"
RULE = "---\n"  # before and behind the head
DIGITS = 4  # of the shares in the head, as in metrics/
MIT = {"license": "mit"}
FONTS, STROKES, HANDWRITING = "fontsource", "kanjivg", "etl-character-database"
MADE_OF = {"rendered": (FONTS, STROKES), "etl": (HANDWRITING, STROKES)}  # data sets by the source of Japanese samples
COLUMN_NAMES = {
    "top1": "top-1",
    "top5": "top-5",
    "shape_top1": "right shape",
    "half_top1": "after half of the lines",
    "cer": "characters wrong",
    "exact_lines": "lines without a fault",
}


class HeadMetric(NamedTuple):
    """A number of the head: what hubs call such a number (``accuracy``, ``f1``, ``cer``), what it is of, the share."""

    kind: str
    name: str
    value: float


@dataclass(frozen=True)
class HubProfile:
    """What a hub is told of a track's model, whatever was measured.

    ``task``: the hub's name of what it does. ``licence``: the head's keys ``license`` and, where that is "other",
    ``license_name`` and ``license_link``. ``not_for``: sentences.
    """

    name: str
    task: str
    tags: tuple[str, ...]
    not_for: tuple[str, ...]
    licence: Mapping[str, str] = field(default_factory=lambda: MIT)


@dataclass(frozen=True)
class ReleaseFacts:
    """What was measured on the released file. ``tested_on``: the test in words, for "Measured on …".

    ``parts``: by heading, a table whose first column names the part; counts are integers, shares are floats.
    """

    profile: HubProfile
    languages: tuple[str, ...]
    datasets: tuple[str, ...]
    tested_on: str
    metrics: tuple[HeadMetric, ...]
    parts: Mapping[str, pd.DataFrame]


def complete_card(release: Path, facts: ReleaseFacts) -> None:
    """Write head and further sections around the card in a folder whose other files are all there."""
    card = ExportFolder(release).card
    body = card.read_text(encoding="utf-8").rstrip("\n")
    sections = (_not_for(facts), _parts(facts), _files(release))
    save_text(card, "\n\n".join((hub_head(facts) + body, *sections)) + "\n")


def hub_head(facts: ReleaseFacts) -> str:
    """The YAML between two rules, with the keys that hubs document; those without a value are left out."""
    import yaml

    profile = facts.profile
    result = {
        "task": {"type": profile.task},
        "dataset": {"type": profile.name, "name": facts.tested_on, "split": "test"},
        "metrics": [
            {"type": metric.kind, "name": metric.name, "value": round(metric.value, DIGITS)}
            for metric in facts.metrics
            if metric.value == metric.value
        ],
    }
    head: dict[str, Any] = {
        "language": list(facts.languages),
        **profile.licence,
        "library_name": LIBRARY,
        "pipeline_tag": profile.task,
        "tags": list(profile.tags),
        "datasets": list(facts.datasets),
        "metrics": sorted({metric.kind for metric in facts.metrics}),
        "model-index": [{"name": profile.name, "results": [result]}],
    }
    filled = {key: value for key, value in head.items() if value}
    text: str = yaml.safe_dump(filled, sort_keys=False, allow_unicode=True, width=120)
    return RULE + text + RULE


def without_head(card: str) -> str:
    """The card as people read it.

    >>> without_head("---\\nlicense: mit\\n---\\n# A card\\n"), without_head("# A card\\n")
    ('# A card\\n', '# A card\\n')
    """
    return card.split(RULE, 2)[2] if card.startswith(RULE) and card.count(RULE) > 1 else card


def drawn_from(sources: Iterable[str]) -> tuple[str, ...]:
    """Names of the data sets that samples of these sources are made of, each once; a user's own have none."""
    return tuple(dict.fromkeys(name for source in sources for name in MADE_OF.get(source, ())))


def _not_for(facts: ReleaseFacts) -> str:
    return "## Out-of-scope uses\n\n" + "\n".join(f"- {sentence}" for sentence in facts.profile.not_for)


def _parts(facts: ReleaseFacts) -> str:
    lead = f"Measured with the released file on {facts.tested_on}; parts with few samples say little."
    tables = (f"### {heading}\n\n{_table(table)}" for heading, table in facts.parts.items() if len(table))
    return "\n\n".join(("## Parts of the test", lead, *tables))


def _files(release: Path) -> str:
    files = sorted(path for path in release.rglob("*") if path.is_file() and path != release / CARD)
    rows = [
        {"released file": f"`{path.relative_to(release).as_posix()}`", "bytes": path.stat().st_size,
         "SHA-256": f"`{sha256_file(path)}`"}
        for path in files
    ]  # fmt: skip
    return f"## Files\n\n{_table(pd.DataFrame(rows))}"


def _table(table: pd.DataFrame) -> str:
    rows = [[COLUMN_NAMES.get(str(name), str(name)) for name in table], ["---"] * table.shape[1]]
    rows += [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(value: Any) -> str:
    """A count with its thousands apart, a share as a percentage, anything else as text.

    >>> _cell(12940), _cell(0.5328), _cell(float("nan")), _cell("amiri")
    ('12,940', '53.28 %', 'n/a', 'amiri')
    """
    if isinstance(value, float):
        return f"{100 * value:.2f} %" if value == value else ABSENT
    return f"{value:,}" if isinstance(value, int) else str(value)
