"""What became of every conversion: one entry each, kept as JSON and shown as a Markdown table."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json, save_text, sha256_file
from glyphlens.edge.environment import TARGETS
from glyphlens.inference.folder import Precision

Status = Literal["passed", "unrun", "refused", "failed"]
BEGIN, END = "<!-- edge: begin, written by `glyphlens edge` -->", "<!-- edge: end -->"
WORDS = {
    "passed": "passed",
    "unrun": "its source passed, itself not run",
    "refused": "refused: no file",
    "failed": "not converted: no file",
}
UNRUN = (
    "**Not run.** Such files run on other systems only. What was compared is the traced program of torch that the file "
    "was converted from; of the file itself the names of its inputs and outputs were checked."
)
HEADING = (
    *("recogniser", "target", "weights", "parity gate", "samples", "agrees with ONNX", "right", "ONNX right"),
    *("MB", "ONNX MB", "ms", "ONNX ms"),
)


class EdgeEntry(BaseModel):
    """One conversion: shares are of real test samples, MB of 10^6 bytes, ms of processor time per sample (or line of
    a scan); what was not measured is None. ``released…``: of the released ONNX file, in the same run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recognizer: str
    target: str
    precision: Precision
    status: Status
    reason: str
    runtime: str
    samples: int
    agreement: float | None
    right: float | None
    released_right: float | None
    mb: float | None
    released_mb: float
    ms: float | None
    released_ms: float

    @property
    def key(self) -> tuple[str, str, str]:
        """What there is one entry of."""
        return self.recognizer, self.target, self.precision


def load_entries(file: Path) -> list[EdgeEntry]:
    """The entries of a table; none where there is no such file. Raises InputError where it is no table."""
    if not file.is_file():
        return []
    try:
        return [EdgeEntry.model_validate(entry) for entry in load_json(file)]
    except (ValidationError, TypeError) as error:
        raise InputError(f"{file}: not a table of edge files; delete it and run `glyphlens edge` again") from error


def save_entries(file: Path, entries: Iterable[EdgeEntry]) -> list[EdgeEntry]:
    """Write the table with these in the place of older entries of the same conversion; all that it has then."""
    merged = {entry.key: entry for entry in (*load_entries(file), *entries)}
    ordered = [merged[key] for key in sorted(merged)]
    save_json(file, [entry.model_dump() for entry in ordered])
    return ordered


def edge_table(entries: Sequence[EdgeEntry]) -> str:
    """The Markdown table, and below it what was said of conversions that did not pass."""
    lines = [f"| {' | '.join(HEADING)} |", f"|{'---|' * len(HEADING)}"]
    lines += [f"| {' | '.join(_cells(entry))} |" for entry in entries]
    said = [
        f"- `{entry.recognizer}`, {_title(entry)}, {entry.precision}: {_plain(entry.reason)}"
        for entry in entries
        if entry.reason
    ]
    return "\n".join([*lines, *([""] if said else []), *said])


def edge_card(entries: Sequence[EdgeEntry], files: Sequence[Path]) -> str:
    """The card beside the files of one recogniser and target."""
    first = entries[0]
    lines = [
        f"# {first.recognizer} for {_title(first)}",
        "",
        f"Made from the released recogniser `models/{first.recognizer}/release`; its `labels.json` says what the "
        "outputs mean and how inputs are prepared. Where the released file reads bytes, this one may read floats of 0 "
        "to 255.",
        "",
        *(f"- `{file.name}`" + (f", SHA-256 `{sha256_file(file)}`" if file.is_file() else "") for file in files),
        "",
        f"Compared with the released ONNX file on {first.samples:,} samples of the test split, on one core:",
        *([] if all(entry.status != "unrun" for entry in entries) else ["", UNRUN]),
        "",
        edge_table(entries),
    ]
    return "\n".join(lines) + "\n"


def save_page(file: Path, entries: Sequence[EdgeEntry]) -> None:
    """Write the table into its place in a page; raises InputError where the page has not one."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read ({error})") from error
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise InputError(f"{file}: the markers {BEGIN!r} and {END!r} must stand there once each, in this order")
    head, tail = text.partition(BEGIN)[0], text.partition(END)[2]
    save_text(file, f"{head}{BEGIN}\n{edge_table(entries)}\n{END}{tail}")


def _cells(entry: EdgeEntry) -> list[str]:
    shares = (entry.agreement, entry.right, entry.released_right)
    return [
        f"`{entry.recognizer}`",
        _title(entry),
        entry.precision,
        WORDS[entry.status],
        f"{entry.samples:,}",
        *("–" if share is None else f"{share:.1%}" for share in shares),
        *("–" if number is None else f"{number:.3g}" for number in (entry.mb, entry.released_mb, entry.ms)),
        f"{entry.released_ms:.3g}",
    ]


def _title(entry: EdgeEntry) -> str:
    return TARGETS[entry.target].title if entry.target in TARGETS else entry.target


def _plain(text: str) -> str:
    """A foreign message that neither ends the list nor is taken for markup."""
    return " ".join(text.split()).replace("<", "&lt;").replace("|", "\\|")
