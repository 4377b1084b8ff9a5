"""How ETL records are commonly read and prepared: one record, one unpacking, one Pillow image after another."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.sources.etl.finding import EtlFile
from glyphlens.sources.etl.records import RecordType

Label = tuple[int, int]  # code, writer
Way = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


def read_plainly(file: EtlFile, label: Callable[[bytes], Label], way: Way, out_NHW: NDArray[np.uint8]) -> list[Label]:
    """Labels; what ``way`` makes of every picture goes to ``out_NHW``, whose length says how many records are read."""
    record = file.etl_set.record
    labels = []
    with file.path.open("rb") as stream:
        stream.seek(record.dummies * record.record_bytes)
        for number in range(len(out_NHW)):
            raw = stream.read(record.record_bytes)
            labels.append(label(raw))
            out_NHW[number] = way(one_image(raw, record))
    return labels


def one_image(raw: bytes, record: RecordType) -> NDArray[np.uint8]:
    """Pillow's decoders of packed 1-bit and 4-bit data; for 6 bits, which it has not, numpy's bits."""
    size = record.width_px, record.height_px
    packed = raw[record.image_byte : record.image_byte + record.image_bytes]
    if record.depth_bits == 1:
        return np.asarray(Image.frombytes("1", size, packed, "raw"), np.uint8)
    if record.depth_bits == 4:
        return np.asarray(Image.frombytes("P", size, packed, "raw", "P;4"))
    bits_P6 = np.unpackbits(np.frombuffer(packed, np.uint8)).reshape(-1, 6)
    return np.asarray(Image.frombytes("L", size, (np.packbits(bits_P6, axis=1) >> 2).tobytes()))


def one_prepared(scale: int, params: HandwritingParams) -> Way:
    """Stretch, clear components of the edge, crop to the ink, scale, centre and blur with scipy and Pillow."""

    def way(image_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
        grey_HW = image_HW.astype(np.float32) * scale
        paper, full = np.percentile(grey_HW, (25, 99))
        grey_HW = np.clip((grey_HW - paper) / max(full - paper, 1), 0, 1)
        labels_HW, count = ndimage.label(grey_HW > 0.25, np.ones((3, 3)))
        edge_y, edge_x = (round(params.edge_share * side) for side in image_HW.shape)
        inner = np.unique(labels_HW[edge_y:-edge_y, edge_x:-edge_x])
        gone = np.setdiff1d(np.arange(1, count + 1), inner)
        grey_HW = np.where(ndimage.binary_dilation(np.isin(labels_HW, gone)), 0, grey_HW)
        rows, columns = (np.flatnonzero((grey_HW > 0.25).any(axis=axis)) for axis in (1, 0))
        canvas = Image.new("L", (params.image_px, params.image_px))
        if len(rows):
            ink = Image.fromarray(
                (grey_HW[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] * 255).astype(np.uint8)
            )
            scaled = [max(1, round(side * params.box_px / max(ink.size))) for side in ink.size]
            ink = ink.resize((scaled[0], scaled[1]), Image.Resampling.BOX)
            canvas.paste(ink, ((params.image_px - ink.width) // 2, (params.image_px - ink.height) // 2))
        return np.asarray(ndimage.gaussian_filter(np.asarray(canvas), params.blur_sigma_px))

    return way
