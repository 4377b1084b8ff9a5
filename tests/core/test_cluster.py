"""Two workers of Dask on loopback do what processes here do; what cannot be used is refused by name."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glyphlens.core import cluster
from glyphlens.core.cluster import require_safe, scheduler_address
from glyphlens.core.errors import GlyphlensError, InputError, ParamsError
from glyphlens.core.extras import MissingPackageError
from glyphlens.core.shards import map_shards
from glyphlens.imaging.raster import DiacriticRule
from glyphlens.tracks.arabic.glyphs.glyph_drawing import draw_glyphs, read_glyphs
from glyphlens.tracks.arabic.glyphs.variant_set import VariantParams, draw_variants
from tests.checkout import ROOT
from tests.core.cluster_work import die, doubled, refuse, slowly_told
from tests.dask_cluster import DaskCluster, dask_cluster
from tests.forged_glyphs import forge_glyphs, forged_tables
from tests.ports import reserved_port

RULE = DiacriticRule(diacritic_rule="ratio", diacritic_ratio=0.25)
COPIES = VariantParams(copies=3, slant=0.15, width=0.12, weight=0.02, jitter=0.006)
PARAMS = "cluster:\n  scheduler: {}\n"


def name_scheduler(folder: Path, address: str) -> None:
    (folder / "params.yaml").write_text(PARAMS.format(address), encoding="utf-8")


# ── which addresses are connected to ─────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "address",
    ["tcp://127.0.0.1:8786", "tcp://127.1.2.3:1", "tcp://[::1]:8786", "tcp://localhost:8786", "tls://node1:8786"],
)
def test_loopback_and_tls_are_safe(address: str) -> None:
    assert require_safe(address) == address


@pytest.mark.parametrize(
    "address", ["tcp://node1:8786", "tcp://10.0.0.1:8786", "tcp://0.0.0.0:8786", "tcp://127.0.0.1.example.org:8786"]
)
def test_plain_tcp_to_others_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"runs code on its workers; use tcp://127\.0\.0\.1:PORT.*or tls://HOST:PORT"):
        require_safe(address)


@pytest.mark.parametrize("address", ["", "127.0.0.1:8786", "tcp://127.0.0.1", "ws://127.0.0.1:8786", "inproc://1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not the address of a Dask scheduler"):
        require_safe(address)


def test_params_yaml_names_the_scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert scheduler_address() is None
    name_scheduler(tmp_path, "null")
    assert scheduler_address() is None
    name_scheduler(tmp_path, "tls://node1:8786")
    assert scheduler_address() == "tls://node1:8786"
    name_scheduler(tmp_path, "tcp://node1:8786")
    with pytest.raises(ParamsError, match=r"cluster\.scheduler: .*plain tcp.*found 'tcp://node1:8786'"):
        scheduler_address()


def test_a_missing_package_is_told_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "distributed", None)
    name_scheduler(tmp_path, f"tcp://127.0.0.1:{reserved_port()}")
    with pytest.raises(MissingPackageError, match=r"pip install 'glyphlens\[cluster\]'"):
        list(map_shards(doubled, range(2), 2, "doubling"))


# ── what a cluster gives ─────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("repository")
    with dask_cluster(folder, tmp_path_factory.mktemp("scratch"), workers=2) as running:
        name_scheduler(folder, running.address)
        yield running


@pytest.fixture
def on_two_workers(two_workers: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> DaskCluster:
    monkeypatch.chdir(two_workers.folder)
    return two_workers


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_from_other_processes(on_two_workers: DaskCluster, workers: int) -> None:
    found = list(map_shards(slowly_told, range(30), workers, "telling"))
    assert [number for number, _ in found] == [*range(30)]
    assert len({process for _, process in found} - {os.getpid()}) == 2
    assert list(map_shards(doubled, [], workers, "none")) == []
    assert [*on_two_workers.folder.glob(".cluster*")] == []


def test_glyphs_and_copies_are_the_same_bytes(on_two_workers: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glyphlens.tracks.arabic.glyphs.glyph_drawing.GLYPHS_PER_SHARD", 3)
    monkeypatch.setattr("glyphlens.tracks.arabic.glyphs.variant_set.GLYPHS_PER_SHARD", 3)
    database = forge_glyphs(on_two_workers.folder / "glyphs", *forged_tables()).relative_to(on_two_workers.folder)
    database /= "glyphs.db"

    def drawn() -> list[bytes]:
        glyphs = draw_glyphs(database, read_glyphs(database), RULE, 2)
        variants = draw_variants(database, glyphs.rows, 1, COPIES, 2)
        frame = glyphs.rows.to_csv().encode()
        return [frame, *(array.tobytes() for array in (glyphs.packed_NHB, *variants))]

    away = drawn()
    name_scheduler(on_two_workers.folder, "null")
    here = drawn()
    name_scheduler(on_two_workers.folder, on_two_workers.address)
    assert away == here


def test_a_killed_worker_loses_nothing(on_two_workers: DaskCluster) -> None:
    results = map_shards(slowly_told, range(60), 2, "telling")
    found = [next(results) for _ in range(5)]
    os.kill(found[-1][1], signal.SIGKILL)
    found += results
    assert [number for number, _ in found] == [*range(60)]


def test_a_shard_that_kills_every_worker_is_given_up(on_two_workers: DaskCluster) -> None:
    with pytest.raises(GlyphlensError, match="dying: every worker.*one of the shards died.*lack of memory"):
        list(map_shards(die, range(1), 2, "dying"))


def test_an_error_of_a_shard_is_passed_on(on_two_workers: DaskCluster) -> None:
    with pytest.raises(InputError, match="^row 0 is bad$"):
        list(map_shards(refuse, range(4), 2, "refusing"))


# ── what is refused ──────────────────────────────────────────────────────────────────────────
def test_a_worker_that_differs_is_named_with_what_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    changed = tmp_path / "src"
    shutil.copytree(ROOT / "src/glyphlens", changed / "glyphlens", ignore=shutil.ignore_patterns("__pycache__"))
    with (changed / "glyphlens/core/errors.py").open("a", encoding="utf-8") as file:
        file.write("CHANGED = 1\n")
    away, scratch, here = (tmp_path / name for name in ("away", "scratch", "here"))
    for folder in (away, scratch, here):
        folder.mkdir()
    with dask_cluster(away, scratch, workers=1, threads=2, first_path=str(changed)) as running:
        name_scheduler(here, running.address)
        monkeypatch.chdir(here)
        with pytest.raises(GlyphlensError, match=r"worker tcp://127.*mend that and start it again") as caught:
            list(map_shards(doubled, range(4), 2, "doubling"))
    for words in ("code of glyphlens is", "it has 2 threads", f"it runs in {away}, not {here}"):
        assert words in str(caught.value)


def test_a_scheduler_that_is_not_there_or_has_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cluster, "CONNECT_S", 2)
    monkeypatch.setattr(cluster, "PATIENCE_S", 2)
    name_scheduler(tmp_path, f"tcp://127.0.0.1:{reserved_port()}")
    with pytest.raises(GlyphlensError, match=r"no Dask scheduler answers.*set cluster\.scheduler.*to null"):
        list(map_shards(doubled, range(2), 2, "doubling"))
    with dask_cluster(tmp_path, tmp_path, workers=0) as running:
        name_scheduler(tmp_path, running.address)
        with pytest.raises(GlyphlensError, match="no worker in 2 s; start some: `dask worker"):
            list(map_shards(doubled, range(2), 2, "doubling"))


# ── certificates ─────────────────────────────────────────────────────────────────────────────
def test_tls_works_with_certificates_only_and_a_lost_scheduler_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed, dask = pytest.importorskip("distributed"), pytest.importorskip("dask")
    monkeypatch.chdir(tmp_path)
    name_scheduler(tmp_path, "tls://127.0.0.1:1")
    with pytest.raises(
        InputError, match="Dask knows no certificates; name them by DASK_DISTRIBUTED__COMM__TLS__CA_FILE"
    ):
        list(map_shards(doubled, range(2), 2, "doubling"))

    made = distributed.Security.temporary()
    for name, text in (
        ("ca.pem", made.tls_ca_file),
        ("cert.pem", made.tls_client_cert),
        ("key.pem", made.tls_client_key),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    authority, certificate, key = (str(tmp_path / name) for name in ("ca.pem", "cert.pem", "key.pem"))
    options = ("--tls-ca-file", authority, "--tls-cert", certificate, "--tls-key", key)
    settings = {"ca-file": authority, "client.cert": certificate, "client.key": key}
    with (
        dask.config.set({f"distributed.comm.tls.{name}": value for name, value in settings.items()}),
        dask_cluster(tmp_path, tmp_path, workers=1, scheme="tls", options=options) as running,
    ):
        name_scheduler(tmp_path, running.address)
        results = map_shards(slowly_told, range(100), 2, "telling")
        assert [next(results)[0] for _ in range(3)] == [0, 1, 2]
        running.processes[0].kill()
        with pytest.raises(GlyphlensError, match=r"the scheduler at tls://.* or all of its workers were lost"):
            list(results)


class LostConnection:
    """A connection that cannot be closed, as of a scheduler that went away amid an answer."""

    def close(self) -> None:
        raise AssertionError("IOStream is not idle; cannot convert to SSL")


def test_a_connection_that_cannot_be_closed_hides_no_error() -> None:
    lost: Any = LostConnection()
    with pytest.raises(GlyphlensError, match="no worker"), cluster.closing_after(lost):
        raise GlyphlensError("no worker")
    with pytest.raises(AssertionError, match="not idle"), cluster.closing_after(lost):
        pass
