"""What the server takes and how long it waits; each is a parameter of `glyphlens serve`."""

from dataclasses import dataclass, fields

from glyphlens.core.errors import InputError

MIB = 1 << 20


@dataclass(frozen=True)
class ServerLimits:
    """ServerLimits of one server; all are at least 1, ``memory_mib`` and seconds included.

    ``body_bytes``: of one request; ``held_bytes``: of the bodies of all requests that are being sent or wait, together;
    small ones find room beyond it.
    ``pixels``: of a page; ``pages``: of a request; ``glyphs``: of a font file, all its faces together.
    ``header_seconds``, ``body_seconds``: for a client to send them, and to take its answer; ``seconds``: for one
    request to be read once it is begun, and as long again to wait for that.
    ``waiting``: requests that wait to be read; ``batch``: requests that are read together; ``connections``: open ones.
    ``memory_mib``: what a reading process may need beyond its models.
    """

    body_bytes: int = 16 * MIB
    held_bytes: int = 256 * MIB
    pixels: int = 16_000_000
    pages: int = 100
    glyphs: int = 10_000
    header_seconds: float = 10.0
    body_seconds: float = 30.0
    seconds: float = 60.0
    waiting: int = 256
    batch: int = 64
    connections: int = 512
    memory_mib: int = 1024

    def __post_init__(self) -> None:
        """Raise InputError for a limit that lets nothing through."""
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise InputError(f"{field.name}: {value}, expected more than 0")
        if self.held_bytes < self.body_bytes:
            raise InputError(f"held_bytes: {self.held_bytes:,} is less than one body may have ({self.body_bytes:,})")
