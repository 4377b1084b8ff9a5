"""The server of tests/preloaded.py: imports libraries, and forks for every request that comes to ``<folder>/address``.

It has one thread, as a fork has; those of C libraries (Arrow's allocator, OpenBLAS where it may use several) are made
anew by them. Forks draw random numbers of their own, as fresh processes do, but share the server's hash seed and the
warning filters of all libraries. It ends with the process that it is told of.
"""

import atexit
import functools
import gc
import importlib
import io
import json
import logging
import multiprocessing.process
import multiprocessing.spawn  # now, while sys.executable is Python itself, which pools of processes start
import os
import runpy
import selectors
import shutil
import signal
import socket
import sys
import threading
import warnings
from contextlib import redirect_stdout, suppress
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any

# Nothing of this project: every process runs the code of its own checkout. Nothing with a thread, as onnxruntime has.
LIBRARIES = (
    "numpy", "scipy.optimize", "scipy.ndimage", "pandas", "pyarrow.parquet", "cv2", "PIL.Image", "matplotlib.figure",
    "torch", "torch._dynamo", "torch.onnx", "lightning", "lightning.pytorch.callbacks", "torchmetrics.text",
    "onnx", "onnxscript", "sklearn.linear_model", "dvclive",
    "dvc.cli.parser", "dvc.analytics", "dvc.cachemgr", "dvc.data_cloud", "dvc.lock", "dvc.rwlock", "dvc.repo.index",
    "dvc.repo.experiments.executor.local", "dvc.repo.experiments.queue.celery", "dvc.utils.strictyaml", "scmrepo.git",
    "dvc_task.app", "celery.worker", "networkx", "dulwich.porcelain", "platformdirs", "fsspec.implementations.memory",
    "great_expectations", "great_expectations.expectations", "mlflow", "mlflow.store.tracking.sqlalchemy_store",
    "fontTools.ttLib", "uharfbuzz", "freetype", "jinja2", "pydantic", "ruamel.yaml", "safetensors.torch", "tqdm",
)  # fmt: skip
AT_START = ("OMP_NUM_THREADS", "PYTHONHASHSEED")  # are read once: who asks for others than the server has starts fresh
SILENT = {"GX_ANALYTICS_ENABLED": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}  # as the project sets them first
Request = dict[str, Any]


class Server:
    """Who waits for which process."""

    def __init__(self, folder: Path, owner: int) -> None:
        self.folder, self.clients = folder, dict[int, socket.socket]()
        self.owner = os.pidfd_open(owner)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / "address"))
        self.listener.listen()
        self.woken, self.wake = socket.socketpair()
        for end in (self.woken, self.wake):
            end.setblocking(False)
        signal.set_wakeup_fd(self.wake.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.selector = selectors.DefaultSelector()
        for source in (self.listener, self.owner, self.woken):
            self.selector.register(source, selectors.EVENT_READ)

    def serve(self) -> Request:
        """Answer until the owner has ended; returns in a child, with the request that it is to run."""
        while True:
            sources = {key.fileobj for key, _ in self.selector.select()}
            if self.owner in sources:
                self.end()
            if self.woken in sources:
                self.woken.recv(4096)
                self.answer()
            for process, client in self.clients.items():
                if client in sources:  # it is gone, and what it waits for goes with it
                    self.selector.unregister(client)
                    kill(process)
            if self.listener in sources and (request := self.accept()):
                return request

    def accept(self) -> Request | None:
        """Fork for a request; returns it in the child."""
        client, _ = self.listener.accept()
        length, streams, _, _ = socket.recv_fds(client, 4, 3)
        content = client.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)
        process = os.fork()
        if not process:
            self.become_child([client, *self.clients.values()], streams)
            request: Request = json.loads(content)
            return request
        with suppress(OSError):  # it is gone already: its end is read next
            client.sendall(process.to_bytes(4, "big"))
        self.clients[process] = client
        self.selector.register(client, selectors.EVENT_READ)
        for stream in streams:
            os.close(stream)
        return None

    def become_child(self, clients: list[socket.socket], streams: list[int]) -> None:
        """Leave the server behind: a session of its own, the client's streams, signals as in a fresh process."""
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.close(self.owner)
        draw_anew()
        for own in (self.selector, self.listener, self.woken, self.wake, *clients):
            own.close()

    def answer(self) -> None:
        """Tell those whose process has ended how it did."""
        while self.clients:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return
            client = self.clients.pop(process)
            with suppress(KeyError):
                self.selector.unregister(client)
            with client, suppress(OSError):
                client.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))

    def end(self) -> None:
        """With all that was started."""
        for process in self.clients:
            kill(process)
        shutil.rmtree(self.folder, ignore_errors=True)
        os._exit(0)


