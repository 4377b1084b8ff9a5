"""``glyphlens promote`` and ``rollback``: which released model is the champion in MLflow's registry."""

from collections.abc import Iterator
from contextlib import chdir

from glyphlens.commands.release import evaluated_release, registered_name
from glyphlens.review.revisions import repository_root
from glyphlens.tracking.registry import Promotion, promote, rollback
from glyphlens.tracking.versions import CHANGED_TAG, COMMIT_TAG, SHORT_HASH, Version
from glyphlens.tracks import tracks


def run_promote(track: str) -> int:
    """Register the track's release and say what became of it; 1 where another version stays champion."""
    with chdir(repository_root()):
        promotion = promote(evaluated_release(track))
    print("\n".join(told(track, promotion)))
    return 0 if promotion.is_champion else 1


def run_rollback(track: str) -> int:
    """Make the champion before champion again, and say which."""
    replaced, restored = rollback(registered_name(track), tracks()[track].champion.metric)
    print(f"{registered_name(track)}: the champion is {_named(restored)} again, no longer {_named(replaced)}")
    return 0


def told(track: str, promotion: Promotion) -> Iterator[str]:
    """What happened to the version and to the alias, and what makes the comparison doubtful."""
    version, before = promotion.version, promotion.before
    name = registered_name(track)
    commit = version.tags.get(COMMIT_TAG, "")[:SHORT_HASH]
    has = "is registered" if promotion.is_new else "holds these very files already"
    yield f"{name}: {_named(version)} of commit {commit} {has}"
    if promotion.is_restored:
        yield f"{name}: the store had lost its files, they are there again"
    if before is None:
        yield f"{name}: it is the champion, the first one"
    elif before.number == version.number:
        yield f"{name}: it is the champion, as before"
    elif promotion.is_champion:
        yield f"{name}: it is the champion now, {promotion.gain:.4f} better than {_named(before)} before"
        if not promotion.fault:
            yield f"{name}: `glyphlens rollback {track}` would go back"
    else:
        lack = f"{-promotion.gain:.4f} worse" if promotion.gain else "no better"
        yield f"{name}: the champion is still {_named(before)}, this one is {lack}"
    yield from _notes(track, promotion)


def _notes(track: str, promotion: Promotion) -> Iterator[str]:
    """What makes the version, the comparison or the way back doubtful."""
    version, before, name = promotion.version, promotion.before, registered_name(track)
    if version.tags.get(CHANGED_TAG) == "true":
        yield (
            f"{name}: note that no commit has these files with this dvc.lock yet, they were changed since the one that "
            f"is named; commit both, and `glyphlens promote {track}` again names the right one"
        )
    if promotion.fault:
        yield f"{name}: note that the other one cannot be used: {promotion.fault}"
    if before and before.tags["samples"] != version.tags["samples"]:
        yield (
            f"{name}: note that the two were measured on different samples; `glyphlens evaluate --model "
            f"models:/{name}/{before.number} --samples …` measures the older one on the present samples"
        )


def _named(version: Version) -> str:
    return f"version {version.number} ({version.guard} {version.score:.4f})"
