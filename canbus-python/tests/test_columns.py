"""Logs as columns, in the hands of those who take Arrow."""

import canbus as can
import duckdb
import pandas
import polars
import pyarrow
import pytest

ROWS = 70_000


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """More rows than come in one piece, of all kinds."""
    path = tmp_path_factory.mktemp("columns") / "log.blf"
    with can.BLFWriter(path) as writer:
        for row in range(ROWS):
            writer(
                can.Message(
                    timestamp=1_700_000_000 + row / 1000,
                    arbitration_id=row % 0x800,
                    is_extended_id=row % 3 == 0,
                    is_remote_frame=row % 11 == 0,
                    dlc=row % 9,
                    data=None if row % 11 == 0 else bytes(row % 9),
                    is_fd=row % 5 == 0 and row % 11 != 0,
                    bitrate_switch=row % 10 == 0 and row % 11 != 0,
                    is_rx=row % 4 != 0,
                    channel=row % 12,
                )
            )
    return path


def test_every_value_is_that_of_the_message(log):
    table = pyarrow.table(can.read_columns(log))
    table.validate(full=True)
    assert table.num_rows == ROWS
    for message, row in zip(can.BLFReader(log), table.to_pylist()):
        seconds = row.pop("timestamp").timestamp()
        assert abs(seconds - message.timestamp) < 1e-6
        assert row.pop("channel") == str(message.channel)
        for name, value in row.items():
            assert getattr(message, name) == value, name


def test_polars_pandas_and_duckdb_take_it(log):
    columns = can.read_columns(log)
    assert polars.DataFrame(columns)["arbitration_id"].max() == 0x7FF
    frame = pandas.DataFrame.from_arrow(can.read_columns(log))
    assert len(frame) == ROWS and frame["is_rx"].sum() == ROWS - ROWS // 4
    table = pyarrow.table(columns)
    # By name, as its queries find what they speak of.
    counted = duckdb.sql("select count(*) from columns where is_fd").fetchall()
    assert counted[0][0] == sum(table["is_fd"].to_pylist())


def test_it_can_be_read_again_and_has_a_schema(log):
    columns = can.read_columns(log)
    assert pyarrow.table(columns).equals(pyarrow.table(columns))
    schema = pyarrow.schema(columns)
    assert schema.field("timestamp").type == pyarrow.timestamp("ns", "UTC")


def test_a_missing_channel_is_missing(tmp_path):
    path = tmp_path / "log.csv"
    with can.CSVWriter(path) as writer:
        writer(can.Message(data=b"abc"))
    table = pyarrow.table(can.read_columns(path))
    assert table["channel"].null_count == 1
    assert table["data"].to_pylist() == [b"abc"]


def test_options_are_those_of_the_reader(tmp_path):
    path = tmp_path / "log.asc"
    with can.ASCWriter(path) as writer:
        writer(can.Message(timestamp=1_700_000_000))
    relative = pyarrow.table(can.read_columns(path))["timestamp"][0].value
    absolute = pyarrow.table(can.read_columns(path, relative_timestamp=False))
    assert relative < 10**9 < absolute["timestamp"][0].value
    with pytest.raises(ValueError, match="relative_timestamps"):
        can.read_columns(path, relative_timestamps=False)


def test_damage_is_told_at_once_or_when_it_is_come_to(tmp_path, log):
    with pytest.raises(FileNotFoundError):
        can.read_columns(tmp_path / "missing.blf")
    path = tmp_path / "log.log"
    path.write_text("(1.0) can0 123#00\n(1.0) can0 nonsense#00\n(1.0) can0 123#00\n")
    with pytest.raises(Exception, match="line 2"):
        pyarrow.table(can.read_columns(path))


def test_damage_can_be_passed_over_and_is_counted(tmp_path, caplog):
    path = tmp_path / "log.log"
    lines = ["(1.0) can0 123#00", *["(1.0) can0 nonsense#00"] * 20, "(2.0) can0 124#00"]
    path.write_text("\n".join(lines) + "\n")
    columns = can.read_columns(path, on_error="skip")
    table = pyarrow.table(columns)
    assert table["arbitration_id"].to_pylist() == [0x123, 0x124]
    assert columns.skipped == 20
    assert "line 2" in caplog.text and len(caplog.records) == 11
    assert pyarrow.table(columns).num_rows == 2 and columns.skipped == 20
    with pytest.raises(ValueError, match="on_error"):
        can.read_columns(path, on_error="ignore")


def test_a_stream_that_nobody_reads_is_released(log):
    for _ in range(1000):
        can.read_columns(log).__arrow_c_stream__()
