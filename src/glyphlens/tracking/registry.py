"""Which version of a released model is the champion: promotion of a better one, and the way back.

Every version that was made champion says in a tag which one it replaced. Only a better one replaces another, so the
tags lead back to the first champion and never round in a circle.
"""

from typing import TYPE_CHECKING, NamedTuple

from glyphlens.core.errors import InputError
from glyphlens.core.metric_names import better_sign
from glyphlens.tracking.client import require_databases, shown_registry
from glyphlens.tracking.turns import turn
from glyphlens.tracking.versions import (
    Release,
    Version,
    aliases,
    fault_of,
    find_version,
    read_version,
    register,
    registry,
    restore,
    settle,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"
REPLACED_TAG = "champion_before"


class Promotion(NamedTuple):
    """What became of a release: its version, and the champion until then (None: there was none)."""

    version: Version
    before: Version | None
    is_new: bool
    is_restored: bool  # the store had lost the version's files
    fault: str  # why the champion until then, where it is another version, cannot be used; else empty

    @property
    def gain(self) -> float:
        """How much better than the champion until then; all of its score where there was none."""
        more = self.version.score - (self.before.score if self.before else 0)
        return -more if better_sign(self.version.guard) == -1 else more

    @property
    def is_champion(self) -> bool:
        """Whether the version is the champion now: the first, a better one, or the same as before."""
        return self.before is None or self.gain > 0 or self.version.number == self.before.number


def promote(release: Release) -> Promotion:
    """Register the release, unless its very files are registered, and make it champion if it is better.

    Raises InputError for files that are no exported model, OutputError where MLflow fails: then there is no new
    version, or a whole one that is not champion, and the same call goes on from there.
    """
    with registry(f"promote {release.name}") as client, turn(client, release.name):
        before = _champion(client, release.name, release.guard)
        known = find_version(client, release)
        version = settle(client, known, release) if known else register(client, release)
        is_restored = known is not None and restore(client, known, release)
        fault = fault_of(client, before) if before and before.number != version.number else ""
        promotion = Promotion(version, before, known is None, is_restored, fault)
        if promotion.is_champion:
            _require_files(client, version)
        if promotion.is_champion and (before is None or version.number != before.number):
            client.set_model_version_tag(release.name, version.number, REPLACED_TAG, before.number if before else "")
            client.set_registered_model_alias(release.name, CHAMPION, version.number)
    return promotion


def rollback(name: str, guard: str) -> tuple[Version, Version]:
    """Give the alias back to the version that the champion replaced; returns the champion until then and the one now.

    Raises InputError where there is none to go back to, or its files are gone, OutputError where MLflow fails.
    """
    require_databases()
    with registry(f"roll back {name}") as client, turn(client, name):
        present = _champion(client, name, guard)
        if present is None:
            raise InputError(f"{name}: {shown_registry()} has no champion of it; `glyphlens promote` makes one")
        replaced = present.tags.get(REPLACED_TAG)
        if not replaced:
            raise InputError(f"{name}: version {present.number} is the first champion, there is none before it")
        restored = read_version(client, name, replaced, guard)
        _require_files(client, restored)
        client.set_registered_model_alias(name, CHAMPION, replaced)
    return present, restored


def _require_files(client: "MlflowClient", version: Version) -> None:
    if fault := fault_of(client, version):
        raise InputError(fault)


def _champion(client: "MlflowClient", name: str, guard: str) -> Version | None:
    number = (aliases(client, name) or {}).get(CHAMPION)
    return read_version(client, name, number, guard) if number else None
