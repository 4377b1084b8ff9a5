"""``glyphlens edge``: released recognisers as files of other runtimes, each behind a parity gate."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from glyphlens.core.errors import InputError, OutputError
from glyphlens.core.params import load_params, load_seed
from glyphlens.edge.conversion import Job, convert, precisions_of, reference_of
from glyphlens.edge.environment import TARGETS, environment_python
from glyphlens.edge.model import EdgeModel, edge_maker
from glyphlens.edge.parity import EdgeParams
from glyphlens.edge.table import EdgeEntry, edge_card, edge_table, load_entries, save_entries, save_page
from glyphlens.tracks import tracks

TABLE, CARD = "table.json", "README.md"


def run_edge(releases: Sequence[str], targets: Sequence[str], out: Path, page: Path | None) -> int:
    """Convert the released models of the named tracks (of all where none is named); 1 where a file was refused.

    The table is ``table.json`` in ``out``, and beside ``page`` too where its table is to be written anew. Raises
    InputError where a track has no such model, or nothing to convert or to compare with is there.
    """
    params, seed, root = load_params(EdgeParams, "edge"), load_seed(), Path()
    if page is not None:
        save_page(page, load_entries(page.with_suffix(".json")))  # before anything is converted: it has its markers
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: no folder can be made there ({error.strerror})") from error
    entries: list[EdgeEntry] = []
    for name in releases or edge_tracks():
        maker = edge_maker(name)
        if maker is None:
            raise InputError(f"{name}: no model for other runtimes; {', '.join(edge_tracks())} have one")
        model = maker(root, params.samples, seed)
        for entry in _converted(model, targets or list(TARGETS), out, params):
            print(edge_table([entry]).splitlines()[2], flush=True)
            entries.append(entry)
            known = save_entries(out / TABLE, [entry])
            _save_card(
                out, [each for each in known if each.recognizer == entry.recognizer and each.target == entry.target]
            )
    if page is not None:
        save_page(page, save_entries(page.with_suffix(".json"), entries))
    return int(any(entry.status in ("refused", "failed") for entry in entries))


def edge_tracks() -> list[str]:
    """The tracks whose models can be converted."""
    return [name for name in tracks() if edge_maker(name) is not None]


def _converted(model: EdgeModel, targets: Sequence[str], out: Path, params: EdgeParams) -> Iterator[EdgeEntry]:
    reference = reference_of(model)
    for target in targets:
        precisions = precisions_of(model, target)
        if not precisions:
            raise InputError(
                f"{model.name}: its trained network is not there, which {TARGETS[target].title} is made from; "
                "`dvc pull` fetches it, `dvc repro` trains it"
            )
        python = environment_python(Path(), target)
        for precision in precisions:
            job = Job(model, precision, target, out / model.name / target / precision)
            yield convert(job, reference, python, params)


def _save_card(out: Path, entries: Sequence[EdgeEntry]) -> None:
    """Beside the files of one recogniser and target; where none is left, the card goes too."""
    folder = out / entries[0].recognizer / entries[0].target
    files = sorted(path for path in folder.glob("*") if path.name != CARD and path.name[0] != ".")
    if files:
        (folder / CARD).write_text(edge_card(entries, files), encoding="utf-8")
    else:
        (folder / CARD).unlink(missing_ok=True)
