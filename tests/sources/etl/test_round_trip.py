"""Every format: what the test packs bit by bit comes back as the same pixels, labels, writers and facts."""

import zipfile
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from glyphlens.core.errors import InputError
from glyphlens.sources.etl.finding import find_files
from glyphlens.sources.etl.reading import read
from glyphlens.sources.etl.sets import SETS
from tests.changed_bytes import with_changed_bytes
from tests.sources.etl.etl_records import (
    SHAPES,
    b_record,
    blank,
    c_record,
    g_record,
    k_record,
    m_record,
    write,
)

EXAMPLES = settings(max_examples=6, deadline=None)
# file → record type, packer, code and the character it stands for
FORMATS = {
    "ETL1C_01": ("M", m_record, 0xB1, "ア"),
    "ETL3C_1": ("C", c_record, 0x41, "A"),
    "ETL4C": ("C", c_record, 0xB1, "あ"),
    "ETL5C": ("C", c_record, 0xB1, "ア"),
    "ETL6C_12": ("M", m_record, 0x39, "9"),
    "ETL7LC_1": ("M", m_record, 0xDD, "ん"),
    "ETL7SC_2": ("M", m_record, 0xDE, "゛"),
    "ETL8G_01": ("G8", lambda *a, **k: g_record(*a, **k, image_byte=60), 0x2422, "あ"),
    "ETL9G_50": ("G9", lambda *a, **k: g_record(*a, **k, image_byte=64), 0x3021, "亜"),
}
numbers = st.integers(0, 255)


def images(kind: str, count: int = 2):
    width, height, bits, _ = SHAPES[kind]
    return arrays(np.uint8, (count, height, width), elements=st.integers(0, (1 << bits) - 1))


def read_all(folder, **options):
    (file,) = find_files(folder).files
    return list(read(file, **options))


def test_the_shapes_are_those_of_the_specification():
    records = {each.record for each in SETS.values()}
    shapes = {r.name: (r.width_px, r.height_px, r.depth_bits, r.record_bytes) for r in records}
    assert shapes == SHAPES
    for record in records:
        assert record.image_byte + record.image_bytes <= record.record_bytes
        ends = [(field.bit, field.bit + field.bits) for field in record.fields]
        assert all(end <= start for (_, end), (start, _) in pairwise(ends)), record.name


@pytest.mark.parametrize("name", FORMATS)
@EXAMPLES
@given(data=st.data())
def test_handwritten_sets(tmp_path_factory, name, data):
    kind, pack, code, char = FORMATS[name]
    expected_NHW = data.draw(images(kind))
    writer = data.draw(st.integers(0, 0xFFFF))
    quality, sex, age = data.draw(numbers), data.draw(numbers), data.draw(numbers)
    serial = data.draw(st.integers(0, 2**32 - 1))
    folder = tmp_path_factory.mktemp("etl")
    facts = {"quality": quality, "sex": sex, "age": age, "serial": serial}
    write(folder / name, [pack(image, code, writer, **facts) for image in expected_NHW])

    (records,) = read_all(folder)
    assert records.pixels().dtype == np.uint8
    np.testing.assert_array_equal(records.pixels(), expected_NHW)
    np.testing.assert_array_equal(records.pixels(scaled=True), expected_NHW * 17)
    index = records.index()
    assert list(index) == ["set", "file", "record", "writer", "code", "char", *facts, "mark", "is_model"]
    assert index["char"].tolist() == [char] * 2 and index["code"].tolist() == [code] * 2
    assert index["writer"].tolist() == [writer] * 2 and index["record"].tolist() == [0, 1]
    assert index[list(facts)].iloc[1].to_dict() == facts
    rest = {"industry": 11, "occupation": 12, "collected": 7304, "scanned": 7401, "position_x": 6, "position_y": 5}
    assert {field: records.field(field)[1] for field in rest} == rest


