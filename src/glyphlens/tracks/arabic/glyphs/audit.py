"""What is left out of glyphs.db: one row each, with the reasons that other modules go by."""

from collections.abc import Iterable

import pandas as pd

AUDIT_COLUMNS = ("stage", "reason", "font", "label", "detail")
AuditRow = tuple[str, ...]

FONT_SKIPPED = "font skipped"
LABEL_REPEATED = "label given before"
LOOKALIKE_REPEATED = "look-alike of a label that the font has"
FONT_WITHOUT_GLYPHS = "font without glyphs"
OWN_LABEL = "a person says otherwise"


def audit_table(rows: Iterable[AuditRow]) -> pd.DataFrame:
    """The rows as text columns AUDIT_COLUMNS, sorted."""
    table = pd.DataFrame(list(rows), columns=list(AUDIT_COLUMNS), dtype=str)
    return table.sort_values(list(AUDIT_COLUMNS), ignore_index=True)
