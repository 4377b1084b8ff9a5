import pytest

from glyphlens.core.errors import InputError
from glyphlens.sources.etl.sets import SETS, chosen_sets, set_of

# The published totals, ETL6 as its files have it.
TOTALS = {
    "ETL1": 141_319, "ETL2": 52_796, "ETL3": 9_600, "ETL4": 6_120, "ETL5": 10_608, "ETL6": 159_045, "ETL7": 33_600,
    "ETL8B": 153_916, "ETL8G": 153_916, "ETL9B": 610_236, "ETL9G": 607_200,
}  # fmt: skip


def test_the_files_add_up_to_the_published_totals():
    assert {name: each.records for name, each in SETS.items()} == TOTALS
    assert sum(len(each.files) for each in SETS.values()) == len(
        {name for each in SETS.values() for name in each.files}
    )


def test_models_are_the_last_records_of_their_file():
    for name, models in {"ETL8B": 956, "ETL8G": 956, "ETL9B": 3_036}.items():
        each = SETS[name]
        assert each.models is not None
        file, first = each.models
        assert each.files[file] + each.record.dummies - first == models


def test_names_in_any_case():
    name, each = set_of("etl9g_07") or ("", None)
    assert name == "ETL9G_07" and each is SETS["ETL9G"]
    assert set_of("ETL9G_51") is None and set_of("ETL9G_07.png") is None


def test_choice():
    assert [each.name for each in chosen_sets(["etl9g", "ETL1"])] == ["ETL1", "ETL9G"]
    assert len(chosen_sets([])) == 11
    with pytest.raises(InputError, match="no ETL set named ETL10; there are ETL1, ETL2.*ETL9G"):
        chosen_sets(["ETL10"])
