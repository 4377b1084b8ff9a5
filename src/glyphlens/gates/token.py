"""The token of a gate: the hash of the data that passed, and the refusal of anything else."""

from pathlib import Path

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json, sha256_tree


def write_token(path: Path, *data: Path) -> None:
    """Write the hashes of ``data`` (files or folders); equal data gives equal bytes, wherever it lies."""
    save_json(path, {"data": _hashes(data)})


def require_token(path: Path, *data: Path) -> None:
    """Raise InputError unless ``path`` is the token of a gate that let exactly this ``data`` pass.

    A token may cover more than what is asked for; every item of ``data`` must be in it, unchanged.
    """
    if not path.is_file():
        raise InputError(f"{path}: no token of a gate; its data has not passed, run `dvc repro` and see reports/gates/")
    content = load_json(path)
    passed = content.get("data") if isinstance(content, dict) else None
    if not isinstance(passed, dict):
        raise InputError(f"{path}: not the token of a gate; delete it and run `dvc repro`")
    for item, found in zip(data, _hashes(data).values(), strict=True):
        if item.name not in passed:
            raise InputError(f"{item}: {path} holds nothing of that name, only {', '.join(passed)}; run `dvc repro`")
        if passed[item.name] != found:
            raise InputError(
                f"{item}: not the data that passed the gate (SHA-256 {found[:12]}…, {path} holds "
                f"{str(passed[item.name])[:12]}…); run `dvc repro` to let the gate judge it"
            )


def _hashes(data: tuple[Path, ...]) -> dict[str, str]:
    hashes = {item.name: sha256_tree(item) for item in data}
    if not data or len(hashes) != len(data):
        raise ValueError(f"a token needs data of distinct names, found {[item.name for item in data]}")
    return hashes
