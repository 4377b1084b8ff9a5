"""What stands where a result goes: links are written through, pipes and open files written to, nothing is replaced."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from glyphlens.core.errors import OutputError
from glyphlens.core.storage import OPEN_FILES, STANDARD_OUTPUT, is_stream, save_text, writing


def test_a_link_is_written_through(tmp_path: Path) -> None:
    for name in ("real", "new"):
        (tmp_path / f"{name}.link").symlink_to(tmp_path / "kept" / name)
    (tmp_path / "chain").symlink_to("real.link")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/real").write_text("old")
    for name in ("chain", "new.link"):
        save_text(tmp_path / name, name)
        assert (tmp_path / name).is_symlink() and (tmp_path / name).read_text() == name
    assert (tmp_path / "kept/real").read_text() == "chain"
    assert sorted(entry.name for entry in (tmp_path / "kept").iterdir()) == ["new", "real"]


def test_a_link_to_a_protected_file_is_replaced(tmp_path: Path) -> None:
    """Where DVC links outputs to its cache, the objects are write-protected, and must never change."""
    cached, output = tmp_path / "cached", tmp_path / "output"
    cached.write_text("old")
    cached.chmod(0o444)
    output.symlink_to(cached)
    save_text(output, "new")
    assert (cached.read_text(), output.read_text(), output.is_symlink()) == ("old", "new", False)


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OutputError, match="loop: cannot be written"):
        save_text(tmp_path / "loop", "x")


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    save_text(pipe, "answers")
    reader.join(timeout=600)
    assert read == ["answers"] and stat.S_ISFIFO(pipe.stat().st_mode)
    assert [entry.name for entry in tmp_path.iterdir()] == ["pipe.csv"]


def test_a_failed_block_writes_nothing_to_a_pipe() -> None:
    read_end, write_end = os.pipe()
    with pytest.raises(TypeError), writing(OPEN_FILES / str(write_end)) as partial, partial.open("w") as handle:
        handle.writelines(["half", None])  # type: ignore[list-item]
    os.close(write_end)
    with os.fdopen(read_end) as reader:
        assert reader.read() == ""


def test_a_device_is_written_to() -> None:
    shown, terminal = os.openpty()
    save_text(Path(os.ttyname(terminal)), "answers")
    assert os.read(shown, 100) == b"answers"
    for end in (shown, terminal):
        os.close(end)


@pytest.mark.parametrize("name", ["1", "link"])
@pytest.mark.parametrize("mode", ["wb", "ab"])
def test_standard_output_is_not_opened_again(tmp_path: Path, name: str, mode: str) -> None:
    """Opened by its name, what is in the file already would be lost. ``/dev/stdout`` is such a link."""
    (tmp_path / "link").symlink_to(STANDARD_OUTPUT)
    path = str(STANDARD_OUTPUT if name == "1" else tmp_path / name)
    program = (
        "import sys; from pathlib import Path; from glyphlens.core.storage import save_text\n"
        f"print('before', flush=True); save_text(Path({path!r}), 'middle\\n'); print('after')"
    )
    log = tmp_path / "log"
    log.write_text("kept\n")
    with log.open(mode) as handle:
        subprocess.run([sys.executable, "-c", program], stdout=handle, check=True)
    assert log.read_text() == ("kept\n" if mode == "ab" else "") + "before\nmiddle\nafter\n"
    assert (tmp_path / "link").is_symlink()


def test_what_is_a_stream(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("pipe")
    assert all(map(is_stream, (STANDARD_OUTPUT, Path("/dev/stdout"), tmp_path / "pipe", tmp_path / "link")))
    assert not any(map(is_stream, (tmp_path / "file", tmp_path / "absent", tmp_path)))


def test_who_may_read_a_file_stays(tmp_path: Path) -> None:
    (tmp_path / "private").write_text("old")
    (tmp_path / "private").chmod(0o600)
    save_text(tmp_path / "private", "new")
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600


def test_whose_a_file_is_stays(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    (tmp_path / "theirs").write_text("old")
    os.chown(tmp_path / "theirs", 1234, 4321)
    save_text(tmp_path / "theirs", "new")
    found = (tmp_path / "theirs").stat()
    assert (found.st_uid, found.st_gid, (tmp_path / "theirs").read_text()) == (1234, 4321, "new")


IN_A_CLOSED_FOLDER = """
import sys
from pathlib import Path
from glyphlens.commands.output import check_writable
from glyphlens.core.storage import save_text, writing
path = Path(sys.argv[1])
check_writable(path)
try:
    with writing(path) as partial:
        partial.write_text("half")
        raise KeyError
except KeyError:
    print(path.read_text())
save_text(path, "new")
"""


def test_a_file_in_a_folder_that_is_closed_is_written(tmp_path: Path) -> None:
    """Who may write a file but not its folder cannot replace it."""
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "open").write_text("old")
    folder.chmod(0o555)
    prefix = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    command = [*prefix, sys.executable, "-c", IN_A_CLOSED_FOLDER, folder / "open"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "old\n" and (folder / "open").read_text() == "new"
    assert [entry.name for entry in folder.iterdir()] == ["open"]
    folder.chmod(0o755)


def test_a_file_of_several_names_is_cut_off_from_the_others(tmp_path: Path) -> None:
    """Snapshots (``cp -al``) and caches share files that way, and must never change."""
    (tmp_path / "snapshot").write_text("old")
    (tmp_path / "output").hardlink_to(tmp_path / "snapshot")
    save_text(tmp_path / "output", "new")
    assert ((tmp_path / "snapshot").read_text(), (tmp_path / "output").read_text()) == ("old", "new")


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    save_text(tmp_path / ("é" * 127), "x")
    assert (tmp_path / ("é" * 127)).read_text() == "x"
