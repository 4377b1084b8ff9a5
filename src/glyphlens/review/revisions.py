"""The files of a commit, or of the workspace as git would add them, as bytes; nothing is checked out."""

import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from glyphlens.core.errors import InputError
from glyphlens.core.folders import files_below

WORKSPACE = "workspace"
SHORT_HASH = 9


def repository_root() -> Path:
    """The root of the git repository around the current folder; raises InputError where there is none."""
    return Path(os.fsdecode(_git(Path.cwd(), "rev-parse", "--show-toplevel").removesuffix(b"\n")))


def commit_of(root: Path, revision: str) -> str:
    """The full hash of a branch, tag or commit; raises InputError where git does not know it."""
    try:
        answer = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except InputError as error:
        raise InputError(f"{revision}: git knows no such commit; {_way_to_more(root)}") from error
    return answer.decode().strip()


def _way_to_more(root: Path) -> str:
    """What brings a commit that is not there; a plain `git fetch` leaves a shallow clone as short as it is."""
    if _git(root, "rev-parse", "--is-shallow-repository").strip() == b"true":
        return "this clone is shallow: `git fetch --deepen=100` brings older commits, `git fetch --unshallow` all"
    return "name a branch, a tag or a commit of `git log --all`, and `git fetch` first what is new elsewhere"


def commits_changing(root: Path, *paths: str) -> list[str]:
    """Commits of the present one's history, the branches and the tags that change one of the paths, newest first."""
    answer = _git(root, "rev-list", "HEAD", "--branches", "--tags", "--remotes", "--", *paths)
    return answer.decode().split()


def files_at(root: Path, commit: str | None, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Contents by path of the wanted files of a commit; None stands for the workspace, files git ignores left out."""
    return dict(_workspace_files(root, wanted) if commit is None else _committed_files(root, commit, wanted))


def names_in(root: Path, paths: Iterable[str]) -> list[str]:
    """The files of the workspace that are, or lie in, the paths, as DVC sees them: without those of .dvcignore only."""
    if not (wanted := sorted(paths)):
        return []
    places = [root / path for path in wanted]
    walked = {file for place in places for file in ([place] if place.is_file() else files_below(place, {}))}
    kept = _without_dvcignored(root, "--", *wanted)
    return sorted(path.relative_to(root).as_posix() for path in walked.intersection(kept))


def _without_dvcignored(folder: Path, *options: str) -> Iterator[Path]:
    """What git knows or could add, those of repositories inside too, which git itself does not look into."""
    listed = _git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-per-directory=.dvcignore", *options)
    for path in (folder / name for name in os.fsdecode(listed).split("\0") if name):
        if path.is_dir() and not path.is_symlink():
            yield from _without_dvcignored(path)
        else:
            yield path


def ignores(root: Path, path: str) -> bool:
    """Whether git would leave a new file at ``path`` out."""
    return subprocess.run(["git", "check-ignore", "--quiet", path], cwd=root, check=False).returncode == 0


def _workspace_files(root: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in sorted(set(filter(None, os.fsdecode(listed).split("\0")))):
        if wanted(name) and (root / name).is_file():
            yield name, (root / name).read_bytes()


def _committed_files(root: Path, commit: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    entries = filter(None, os.fsdecode(_git(root, "ls-tree", "-r", "-z", commit)).split("\0"))
    split = (entry.split("\t", 1) for entry in entries)
    blobs = {path: facts.split()[2] for facts, path in split if facts.split()[1] == "blob" and wanted(path)}
    rest = _git(root, "cat-file", "--batch", answered="".join(f"{blob}\n" for blob in blobs.values()).encode())
    for path in blobs:
        heading, _, rest = rest.partition(b"\n")
        length = int(heading.split()[2])
        yield path, rest[:length]
        rest = rest[length + 1 :]


def _git(folder: Path, *arguments: str, answered: bytes = b"") -> bytes:
    """What git prints; ``answered`` is what it reads."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, input=answered, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise InputError("git is missing (Debian: apt-get install git)") from error
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(f"git {arguments[0]}: {reason[-1] if reason else f'exit status {done.returncode}'}")
    return done.stdout
