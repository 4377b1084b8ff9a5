"""An exported model as MLflow saves and loads it: arrays by input name in, calibrated probabilities out.

N samples · C classes. Loading needs glyphlens itself, so the saved model lists no packages of its own.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glyphlens.inference.recognizer import Recognizer

FILES = Path("data/release")  # inside of a saved model; MLflow keeps the name of the folder that it was given


class ExportedModel:
    """What ``mlflow.pyfunc.load_model`` wraps."""

    def __init__(self, recognizer: Recognizer) -> None:
        self.recognizer = recognizer

    def predict(self, model_input: Mapping[str, NDArray[Any]], params: object = None) -> NDArray[np.float32]:
        """(N, C) probabilities, classes in the order of labels.json; inputs and errors as of ``Recognizer.logits``."""
        return self.recognizer.probabilities(model_input)


def _load_pyfunc(data_path: str) -> ExportedModel:
    """Called by MLflow with the folder of the exported files; one thread, as a server answers one request each."""
    return ExportedModel(Recognizer.load(Path(data_path), threads=1))


def save_pyfunc(path: Path, exported: Path) -> None:
    """Save the folder ``exported``, called release (an .onnx file, labels.json, the card), as an MLflow model.

    Raises InputError where it is not an exported model.
    """
    import mlflow.pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    recognizer = Recognizer.load(exported, threads=1)
    inputs = Schema([TensorSpec(spec.dtype, (-1, *spec.shape), name) for name, spec in recognizer.inputs.items()])
    outputs = Schema([TensorSpec(np.dtype(np.float32), (-1, len(recognizer.classes)))])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*input example.*", UserWarning)  # the signature is complete without one
        mlflow.pyfunc.save_model(
            path,
            loader_module=__name__,
            data_path=str(exported),
            signature=ModelSignature(inputs, outputs),
            pip_requirements=[],
        )
