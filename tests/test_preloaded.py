"""A process of the preloaded Python is told, and tells, what a fresh one would."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.preloaded import CLIENT, python

TOLD = "import os, sys; print(sys.argv, os.getcwd(), os.environ['WORD'], input()); print('and', file=sys.stderr)"
ALLOCATOR = "jemalloc_bg_thd"  # a thread of Arrow's, which is made anew in a fork
PATIENCE_S = 600.0


def asked(*words: str, **named: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([python(), *words], capture_output=True, text=True, check=False, **named)  # type: ignore[call-overload,no-any-return]


def test_words_folder_environment_and_streams_are_the_callers(tmp_path: Path) -> None:
    done = asked("-c", TOLD, "a b", cwd=tmp_path, env=os.environ | {"WORD": "word"}, input="line\n")
    assert (done.returncode, done.stderr) == (0, "and\n")
    assert done.stdout == f"['-c', 'a b'] {tmp_path} word line\n"


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit('reason')", 1, "reason\n"),
        ("raise ValueError('reason')", 1, "ValueError: reason\n"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
    ],
)
def test_its_end_is_the_callers(code: str, status: int, told: str) -> None:
    done = asked("-c", code)
    assert done.returncode == status and done.stderr.endswith(told)


def test_a_module_is_of_the_callers_checkout(tmp_path: Path) -> None:
    package = tmp_path / "src/glyphlens"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "own.py").write_text("import sys; print(__name__, sys.argv)", encoding="utf-8")
    done = asked("-m", "glyphlens.own", "word", cwd=tmp_path, env=os.environ | {"PYTHONPATH": "src"})
    assert done.stdout == f"__main__ {[str(package / 'own.py'), 'word']}\n"


def test_a_script_and_flags_are_as_pythons(tmp_path: Path) -> None:
    (tmp_path / "word.py").write_text("WORD = 'word'", encoding="utf-8")
    told = "import sys, word; print(word.WORD, sys.argv, sys.dont_write_bytecode, __file__)"
    (tmp_path / "script.py").write_text(told, encoding="utf-8")
    script = str(tmp_path / "script.py")
    assert asked("-u", "-B", script, "-c").stdout == f"word {[script, '-c']} True {script}\n"
    assert "No module named 'word'" in asked("-P", script).stderr


def test_dvc_and_our_command_are_beside_it(tmp_path: Path) -> None:
    dvc, ours = (subprocess.run([python().with_name(name), "--help"], cwd=tmp_path, capture_output=True, text=True,
                                check=True).stdout for name in ("dvc", "glyphlens"))  # fmt: skip
    assert dvc.startswith("usage: dvc ") and "Usage: glyphlens " in ours
    assert asked("-m", "dvc", "root", cwd=tmp_path).returncode == 253


def test_libraries_are_there_and_nothing_of_this_project() -> None:
    done = asked("-c", "import sys; print({'torch', 'mlflow', 'great_expectations', 'glyphlens'} - set(sys.modules))")
    assert done.stdout == "{'glyphlens'}\n"


@pytest.mark.skipif(os.environ["OMP_NUM_THREADS"] != "1", reason="OpenBLAS has threads, which it makes anew in a fork")
def test_no_library_has_a_thread_that_forks_lack() -> None:
    server = asked("-c", "import os; print(os.getppid())").stdout.strip()
    names = [path.read_text(encoding="utf-8").strip() for path in (Path("/proc") / server / "task").glob("*/comm")]
    assert len([name for name in names if name != ALLOCATOR]) == 1, names


def test_what_dvc_reads_is_as_the_file_is(tmp_path: Path) -> None:
    code = """
from dvc.utils.serialize import load_yaml
for number in (1, 1, 2):
    with open("params.yaml", "w") as handle:
        handle.write(f"section: {{key: {number}}}")
    read = load_yaml("params.yaml")
    print(read)
    read["section"]["key"] = 3
"""
    told = asked("-c", code, cwd=tmp_path).stdout.split("\n")
    assert told == [*(str({"section": {"key": number}}) for number in (1, 1, 2)), ""]


def test_anything_else_is_python_itself() -> None:
    assert asked("-V").stdout.startswith("Python 3.")
    assert "usage: " in asked("-m", "json.tool", "--help").stdout


@pytest.mark.parametrize("other", [{"OMP_NUM_THREADS": "3"}, {"PYTHONHASHSEED": "7"}])
def test_what_is_read_once_at_the_start_makes_a_fresh_process(other: dict[str, str], tmp_path: Path) -> None:
    code = "import sys; print('torch' in sys.modules, sys.executable, *sys.argv[1:], input())"
    done = asked("-c", code, "word", env=os.environ | other, cwd=tmp_path, input="line\n")
    assert done.stdout == f"False {sys.executable} word line\n"


def test_without_a_server_it_is_python_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-IS", str(CLIENT), str(tmp_path / "none"), "python", "-c", "import sys; sys.exit(3)"]
    assert subprocess.run(command, check=False).returncode == 3


def test_random_numbers_are_a_processs_own() -> None:
    code = "import numpy, torch, random; print(numpy.random.rand(), torch.rand(1).item(), random.random())"
    drawn = [asked("-c", code).stdout.split() for _ in range(2)]
    assert len({*drawn[0], *drawn[1]}) == 6


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_ends_with_its_caller(sent: signal.Signals) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    with subprocess.Popen([python(), "-c", code], stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        process = int(caller.stdout.readline())
        caller.send_signal(sent)
        assert caller.wait(PATIENCE_S) == -sent
    deadline = time.monotonic() + PATIENCE_S
    while (Path("/proc") / str(process)).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_caller_that_is_gone_at_once_costs_itself_alone() -> None:
    words = ["-c", "import time; time.sleep(600)"]
    request = {"program": "python", "words": words, "folder": str(ROOT), "environment": dict(os.environ)}
    content = json.dumps(request).encode()
    reading, writing = os.pipe()
    with socket.socket(socket.AF_UNIX) as caller, os.fdopen(reading, "rb") as output:
        caller.connect(str(python().parents[1] / "address"))
        caller.shutdown(socket.SHUT_RD)
        socket.send_fds(caller, [len(content).to_bytes(4, "big")], [0, writing, writing])
        os.close(writing)
        caller.sendall(content)
        caller.close()
        assert select.select([output], [], [], PATIENCE_S)[0]
        assert output.read() == b""
    assert asked("-c", "import sys; print('torch' in sys.modules)").stdout == "True\n"


def test_a_server_that_ends_is_told(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "address"))
        server.listen()
        command = [sys.executable, "-IS", str(CLIENT), str(tmp_path / "address"), "python", "-c", "pass"]
        caller = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        with server.accept()[0] as client:
            client.recv(4)  # the streams come with it, and are closed
            client.shutdown(socket.SHUT_WR)
            _, told = caller.communicate(timeout=PATIENCE_S)
    assert caller.returncode == 1 and "tests/preloaded.py has ended" in told


def test_a_stage_starts_as_from_a_fresh_python() -> None:
    done = asked("-m", "glyphlens.stages.code", env=os.environ | {"PYTHONPATH": "src"}, cwd=ROOT)
    assert done.returncode == 2 and done.stderr.startswith("usage: code.py")
