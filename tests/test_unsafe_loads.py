"""Nothing that comes from elsewhere is run: no pickle is read, no text evaluated, no shell asked."""

import ast
from collections.abc import Iterator

import pytest

from tests.checkout import ROOT

SOURCES = sorted((ROOT / "src").rglob("*.py"))
PICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
ERRORS = {"pickle.UnpicklingError"}  # what torch raises for a file that it refuses
RUN = {"eval", "exec", "compile", "os.system", "os.popen", "pd.read_pickle", "pandas.read_pickle", "yaml.load"}
# What has to be said in every such call, by the end of its name.
SAID = {"np.load": ("allow_pickle", False), "read_array": ("allow_pickle", False), "torch.load": ("weights_only", True),
        "YAML": ("typ", "safe"), "trainer.fit": ("weights_only", True)}  # fmt: skip


def name_of(node: ast.expr) -> str:
    """``np.load`` of such an expression; "" for what is no dotted name."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def faults(text: str) -> Iterator[str]:
    """Line and reason of everything in a source that could run what it reads."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PICKLES:
            yield f"{node.lineno}: from {node.module} import"
        elif isinstance(node, ast.Attribute) and name_of(node).split(".")[0] in PICKLES and name_of(node) not in ERRORS:
            yield f"{node.lineno}: {name_of(node)}"
        elif isinstance(node, ast.Call):
            yield from call_faults(node)


def call_faults(call: ast.Call) -> Iterator[str]:
    name = name_of(call.func)
    given = {word.arg: getattr(word.value, "value", ...) for word in call.keywords}
    if name in RUN:
        yield f"{call.lineno}: {name}"
    if given.get("shell", False) is not False:
        yield f"{call.lineno}: {name} with a shell"
    for end, (word, value) in SAID.items():
        if (name == end or name.endswith(f".{end}")) and given.get(word, ...) is not value and given.get(word) != value:
            yield f"{call.lineno}: {name} without {word}={value!r}"


def test_nothing_that_is_read_is_run() -> None:
    found = {path: list(faults(path.read_text(encoding="utf-8"))) for path in SOURCES}
    assert len(found) > 100
    assert {path.name: lines for path, lines in found.items() if lines} == {}


UNSAFE = {
    "import pickle\npickle.loads(data)": "2: pickle.loads",
    "from joblib import load": "1: from joblib import",
    "np.load(path)": "1: np.load without allow_pickle=False",
    "np.load(path, allow_pickle=True)": "1: np.load without allow_pickle=False",
    "np.lib.format.read_array(file)": "1: np.lib.format.read_array without allow_pickle=False",
    "torch.load(path, weights_only=False)": "1: torch.load without weights_only=True",
    "self.trainer.fit(model, weights_only=False)": "1: self.trainer.fit without weights_only=True",
    "YAML().load(text)": "1: YAML without typ='safe'",
    "eval(text)": "1: eval",
    "subprocess.run(text, shell=True)": "1: subprocess.run with a shell",
}


@pytest.mark.parametrize(("text", "fault"), UNSAFE.items(), ids=UNSAFE)
def test_what_would_run_it_is_found(text: str, fault: str) -> None:
    assert list(faults(text)) == [fault]


def test_what_does_not_is_not() -> None:
    fine = "import pickle\nmodel.eval()\ntorch.load(path, weights_only=True)\nYAML(typ='safe')\npickle.UnpicklingError"
    assert list(faults(fine)) == []
