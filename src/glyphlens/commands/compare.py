"""``glyphlens compare``: what a change moved, as a page for its pull request."""

from pathlib import Path

from glyphlens.review.comparison import compare
from glyphlens.review.revisions import repository_root
from glyphlens.review.snapshot import snapshot


def run_compare(before: str, after: str | None, output: Path | None) -> int:
    """Print or write the comparison of two revisions; 1 where a guarded metric is beyond its limit, else 0.

    Raises InputError where a revision is unknown, has no metrics, or a file of it cannot be read.
    """
    if output is not None:
        from glyphlens.commands.output import check_writable

        check_writable(output)
    root = repository_root()
    comparison = compare(snapshot(root, before), snapshot(root, after))
    if output is None:
        print(comparison.text, end="")
    else:
        from glyphlens.core.storage import save_text

        save_text(output, comparison.text)
    return int(bool(comparison.breaches))
