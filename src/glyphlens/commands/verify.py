"""``glyphlens verify``: whether every object of a DVC cache or remote is what its name says.

DVC trusts objects that are write-protected and hands a damaged one on without a word (dvc_data.hashfile.db.local); its
check of others (HashFileDB.check) deletes what is damaged, which here only ``--remove`` may do.
They lie at ``files/md5/<2 digits>/<30 digits>``; with the suffix ``.dir`` they are JSON lists of a folder's files.
"""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from glyphlens.core.errors import InputError
from glyphlens.core.storage import hash_file, is_there
from glyphlens.review.locked import locked_stages
from glyphlens.tracking.home import project_home

OBJECTS = "files/md5"
NAME = re.compile(r"[0-9a-f]{32}(\.dir)?")
LOCK = "dvc.lock"
FOLDER = ".dir"
FOUND = "run this again with --remove where another cache or remote has them whole, or stages can make them again"
REMOVED = "removed; mend a cache with `dvc fetch` and `dvc checkout --force`, a remote with `dvc push`"


def run_verify(store: Path | None, *, remove: bool) -> int:
    """Hash every object, name damaged ones and the outputs they belong to; 1 where there are some, else 0.

    ``store``: the folder of a cache or remote; None is the cache that DVC uses here.

    ``remove`` deletes them and the lists of folders that hold them, so that DVC brings or sends them again, and touches
    the outputs in the workspace, so that DVC looks at them again. Raises InputError where ``store`` has no objects.
    """
    store = store or cache_folder()
    objects = find_objects(store)
    damaged = [key for key, file in objects.items() if hash_file(file, "md5") != key.removesuffix(FOLDER)]
    folders = {key: _listed(objects[key]) for key in objects if key.endswith(FOLDER) and key not in damaged}
    outputs = _outputs(folders)
    for key in damaged:
        print(f"{objects[key]}: damaged: {', '.join(outputs[key]) or f'of no output in {LOCK}'}")
    print(f"{store}: {len(objects)} objects, {len(damaged)} damaged")
    if damaged and remove:
        lists = [key for key, files in folders.items() if not set(files).isdisjoint(damaged)]
        for key in (*lists, *damaged):
            objects[key].unlink()
        _touch([output for key in damaged for output in outputs[key]])
    if damaged:
        print(REMOVED if remove else FOUND)
    return int(bool(damaged))


def cache_folder() -> Path:
    """The folder of DVC's cache, wherever its settings put it; raises InputError where there is no repository."""
    answer = subprocess.run([sys.executable, "-m", "dvc", "cache", "dir"], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise InputError(f"{Path.cwd()}: no DVC repository; give the folder of a cache or remote")
    folder = Path(answer.stdout.rstrip("\n")).absolute()
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def find_objects(store: Path) -> dict[str, Path]:
    """Every object by its name without the slash; raises InputError where there is none."""
    files = sorted((store / OBJECTS).glob("??/*")) if is_there(store / OBJECTS) else []
    objects = {file.parent.name + file.name: file for file in files if NAME.fullmatch(file.parent.name + file.name)}
    if not objects:
        raise InputError(f"{store}: no {OBJECTS}/…; give the folder of a DVC cache (`dvc cache dir`) or remote")
    return objects


def _listed(file: Path) -> dict[str, str]:
    """The files of a folder: hash → path inside."""
    return {entry["md5"]: entry["relpath"] for entry in json.loads(file.read_bytes())}


def _outputs(folders: dict[str, dict[str, str]]) -> defaultdict[str, list[str]]:
    """The outputs in dvc.lock, and the files inside of those that are folders, by the objects that hold them."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    lock = project_home() / LOCK
    stages = locked_stages(lock.read_bytes(), LOCK) if lock.is_file() else {}
    for path, key in (item for stage in stages.values() for item in stage.outs.items()):
        found[key].append(path)
        for inner, name in folders.get(key, {}).items():
            found[inner].append(f"{path}/{name}")
    return found


def _touch(outputs: list[str]) -> None:
    for output in filter(Path.exists, map(project_home().joinpath, outputs)):
        os.utime(output)
