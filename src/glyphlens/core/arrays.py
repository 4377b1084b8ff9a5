"""The arrays of .npy and .npz files that anyone may have written: nothing in them is run, broken ones are told."""

import sys
from lzma import LZMAError
from pathlib import Path
from struct import error as StructError
from tokenize import TokenError
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.storage import BROKEN_ZIP

MOST_BYTES = 1 << 32  # of all arrays of a file, unpacked
# Besides BROKEN_ZIP and ValueError: what numpy makes of headers, and zipfile of entries packed in an unknown way.
BROKEN_ARRAYS = (
    *BROKEN_ZIP, ValueError, SyntaxError, TokenError, LookupError, TypeError, ArithmeticError, MemoryError,
    LZMAError, StructError,
)  # fmt: skip


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an .npz file by name; raises ValueError where it is broken or no such file holds so much, and
    OSError where it cannot be opened."""
    with path.open("rb") as handle:
        try:
            _require_bounded(ZipFile(handle))
            handle.seek(0)
            with np.load(handle, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        except BROKEN_ARRAYS as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
    strange = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if strange:
        raise ValueError(f"{strange[0]} is no array")
    for name, array in arrays.items():
        if array.dtype.kind == "U" and not _is_text(array):
            raise ValueError(f"{name} holds characters beyond U+10FFFF")
    return arrays


def _is_text(array: NDArray[Any]) -> bool:
    """Whether all are code points; Python's own texts break down where some are not."""
    code_points = np.frombuffer(array.tobytes(), np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
    return int(code_points.max(initial=0)) <= sys.maxunicode


def _require_bounded(archive: ZipFile) -> None:
    size = sum(entry.file_size for entry in archive.infolist())
    if size > MOST_BYTES:
        raise ValueError(f"its arrays take {size:,} bytes, at most {MOST_BYTES:,} are read")
