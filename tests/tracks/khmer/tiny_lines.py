"""A few drawn lines, a small CTC network that learns them by heart, and its export: all real, in seconds."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from glyphlens.data.sample_set import ANY_WIDTH, Charset, ImageFormat, SampleSet, lay_end_to_end, save_sample_set
from glyphlens.data.tokens import TokenTable
from glyphlens.imaging.line_images import prepare_line
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.khmer_text import canonical, clusters
from glyphlens.inference.page import read_lines
from glyphlens.nets.weights import save_model
from glyphlens.tracks.khmer.export.line_files import LineExportParams, calibrate_lines, write_line_models
from glyphlens.tracks.khmer.recognizers.ctc import Config, Network
from tests.inference.khmer_pages import khmer_font, page, turned

WORDS = ("មនុស្ស", "ទាំងអស់", "កើតមក", "មានសេរីភាព", "និងសមភាព", "ក្នុងផ្នែក", "សិទ្ធិ ១២", "ប្អូន។", "AI គ្រូ")
SLICES = ("clean", "scan", "photo")
HEIGHT_PX, WIDTH_MULTIPLE_PX = 48, 32
STEPS, BATCH, LR = 300, 16, 0.005
EXPORT = {
    "calibration_lines": 8, "validation_lines": 8, "beam_lines": 4, "reduce_range": True, "max_int8_loss": 1.0,
    "latency_repeats": 1, "ngram": {"order": 3, "min_count": 1}, "beam": {"beam": 4, "alpha": 0.3, "beta": 0.5},
}  # fmt: skip


def tiny_lines(folder: Path, fonts: Path) -> SampleSet:
    """Every word in every split, which no real set may have, so that what was learnt can be read; in training also as
    they are cut out of pages."""
    faces = {name: khmer_font(next(fonts.glob(f"{name}-*400-*")), 34) for name in ("battambang", "siemreap")}
    rows, pictures = [], []

    def add(word: str, split: str, name: str, grey: NDArray[np.uint8], slice_name: str) -> None:
        pictures.append(prepare_line(grey, HEIGHT_PX))
        text = canonical(word)
        rows.append((text, f"text/{name}", split, "rendered", slice_name, "plain", name, len(clusters(text)), "word"))

    for number, split in enumerate(("train", "val", "test")):
        for place, word in enumerate(WORDS):
            name = list(faces)[(place + number) % 2]
            grey = page([word], faces[name], 60, margin_px=4)
            inked = np.flatnonzero((grey < 128).any(axis=1))
            add(word, split, name, grey[max(0, inked[0] - 2) : inked[-1] + 3], SLICES[place % len(SLICES)])
    for name, face in faces.items():
        for grey in (page(WORDS, face, 60), turned(page(WORDS, face, 60), 3)):
            for word, line in zip(WORDS, read_lines(grey), strict=True):
                add(word, "train", name, 255 - line.pixels_hw, "clean")
    columns = ["text", "group", "split", "source", "slice", "style", "font", "clusters", "kind"]
    index = pd.DataFrame(rows, columns=columns)
    index.insert(0, "sample_id", np.arange(len(index)))
    pixels, offsets_M = lay_end_to_end(pictures)
    charset = Charset("".join(sorted({*"".join(index["text"])})))
    save_sample_set(folder, pixels, index, charset, ImageFormat(HEIGHT_PX, ANY_WIDTH, 8), offsets_M)
    return SampleSet.open(folder)


def learnt_by_heart(samples: SampleSet) -> tuple[Network, TokenTable]:
    """The network after a few steps; of lines upside down it has learnt to say nothing."""
    torch.manual_seed(0)
    assert samples.charset is not None
    pieces = [piece for text in samples.texts for piece in clusters(text)]
    tokens = TokenTable.of_pieces(samples.charset.characters, pieces, 1)
    network = Network(Config(len(tokens), widths=(8, 16, 24, 32), depths=(0, 0, 0, 0), hidden=48, dropout=0.0))
    rows = np.arange(len(samples))
    widths_N = samples.widths_N[rows]
    width_px = -(-int(widths_N.max()) // WIDTH_MULTIPLE_PX) * WIDTH_MULTIPLE_PX
    images = torch.from_numpy(samples.images(rows, width_px)).unsqueeze(1).float() / 255
    targets = [torch.from_numpy(tokens.encode(text)) + 1 for text in samples.texts]
    lengths, steps = torch.tensor([len(own) for own in targets]), network.time_steps(torch.from_numpy(widths_N))
    optimiser = torch.optim.AdamW(network.parameters(), lr=LR)
    for _ in range(STEPS):
        some = torch.randperm(len(rows))[:BATCH]
        shown = torch.cat([images[some], images[some].flip(2, 3)])
        logs_TNC = network(shown).log_softmax(2).transpose(0, 1)
        wanted = torch.cat([targets[row] for row in some])
        loss = torch.nn.functional.ctc_loss(logs_TNC[:, :BATCH], wanted, steps[some], lengths[some], zero_infinity=True)
        loss = loss - logs_TNC[:, BATCH:, 0].mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval(), tokens


def tiny_export(folder: Path, trained: Path, samples: SampleSet) -> ExportFolder:
    """Both precisions of the network, calibrated, with a card; ``trained`` keeps its weights."""
    network, tokens = learnt_by_heart(samples)
    save_model(trained, network)
    tokens.save(trained)
    export = ExportFolder(folder)
    write_line_models(export, network, tokens, samples, LineExportParams(**EXPORT), seed=0)
    calibrate_lines(export, samples, samples.rows("val"))
    names = "\n".join(file.sha256 for file in export.manifest.files.values())
    export.save_card(f"# Tiny lines\n\n{names}\n")
    return export
