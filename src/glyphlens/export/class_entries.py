"""The classes of a label map: what each number of a model's scores means."""

from collections.abc import Sequence
from typing import Any

from glyphlens.data.sample_set import CharacterClass


def class_entries(classes: Sequence[CharacterClass]) -> list[dict[str, Any]]:
    """One plain mapping a class, in their order; how many samples there were is no part of it."""
    return [
        {
            "label": entry.label,
            "code_points": list(entry.code_points),
            "form": entry.form,
            "members": list(entry.members),
            "lookalikes": list(entry.lookalikes),
        }
        for entry in classes
    ]
