"""gate: let the data of one stage through to the next, or stop and say why not.

``python -m glyphlens.stages.gate rasters --rasters PATH --token PATH --metrics PATH --report PATH``: the first argument
names a track's module ``gates/<name>.py``, whose GATE says which paths it needs, and the section ``gates.<name>``.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from glyphlens.core.errors import InputError
from glyphlens.core.params import load_params
from glyphlens.gates.run import Gate, GateFiles, run_gate
from glyphlens.provenance.notes import running_tree
from glyphlens.stages import run_stage, stage_paths


def main(argv: Sequence[str] | None = None) -> None:
    """Judge the data of the named gate; write token, metrics and report."""
    name, *options = (sys.argv[1:] if argv is None else argv) or [""]
    gate = find_gate(name)
    paths = vars(stage_paths(options, *gate.paths._fields, *GateFiles._fields, sources=gate.sources))
    data, files = (kind._make(paths[field] for field in kind._fields) for kind in (gate.paths, GateFiles))
    run_gate(gate, data, load_params(gate.limits, f"gates.{name}"), files)


def find_gate(name: str) -> Gate[Any, Any, Any]:
    """The GATE of a track's module ``gates/<name>.py``; raises InputError where there is none."""
    tree = running_tree()
    path = tree.gate_module(f"gate_{name}")
    module = import_module(tree.relative(path.with_suffix("")).replace("/", "."))
    if not isinstance(gate := getattr(module, "GATE", None), Gate):
        raise InputError(f"{path}: has no GATE, so there is no gate '{name}'")
    return gate


if __name__ == "__main__":
    run_stage(main)
