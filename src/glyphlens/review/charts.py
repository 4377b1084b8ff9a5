"""A chart that GitHub draws from text (Mermaid's xychart): accuracies now as bars, before as a line."""

import json
import math
from collections.abc import Sequence

from glyphlens.review.metrics import MetricChange

CHARTED = "test_top1"
AXIS_STEPS = 20  # of the axis from 0 to 1
# Pale bars and a dark line show on GitHub's light and dark pages.
COLOURS = "config: {themeVariables: {xyChart: {plotColorPalette: '#9ecae9, #4a7ebb'}}}"


def accuracy_chart(changes: Sequence[MetricChange]) -> str | None:
    """CHARTED of every metrics file that has a number on both sides; None where nothing moved."""
    charted = [change for change in changes if change.name == CHARTED and change.change is not None]
    if not any(change.is_changed for change in charted):
        return None
    names = [change.source for change in charted]
    before = [change.before for change in charted if change.before is not None]
    after = [change.after for change in charted if change.after is not None]
    lowest = max(0, math.floor(min(before + after) * AXIS_STEPS) - 1) / AXIS_STEPS
    lines = (
        *("---", COLOURS, "---"),
        "xychart-beta horizontal",
        f'title "{CHARTED}: bars are now, the line is before"',
        f"x-axis {json.dumps(names)}",
        f"y-axis {lowest:.2f} --> 1",
        f"bar {after}",
        f"line {before}",
    )
    return "\n".join(("```mermaid", *lines, "```"))
