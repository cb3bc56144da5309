"""Tables leave as columns over the same memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import dedup
from dedup.tables import columns, to_arrow

LINE = "The committee said on Friday that the new bridge over the Tarn will open in spring."
RECORDS = [{"id": "ä", "text": f"{LINE}\n\nOther news.\n\n{LINE}"}, {"id": "b", "text": LINE, "source": "x"}]
TABLES = ("articles", "segments", "matches", "clusters", "passages", "relations", "findings")


@pytest.fixture(scope="module")
def report():
    return dedup.scan(dedup.articles_of(RECORDS), jobs=1)


@pytest.mark.parametrize("name", TABLES)
def test_columns_make_a_data_frame(report, name):
    """All columns of a table have the same length, and pandas takes them."""
    found = columns(getattr(report, name))

    frame = pd.DataFrame(found)

    assert list(found) == list(frame.columns)
    assert {len(column) for column in found.values()} == {len(frame)}


def test_columns_are_the_arrays_themselves(report):
    """Nothing is copied where a row of the table is a row."""
    for name in ("matches", "passages", "relations", "segments"):
        table = getattr(report, name)
        assert all(column is getattr(table, key) for key, column in columns(table).items())


def test_findings_have_a_row_a_place(report):
    """Each place says which finding it belongs to, and what that is."""
    found = columns(report.findings)

    lengths = np.diff(report.findings.offsets)
    assert np.repeat(np.arange(len(lengths)), lengths).tolist() == found["finding"].tolist()
    assert np.repeat(report.findings.weights, lengths).tolist() == found["weights"].tolist()


@pytest.mark.parametrize("name", TABLES)
def test_arrow_tables_hold_the_same(report, name):
    """Values are those of the columns; the strings of articles come along; numbers stay where they are in memory."""
    pytest.importorskip("pyarrow")
    table = getattr(report, name)

    arrow = to_arrow(table)

    for key, column in columns(table).items():
        assert column.tolist() == arrow[key].to_pylist()
    if name == "articles":
        assert ["ä", "b"] == arrow["ids"].to_pylist()
        assert ["", "x"] == arrow["sources"].to_pylist()
    if name == "passages":
        address = arrow["left_starts"].chunk(0).buffers()[1].address
        assert table.left_starts.ctypes.data == address
