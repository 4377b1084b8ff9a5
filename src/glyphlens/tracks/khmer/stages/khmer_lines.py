"""khmer_lines: pictures of lines, every text in a font of its own side of the split, as print and paper leave it."""

from glyphlens.core.machine import MachineParams
from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import save_metrics
from glyphlens.gates.token import require_token
from glyphlens.sources.fonts.packages import installed_packages
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.khmer.drawing.faces import faces_of_splits
from glyphlens.tracks.khmer.drawing.line_set import LineParams, draw_line_set, line_counts, save_lines
from glyphlens.tracks.khmer.texts.text_set import load_texts


def main(argv: list[str] | None = None) -> None:
    """``--texts DIR --token FILE --fonts DIR --packages DIR --out DIR --metrics FILE``."""
    paths = stage_paths(argv, "texts", "token", "fonts", "packages", "out", "metrics", sources=("packages",))
    require_token(paths.token, paths.texts)
    params, seed = load_params(LineParams, "khmer_lines"), load_seed()
    workers = load_params(MachineParams, "machine").workers
    texts, characters = load_texts(paths.texts)
    with installed_packages(paths.packages) as modules:
        faces, split = faces_of_splits(paths.fonts, modules, params.faces)
        lines = draw_line_set(texts, faces, params, seed, workers)
    index = save_lines(paths.out, lines, split, characters, params)
    save_metrics(paths.metrics, line_counts(index, lines.audit, lines.pictures))


if __name__ == "__main__":
    run_stage(main)
