"""Classes as points in the space that a recogniser maps its inputs to: what is nearest is the answer.

Classes can be added and left out without the recogniser being changed. A table of them is one file, with vectors as
int8 and a step size each.
N samples · C classes · E numbers of an embedding
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.arrays import load_arrays
from glyphlens.core.errors import InputError
from glyphlens.core.storage import sha256_file, writing

SUFFIX = ".prototypes.npz"  # in the place of the model's .onnx
LARGEST = 127
SMALLEST = 1e-9  # length that is divided by


@dataclass(frozen=True, eq=False)
class Prototypes:
    """``vectors_CE`` float32. A class scores ``scale`` · (vector · embedding) + its ``bias_C``, a logit.

    ``text_share``: how much of a vector is what the class's description says; the rest is what its template says.
    """

    labels: tuple[str, ...]
    vectors_CE: NDArray[np.float32]
    bias_C: NDArray[np.float32]
    scale: float
    text_share: float = 1.0

    def logits(self, embedding_NE: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, C) float32; raises InputError for embeddings of another length."""
        if embedding_NE.shape[1:] != self.vectors_CE.shape[1:]:
            raise InputError(
                f"embeddings of {embedding_NE.shape[1:]} numbers, the prototypes have {self.vectors_CE.shape[1:]}"
            )
        return np.float32(self.scale) * (embedding_NE @ self.vectors_CE.T) + self.bias_C

    def of(self, labels: Sequence[str]) -> "Prototypes":
        """Those of some classes, in that order; raises InputError naming those that have none."""
        rows = {label: row for row, label in enumerate(self.labels)}
        missing = [label for label in labels if label not in rows]
        if missing:
            raise InputError(
                f"no prototype of {', '.join(missing[:10])}{' …' if len(missing) > 10 else ''}; describe it"
            )
        picked = [rows[label] for label in labels]
        return replace(self, labels=tuple(labels), vectors_CE=self.vectors_CE[picked], bias_C=self.bias_C[picked])

    def joined(self, other: "Prototypes") -> "Prototypes":
        """These and then others of the same recogniser; raises InputError for a label that both have."""
        twice = sorted(set(self.labels) & set(other.labels))
        if twice:
            raise InputError(f"two prototypes are called {', '.join(twice[:10])}")
        return replace(
            self,
            labels=self.labels + other.labels,
            vectors_CE=np.concatenate([self.vectors_CE, other.vectors_CE]),
            bias_C=np.concatenate([self.bias_C, other.bias_C]),
        )

    def described(
        self, labels: Sequence[str], text_CE: NDArray[np.float32], exemplar_CE: NDArray[np.float32]
    ) -> "Prototypes":
        """New classes of the same recogniser, of what their descriptions and their templates say; no bias."""
        vectors_CE = blended(text_CE, exemplar_CE, self.text_share)
        return replace(self, labels=tuple(labels), vectors_CE=vectors_CE, bias_C=np.zeros(len(labels), np.float32))

    def rounded(self) -> "Prototypes":
        """As they are read back from a file."""
        levels_CE, steps_C = _integers(self.vectors_CE)
        return replace(self, vectors_CE=levels_CE * steps_C[:, None], scale=float(np.float32(self.scale)))

    def save(self, model: Path) -> None:
        """Write the table beside the model that its vectors were made with."""
        levels_CE, steps_C = _integers(self.vectors_CE)
        with writing(prototypes_file(model)) as partial, partial.open("wb") as handle:
            np.savez_compressed(
                handle,
                allow_pickle=False,
                labels_C=np.array(self.labels),
                levels_CE=levels_CE,
                steps_C=steps_C,
                bias_C=self.bias_C.astype(np.float32),
                scale=np.array(self.scale, np.float32),
                text_share=np.array(self.text_share),
                model=np.array(sha256_file(model)),
            )

    @classmethod
    def load(cls, model: Path) -> "Prototypes":
        """Read the table beside a model; raises InputError where it is missing, broken or another model's."""
        path = prototypes_file(model)
        try:
            stored = load_arrays(path)
            made_with = str(stored["model"])
            vectors_CE = stored["levels_CE"] * stored["steps_C"].astype(np.float32)[:, None]
            labels = tuple(str(label) for label in stored["labels_C"])
            numbers = float(stored["scale"]), float(stored["text_share"])
            found = cls(labels, vectors_CE, stored["bias_C"].astype(np.float32), *numbers)
        except FileNotFoundError as error:
            raise InputError(f"{path}: missing; the model beside it knows its classes by it") from error
        except (OSError, ValueError, TypeError, LookupError) as error:
            raise InputError(f"{path}: not a table of prototypes ({error})") from error
        if not len(labels) == len(vectors_CE) == len(found.bias_C) or vectors_CE.ndim != 2:
            raise InputError(
                f"{path}: {len(labels)} labels for vectors {vectors_CE.shape} and {len(found.bias_C)} biases"
            )
        if made_with != sha256_file(model):
            raise InputError(f"{path}: made with another model than {model.name}; export both again")
        return found


def prototypes_file(model: Path) -> Path:
    """Where the prototypes of a model are.

    >>> prototypes_file(Path("int8.onnx")).name
    'int8.prototypes.npz'
    """
    return model.with_name(model.stem + SUFFIX)


def blended(text_CE: NDArray[np.float32], exemplar_CE: NDArray[np.float32], text_share: float) -> NDArray[np.float32]:
    """(C, E) of length 1: the weighted mean of both views of each class."""
    return of_length_1(text_share * text_CE + (1 - text_share) * exemplar_CE)


def of_length_1(vectors_NE: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors divided by their lengths; zeros stay zeros."""
    lengths_N1 = np.maximum(np.linalg.norm(vectors_NE, axis=1, keepdims=True), SMALLEST)
    return np.asarray(vectors_NE / lengths_N1, np.float32)


def _integers(vectors_CE: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Whole multiples of a step, and the (C,) step of each vector."""
    steps_C = (np.abs(vectors_CE).max(axis=1, initial=0) / LARGEST).astype(np.float32)
    steps_C[steps_C == 0] = 1
    return np.rint(vectors_CE / steps_C[:, None]).astype(np.int8), steps_C