def kill(process: int) -> None:
    """A process and those that it started; it may not have come to lead them yet."""
    for end_it in (os.killpg, os.kill):
        with suppress(ProcessLookupError):
            end_it(process, signal.SIGKILL)


def draw_anew() -> None:
    """Seed the generators that a forgetful stage draws from; ``random`` does it by itself."""
    import numpy as np
    import torch

    np.random.seed()  # noqa: NPY002 - the one that is shared
    torch.seed()


def run(request: Request) -> None:
    """As ``python -m module …``, ``-c code …`` and ``script …`` do, with ``-u``, ``-B`` or ``-P`` before."""
    words, folder, asked = list(request["words"]), Path(request["folder"]), request["environment"]
    os.chdir(folder)
    if any(name in asked and asked[name] != os.environ.get(name) for name in AT_START):
        os.execve(sys.executable, [sys.executable, *words], asked)
    os.environ.clear()
    os.environ.update(asked)
    sys.executable = request["program"]
    multiprocessing.process.ORIGINAL_DIR = str(folder)
    paths = [str(folder / path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    safe = "PYTHONSAFEPATH" in os.environ
    while (word := words.pop(0)) in ("-u", "-B", "-P"):
        safe |= word == "-P"
        sys.dont_write_bytecode |= word == "-B"
        for stream in (sys.stdout, sys.stderr) if word == "-u" else ():
            stream.reconfigure(write_through=True)  # type: ignore[union-attr]
    subject = words.pop(0) if word in ("-c", "-m") else word
    first = {"-m": str(folder), "-c": ""}.get(word, str(Path(subject).resolve().parent))
    sys.path[:0] = paths if safe else [first, *paths]
    sys.argv = [word, *words]
    if word == "-m":
        runpy.run_module(subject, run_name="__main__", alter_sys=True)
        return
    main = sys.modules["__main__"] = ModuleType("__main__")
    if word != "-c":
        main.__file__, subject = subject, Path(subject).read_bytes()
    exec(compile(subject, "<string>" if word == "-c" else word, "exec"), main.__dict__)


def status_of(request: Request) -> int:
    """Run it to its end; the exit status that Python would have."""
    try:
        run(request)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException as error:  # noqa: BLE001 - as Python does with whatever ends it
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


def end(status: int) -> None:
    """As Python does, but for taking every library apart, which takes longer than many a test."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def export_once() -> None:
    """A network of no use: torch's exporter reads all that it knows at its first one, which takes seconds.

    onnxscript's translations, of which it parses the source for every one, are kept.
    """
    import torch
    from torch.onnx._internal.exporter._registration import onnxscript_apis
    from tqdm import tqdm

    onnxscript_apis.get_torchlib_ops = functools.cache(onnxscript_apis.get_torchlib_ops)

    interval, tqdm.monitor_interval = tqdm.monitor_interval, 0  # no thread
    logging.disable()
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        layer, example = torch.nn.GRU(2, 2, batch_first=True), torch.zeros(2, 1, 2)
        torch.onnx.export(layer, (example,), dynamo=True, dynamic_shapes=({0: "batch"},), verbose=False)
    logging.disable(logging.NOTSET)
    tqdm.monitor_interval = interval


def parse_once() -> None:
    """DVC parses all of params.yaml anew for every stage, several times: most of what a ``dvc status`` takes."""
    from dvc.utils.serialize import _yaml

    own = _yaml.parse_yaml
    known = functools.lru_cache(4)(own)

    def parse_yaml(text: str, path: str, typ: str = "safe") -> Any:
        return deepcopy(known(text, path)) if typ == "safe" else own(text, path, typ)

    _yaml.parse_yaml = parse_yaml


def main() -> None:
    """Import, and be ready where no library has started a thread."""
    os.environ.update(SILENT)
    for name in LIBRARIES:
        importlib.import_module(name)
    export_once()
    parse_once()
    if threading.active_count() != 1:
        sys.exit(f"{__file__}: a library has started {threading.enumerate()}; a fork would not be whole")
    gc.freeze()
    server = Server(Path(sys.argv[1]), int(sys.argv[2]))
    os.write(1, b"ready\n")
    end(status_of(server.serve()))


if __name__ == "__main__":
    main()
