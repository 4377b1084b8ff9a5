"""What is read from memory in place of a file."""

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path


@dataclass(frozen=True)
class InMemory:
    """The bytes of a file, called ``name`` in answers and messages; opened as a path is."""

    name: str
    data: bytes = field(repr=False)

    def open(self, mode: str = "rb") -> BytesIO:
        """The bytes from their beginning, to be read as a binary file."""
        if mode != "rb":
            raise ValueError(f"mode '{mode}': what is in memory is only read, as 'rb'")
        return BytesIO(self.data)

    def __str__(self) -> str:
        return self.name


Content = Path | InMemory  # both have ``open("rb")`` and a name