@EXAMPLES
@given(data=st.data())
def test_etl2(tmp_path_factory, data):
    expected_NHW = data.draw(images("K"))
    serial = data.draw(st.integers(0, 2**36 - 1))
    folder = tmp_path_factory.mktemp("etl")
    write(folder / "ETL2_3", [k_record(image, (5, 12), serial, "D", "HRKANA") for image in expected_NHW])
    (records,) = read_all(folder)
    np.testing.assert_array_equal(records.pixels(), expected_NHW)
    np.testing.assert_array_equal(records.pixels(scaled=True), (expected_NHW << 2) | (expected_NHW >> 4))
    assert records.chars.tolist() == ["あ"] * 2 and records.field("serial").tolist() == [serial] * 2
    assert records.field("mark").tolist() == ["D"] * 2 and records.field("text").tolist() == ["HRKANA"] * 2
    assert records.field("style").tolist() == ["MINCHO"] * 2
    assert records.writers.tolist() == [-1, -1]


@pytest.mark.parametrize(("name", "kind"), [("ETL8B2C1", "B8"), ("ETL9B_2", "B9")])
@EXAMPLES
@given(data=st.data())
def test_binary_sets_without_their_dummy(tmp_path_factory, name, kind, data):
    expected_NHW = data.draw(images(kind, 3))
    writer = data.draw(st.integers(0, 0xFFFF))
    folder = tmp_path_factory.mktemp("etl")
    dummy = b"\x5a" * SHAPES[kind][3]
    packed = [b_record(image, 0x2423, writer, length=SHAPES[kind][3]) for image in expected_NHW]
    write(folder / name, [dummy, *packed])
    (records,) = read_all(folder)
    np.testing.assert_array_equal(records.pixels(), expected_NHW)
    np.testing.assert_array_equal(records.pixels(scaled=True), expected_NHW * 255)
    assert records.chars.tolist() == ["ぃ"] * 3 and records.writers.tolist() == [writer] * 3
    assert records.numbers.tolist() == [1, 2, 3] and records.field("text").tolist() == ["AI.M"] * 3
    assert records.index()["age"].tolist() == [-1] * 3


def test_texts_of_the_other_types(tmp_path):
    write(tmp_path / "ETL1C_02", [m_record(blank("M"), 0xB6, 3, text="KA")])
    write(tmp_path / "ETL4C", [c_record(blank("C"), 0xB6, 3, text="H KA")])
    write(tmp_path / "ETL9G_02", [g_record(blank("G9"), 0x2422, 3, text="A\xfe", image_byte=64)])
    texts = [next(read(file)).field("text").tolist() for file in find_files(tmp_path).files]
    assert texts == [["KA"], ["H KA"], ["A\xfe"]]


def test_chunks_and_archives_give_the_same_records(tmp_path):
    rng = np.random.default_rng(0)
    images_NHW = rng.integers(0, 2, (11, 63, 64), dtype=np.uint8)
    packed = [bytes(576), *(b_record(image, 0x2422 + i, i, length=576) for i, image in enumerate(images_NHW))]
    write(tmp_path / "plain/ETL9B_1", packed)
    with zipfile.ZipFile(tmp_path / "ETL9B.ZIP", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ETL9B/etl9b_1", b"".join(packed))
    for place in (tmp_path / "plain", tmp_path / "ETL9B.ZIP"):
        chunks = read_all(place, chunk_records=4)
        assert [(chunk.first, len(chunk)) for chunk in chunks] == [(1, 4), (5, 4), (9, 3)]
        np.testing.assert_array_equal(np.concatenate([chunk.pixels() for chunk in chunks]), images_NHW)
        assert [writer for chunk in chunks for writer in chunk.writers.tolist()] == list(range(11))
        np.testing.assert_array_equal(chunks[1].take(np.array([3, 0])), images_NHW[[7, 4]])


def test_an_archive_with_a_changed_byte_is_read_or_named(tmp_path):
    packed = [bytes(576), b_record(np.eye(63, 64, dtype=np.uint8), 0x2422, 1, length=576)]
    with zipfile.ZipFile(tmp_path / "ETL9B.ZIP", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ETL9B/etl9b_1", b"".join(packed))
    for _ in with_changed_bytes(tmp_path / "ETL9B.ZIP"):
        with suppress(InputError):  # any other error fails
            read_all(tmp_path / "ETL9B.ZIP")


def test_chunks_hold_at_least_one_record(tmp_path):
    write(tmp_path / "ETL4C", [c_record(blank("C"), 0xB6, 3)])
    with pytest.raises(ValueError, match="chunk_records must be ≥ 1, found 0"):
        read_all(tmp_path, chunk_records=0)
