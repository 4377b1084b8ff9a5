"""What is installed only where it is asked for: the packages of pyproject.toml's extras, by the modules they bring."""

from collections.abc import Iterator
from contextlib import contextmanager

from glyphlens.core.errors import GlyphlensError

# Module → the extra that brings it. Others may bring it too; this is the smallest.
EXTRAS = {
    "onnxruntime": "cpu",
    "cv2": "pictures",
    "khmerspell": "pictures",
    "scipy": "pictures",
    "pikepdf": "pdf",
    "pyarrow": "parquet",
    "matplotlib": "charts",
    "sklearn": "fit",
    "distributed": "cluster",
    "fastapi": "serve",
    "fastapi_offline": "serve",
    "h11": "serve",
    "prometheus_client": "serve",
    "starlette": "serve",
    "uvicorn": "serve",
    "jinja2": "train",
    "lightning": "train",
    "markupsafe": "train",
    "onnx": "train",
    "onnxscript": "train",
    "safetensors": "train",
    "torch": "train",
    "torchao": "train",
    "torchmetrics": "train",
    "vl_convert": "train",
    "yaml": "train",
    "dvc": "ops",
    "dvclive": "ops",
    "great_expectations": "ops",
    "mlflow": "ops",
    "sqlalchemy": "ops",
}
RUNTIME_HELP = ", or 'glyphlens[gpu]' for an NVIDIA GPU; never both, they overwrite each other"


class MissingPackageError(GlyphlensError):
    """A package that is asked for is not installed; the message names the extra that brings it."""


@contextmanager
def naming_extras() -> Iterator[None]:
    """Within the block, a missing module of an extra raises MissingPackageError in place of ModuleNotFoundError."""
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in EXTRAS:
            raise
        help_text = RUNTIME_HELP if module == "onnxruntime" else ""
        raise MissingPackageError(
            f"{module} is not installed, which this needs: pip install 'glyphlens[{EXTRAS[module]}]'{help_text}"
        ) from error
