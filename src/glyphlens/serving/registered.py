"""Models of MLflow's registry as the server follows them: an alias that moves brings other files."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from glyphlens.core.errors import GlyphlensError
from glyphlens.serving.logs import say
from glyphlens.serving.reading_process import Models, ServedModel

if TYPE_CHECKING:
    from glyphlens.serving.app import Service

REGISTRY = "models:/"


def is_registered(address: str) -> bool:
    """Whether a model is named by an address of the registry, such as ``models:/glyphlens-kanji@champion``."""
    return address.startswith(REGISTRY)


class Registered:
    """The models among all that have an address in the registry; their files are copied below ``folder``."""

    def __init__(self, addresses: Mapping[str, str], folder: Path) -> None:
        self.addresses, self._folder = addresses, folder

    def models(self, asked: Mapping[str, str]) -> dict[str, ServedModel]:
        """All that were asked for, those of the registry as they are there now; slow. Raises GlyphlensError."""
        return {
            name: self._now(address) if name in self.addresses else ServedModel(address)
            for name, address in asked.items()
        }

    def renewed(self, models: Models) -> dict[str, ServedModel]:
        """The same with those of the registry as they are there now; slow. Raises GlyphlensError."""
        return {**models, **{name: self._now(address) for name, address in self.addresses.items()}}

    async def follow(self, service: "Service", every_seconds: float) -> None:
        """Look again and again, and let the readers be replaced where a model has changed."""
        refused: Models = {}
        assert service.pool is not None
        while True:
            await asyncio.sleep(every_seconds)
            try:
                models = await asyncio.to_thread(self.renewed, service.pool.models)
            except GlyphlensError as error:
                say("registry not reached", logging.WARNING, fault=str(error))
                continue
            if models in (service.pool.models, refused):
                continue
            fault = await service.pool.replace(models)
            refused = models if fault else {}
            if fault:
                say("models refused", logging.ERROR, fault=fault)
            else:
                service.figures.swaps.inc()
                versions = {name: models[name].version for name in self.addresses}
                say("models replaced", versions=versions)

    def _now(self, address: str) -> ServedModel:
        """The version that an address leads to, its files fetched once."""
        from glyphlens.tracking.versions import fetch, version_of

        name, number = version_of(address)
        folder = self._folder / name / number
        known = next(folder.iterdir(), None) if folder.is_dir() else None
        return ServedModel(str(known or fetch(f"{REGISTRY}{name}/{number}", folder)), number)
