"""zero_shot_samples: pictures of kanji seen and unseen; templates and descriptions of all of JIS levels 1 and 2."""

from dataclasses import replace

from glyphlens.core.machine import MachineParams
from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import save_json, save_metrics
from glyphlens.data.sample_set import SampleSet
from glyphlens.data.splits import GroupSplit, split_by_source
from glyphlens.gates.token import require_token
from glyphlens.sources.kanji_params import KanjiParams
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.sources.standin.params import HandParams, PaperParams, StyleParams
from glyphlens.sources.standin.script import script_of
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.zero_shot.descriptions.arrays import ComponentVocabulary
from glyphlens.tracks.zero_shot.descriptions.table import DescriptionTable
from glyphlens.tracks.zero_shot.samples.pictures import (
    Scene,
    draw_examples,
    draw_pictures,
    font_files,
    writer_group,
)
from glyphlens.tracks.zero_shot.samples.roles import (
    PROTOCOL,
    ZeroShotParams,
    characters_of_splits,
    evenly_spread,
    jis_kanji,
    roles_of,
)
from glyphlens.tracks.zero_shot.samples.templates import draw_templates
from glyphlens.tracks.zero_shot.samples.zero_shot_set import (
    EXAMPLES,
    HandwrittenRows,
    join,
    save_zero_shot_set,
    set_metrics,
)

COMPARED = 32  # seen characters by which fonts with the same shapes are known


def main(argv: list[str] | None = None) -> None:
    """``--characters DIR --characters-token FILE --fonts DIR --strokes DIR --out DIR --metrics FILE``."""
    paths = stage_paths(argv, "characters", "characters_token", "fonts", "strokes", "out", "metrics")
    require_token(paths.characters_token, paths.characters)
    params, handwriting = load_params(ZeroShotParams, "zero_shot"), load_params(KanjiParams, "kanji")
    style = StyleParams(hand=load_params(HandParams, "standin.hand"), paper=load_params(PaperParams, "standin.paper"))
    workers = load_params(MachineParams, "machine").workers
    kanjivg = KanjiVG.open(paths.strokes)
    level_1, level_2 = jis_kanji(1), jis_kanji(2)
    descriptions = DescriptionTable.of([*level_1, *level_2], kanjivg)
    roles = roles_of(level_1, level_2, {each: descriptions[each].names for each in level_1}, params.roles)
    characters = characters_of_splits(roles, params)

    fonts = font_files(paths.fonts, evenly_spread(roles.seen, COMPARED))
    written = HandwrittenRows.of(SampleSet.open(paths.characters), level_1)
    groups = [*map(writer_group, range(params.writers)), *(font.group for font in fonts), *written.table["group"]]
    split = split_by_source(sorted(set(groups)), handwriting.val_share, handwriting.test_share)
    written = written.within(split, characters)
    scene = Scene(fonts, split, characters, style, handwriting, load_seed(), workers)
    script = script_of([*level_1, *level_2], kanjivg)
    drawn = draw_pictures(scene, script, params.writers, params.font_copies)
    writers = range(params.writers, params.writers + params.example_writers)
    shown = GroupSplit((), (), tuple(map(writer_group, writers)))
    examples = draw_examples(
        replace(scene, split=shown, characters={"test": (*roles.val, *roles.unseen)}), script, writers
    )

    found = join([*level_1, *level_2], drawn, written, split)
    save_zero_shot_set(paths.out, found, drawn, written, handwriting.image_px)
    apart = join([*level_1, *level_2], examples, written.none(), shown)
    save_zero_shot_set(paths.out / EXAMPLES, apart, examples, written.none(), handwriting.image_px)
    roles.save(paths.out)
    save_json(paths.out / PROTOCOL, params.roles.model_dump())
    descriptions.save(paths.out)
    ComponentVocabulary.of(descriptions, roles.seen).save(paths.out)
    trained = [font.path for font in fonts if font.group in split.train]
    draw_templates(script, trained, handwriting, workers).save(paths.out)
    save_metrics(paths.metrics, set_metrics(found, roles, descriptions))


if __name__ == "__main__":
    run_stage(main)
