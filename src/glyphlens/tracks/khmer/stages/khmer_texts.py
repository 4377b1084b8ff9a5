"""khmer_texts: the texts that lines are drawn of - words, running text, numbers, Latin - split by text."""

from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import save_metrics
from glyphlens.sources.fonts.packages import installed_packages
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.khmer.texts.text_set import TextParams, compose_texts, save_texts, text_metrics
from glyphlens.tracks.khmer.texts.vocabulary import open_vocabularies


def main(argv: list[str] | None = None) -> None:
    """``--packages DIR --own DIR --out DIR --metrics FILE``."""
    paths = stage_paths(argv, "packages", "own", "out", "metrics", sources=("packages", "own"))
    params, seed = load_params(TextParams, "khmer_texts"), load_seed()
    with installed_packages(paths.packages) as modules:
        vocabularies = open_vocabularies(modules, paths.own, params.shares)
    texts = compose_texts(vocabularies, params, seed)
    save_texts(paths.out, texts, vocabularies)
    save_metrics(paths.metrics, text_metrics(texts))


if __name__ == "__main__":
    run_stage(main)
