"""Log files, where python-can's own suite does not look."""

import gzip
import io
import os
import signal
import subprocess
import sys
import threading
import time

import canbus as can
import pytest

SUFFIXES = ["asc", "blf", "csv", "db", "log", "mf4", "trc"]
TEXT = ["asc", "csv", "log", "trc"]


def message(number=0, **arguments):
    given = {
        "timestamp": 1_700_000_000 + number,
        "arbitration_id": 0x100 + number,
        "is_extended_id": False,
        "data": [number % 256, 2, 3],
        "channel": 0,
    }
    return can.Message(**given | arguments)


def write(path, messages, **options):
    with can.Logger(path, **options) as writer:
        for one in messages:
            writer(one)
    return path


def test_every_format_gives_what_was_written(tmp_path):
    messages = [message(number) for number in range(1000)]
    for suffix in SUFFIXES:
        path = write(tmp_path / f"log.{suffix}", messages)
        options = {"relative_timestamp": False} if suffix == "asc" else {}
        with can.LogReader(path, **options) as reader:
            found = list(reader)
        assert len(found) == len(messages), suffix
        for one, other in zip(messages, found):
            assert other.equals(one, 1e-3, check_channel=False), suffix


def test_options_reach_the_reader_of_a_compressed_file(tmp_path):
    path = write(tmp_path / "log.asc.gz", [message()])
    (relative,) = can.LogReader(path)
    (absolute,) = can.LogReader(path, relative_timestamp=False)
    assert relative.timestamp < 1 < absolute.timestamp


def test_appending_to_a_compressed_file_keeps_what_was_there(tmp_path):
    path = write(tmp_path / "log.log.gz", [message(1)])
    write(path, [message(2)], append=True)
    assert [one.arbitration_id for one in can.LogReader(path)] == [0x101, 0x102]


class Kept(io.BytesIO):
    """Gives what was in it when it was closed."""

    def close(self):
        if not self.closed:
            self.kept = self.getvalue()
        super().close()


class KeptText(io.StringIO):
    def close(self):
        if not self.closed:
            self.kept = self.getvalue()
        super().close()


def test_appending_to_a_file_object_keeps_what_is_in_it(tmp_path):
    for suffix in ("blf", "asc", "csv", "log"):
        path = write(tmp_path / f"log.{suffix}", [message(1), message(2)])
        content = path.read_bytes()
        file = Kept(content) if suffix == "blf" else KeptText(content.decode())
        with can.io.MESSAGE_WRITERS[f".{suffix}"](file, append=True) as writer:
            writer(message(3))
            assert writer.file_size() > 0
        kept = io.BytesIO(file.kept) if suffix == "blf" else io.StringIO(file.kept)
        found = [one.arbitration_id for one in can.io.MESSAGE_READERS[f".{suffix}"](kept)]
        assert found == [0x101, 0x102, 0x103], suffix
    # An empty one is begun; what cannot be read is not written over.
    file = Kept()
    with can.BLFWriter(file, append=True) as writer:
        writer(message(1))
    assert len(list(can.BLFReader(io.BytesIO(file.kept)))) == 1
    with pytest.raises(ValueError, match="append"):
        can.BLFWriter(Unseekable(), append=True)


def test_a_log_without_a_known_suffix_is_refused(tmp_path):
    for open_log in (can.Logger, can.LogReader):
        for name in ("log.xyz", "log", "log.gz", "log.xyz.gz"):
            with pytest.raises(ValueError):
                open_log(tmp_path / name)
    for name in ("log.blf.gz", "log.db.gz"):
        with pytest.raises(ValueError):
            can.Logger(tmp_path / name)


class Unseekable(io.RawIOBase):
    """A stream, as a pipe is one."""

    def __init__(self):
        self.written = b""

    def writable(self):
        return True

    def write(self, data):
        self.written += bytes(data)
        return len(data)


def test_blf_is_written_to_anything_that_takes_bytes(tmp_path):
    for file in (Kept(), Unseekable()):
        with can.BLFWriter(file) as writer:
            for number in range(5):
                writer(message(number))
        content = file.kept if isinstance(file, Kept) else file.written
        found = list(can.BLFReader(io.BytesIO(content)))
        assert [one.arbitration_id for one in found] == [0x100 + number for number in range(5)]
    # The header of what can seek is complete: its count of objects is at byte 32.
    path = tmp_path / "log.blf"
    with open(path, "wb") as file:
        writer = can.BLFWriter(file)
        writer(message())
        writer.stop()
    assert int.from_bytes(path.read_bytes()[32:36], "little") == 1


def test_text_is_read_from_text_and_from_bytes(tmp_path):
    for suffix in TEXT:
        path = write(tmp_path / f"log.{suffix}", [message()])
        reader = can.io.MESSAGE_READERS[f".{suffix}"]
        for file in (open(path), open(path, "rb"), io.StringIO(path.read_text())):
            (found,) = reader(file)
            assert found.arbitration_id == 0x100
            assert file.closed


def test_what_a_file_object_raises_comes_out_unchanged():
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    writer = can.CanutilsLogWriter(Full())
    writer(message())
    with pytest.raises(OSError, match="No space left"):
        writer._native.flush()

    class Broken(io.StringIO):
        def read(self, size=-1):
            raise RuntimeError("this one")

    with pytest.raises(RuntimeError, match="this one"):
        list(can.CanutilsLogReader(Broken()))


def test_messages_of_a_pipe_come_as_soon_as_they_are_there():
    source, target = os.pipe()
    came = []
    with open(source) as file:
        reader = threading.Thread(
            target=lambda: came.extend(one.arbitration_id for one in watched(file))
        )

        def watched(file):
            for one in can.CanutilsLogReader(file):
                seen.set()
                yield one

        seen = threading.Event()
        reader.start()
        os.write(target, b"(1.5) can0 123#0102\n")
        assert seen.wait(5)
        os.close(target)
        reader.join(5)
    assert came == [0x123]


def test_nothing_can_be_written_after_the_end(tmp_path):
    for suffix in ["asc", "blf", "csv", "log", "mf4"]:
        writer = can.Logger(tmp_path / f"log.{suffix}")
        writer.stop()
        writer.stop()
        with pytest.raises(ValueError):
            writer(message())


def test_a_writer_that_is_forgotten_loses_nothing(tmp_path):
    for suffix in SUFFIXES:
        path = tmp_path / f"log.{suffix}"
        writer = can.Logger(path)
        writer(message())
        del writer
        (found,) = can.LogReader(path)
        assert found.arbitration_id == 0x100, suffix


def test_what_is_written_reaches_the_disk_within_two_seconds(tmp_path):
    path = tmp_path / "log.log"
    writer = can.Logger(path)
    writer(message(0))
    time.sleep(1.1)
    writer(message(1))
    assert len(path.read_text().splitlines()) == 2
    writer.stop()


def test_can_fd_survives_the_columns_of_python_can(tmp_path):
    frame = message(is_fd=True, bitrate_switch=True, data=bytes(12))
    for suffix in ("csv", "db"):
        (found,) = can.LogReader(write(tmp_path / f"log.{suffix}", [frame]))
        assert (found.is_fd, found.bitrate_switch, found.dlc) == (True, True, 12)


def test_the_version_of_a_trc_file_can_be_chosen(tmp_path):
    path = tmp_path / "log.trc"
    with can.TRCWriter(path) as writer:
        writer.file_version = can.TRCFileVersion.V1_0
        writer(message())
    assert b"FILEVERSION" not in path.read_bytes()
    assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n")
    writer = can.TRCWriter(tmp_path / "other.trc")
    writer.file_version = can.TRCFileVersion.V1_3
    with pytest.raises(NotImplementedError):
        writer(message())
    writer.stop()


def test_subclasses_of_writers_and_readers_are_called(tmp_path):
    class Counting(can.CanutilsLogWriter):
        count = 0

        def on_message_received(self, msg):
            self.count += 1
            super().on_message_received(msg)

    path = tmp_path / "log.log"
    with Counting(path) as writer:
        writer(message())
    assert writer.count == 1

    class Ignoring(can.CanutilsLogReader):
        def __iter__(self):
            return (one for one in super().__iter__() if one.arbitration_id != 0x100)

    assert list(Ignoring(path)) == []


def test_a_damaged_blf_file_is_no_blf_file(tmp_path):
    path = tmp_path / "log.blf"
    path.write_bytes(b"nonsense" * 40)
    with pytest.raises(can.io.blf.BLFParseError):
        can.BLFReader(path)
    with pytest.raises(FileNotFoundError):
        can.LogReader(tmp_path / "missing.blf")


def test_rotation_asks_namer_and_rotator(tmp_path):
    renamed = []
    logger = can.SizedRotatingLogger(tmp_path / "log.blf", max_bytes=2000)
    logger.namer = lambda name: name + ".done"
    logger.rotator = lambda source, dest: renamed.append(dest) or os.rename(source, dest)
    for number in range(200):
        logger(message(number))
    logger.stop()
    assert len(renamed) == logger.rollover_count > 2
    assert all(name.endswith(".done") for name in renamed)
    total = sum(1 for name in renamed for _ in can.BLFReader(name))
    assert total + sum(1 for _ in can.BLFReader(tmp_path / "log.blf")) == 200


def test_threads_may_share_a_writer(tmp_path):
    path = tmp_path / "log.log"
    with can.Logger(path) as writer:
        threads = [
            threading.Thread(target=lambda: [writer(message()) for _ in range(2000)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(1 for _ in can.LogReader(path)) == 8000


def test_the_logger_ends_with_a_complete_file_when_it_is_terminated(tmp_path):
    path = tmp_path / "log.asc"
    program = [sys.executable, "-m", "canbus.logger", "-i", "udp_multicast", "-c", "239.74.163.9"]
    with subprocess.Popen(
        [*program, "-f", str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline().startswith("Connected")
        process.stdout.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert path.read_text().startswith("date")


def test_logconvert_converts_and_refuses(tmp_path):
    source = write(tmp_path / "log.log", [message(number) for number in range(10)])
    target = tmp_path / "log.blf"
    program = [sys.executable, "-m", "canbus.logconvert"]
    subprocess.run([*program, source, target], check=True)
    assert sum(1 for _ in can.LogReader(target)) == 10
    packed = tmp_path / "log.asc.gz"
    subprocess.run([*program, source, packed], check=True)
    assert gzip.decompress(packed.read_bytes()).startswith(b"date")
    wrong = subprocess.run([*program, source], capture_output=True)
    assert wrong.returncode == 22


def convert(*arguments):
    program = [sys.executable, "-m", "canbus.logconvert", *map(str, arguments)]
    ran = subprocess.run(program, capture_output=True, text=True)
    return ran.returncode, ran.stderr


def test_logconvert_converts_all_that_is_intact_and_tells_the_rest(tmp_path):
    damaged = tmp_path / "log.log"
    lines = ["(1.0) can0 123#00", "(2.0) can0 nonsense#00"] + ["(3.0) can0 124#00"] * 600
    damaged.write_text("\n".join(lines) + "\n")
    # By the library alone, and by readers and writers of Python.
    for target in (tmp_path / "log.asc", tmp_path / "log.txt"):
        code, told = convert(damaged, target)
        assert code == 1
        assert "line 2" in told and "601 frames; 1 damaged place" in told
        assert not list(tmp_path.glob("partial-*"))
    assert sum(1 for _ in can.LogReader(tmp_path / "log.asc")) == 601
    assert len((tmp_path / "log.txt").read_text().splitlines()) == 601


def test_logconvert_leaves_out_what_the_target_does_not_hold(tmp_path):
    # BLF has a number of 16 bits for a channel, and counts from 1.
    source = tmp_path / "log.log"
    source.write_text("(1.0) can0 101#00\n(2.0) can70000 102#00\n(3.0) can0 103#00\n")
    target = tmp_path / "log.blf"
    code, told = convert(source, target)
    assert code == 1 and "1 frame not held by the format" in told
    assert [one.arbitration_id for one in can.LogReader(target)] == [0x101, 0x103]


def test_logconvert_touches_nothing_that_is_there_before_it_has_all(tmp_path):
    target = write(tmp_path / "log.blf", [message(5)])
    before = target.read_bytes()
    (tmp_path / "empty.db").write_bytes(b"no database" * 100)
    for source, status in (("missing.log", 1), ("log.xyz", 2), ("log.blf", 2), ("empty.db", 1)):
        if source == "log.xyz":
            (tmp_path / source).touch()
        code, told = convert(tmp_path / source, target)
        assert (code, target.read_bytes()) == (status, before), (source, told)
        assert "error: " in told and "Traceback" not in told
    # Messages are added to a database.
    database = write(tmp_path / "log.db", [message(1)])
    assert convert(target, database)[0] == 0
    assert sum(1 for _ in can.LogReader(database)) == 2


def test_a_reader_knows_the_header_of_its_log(tmp_path):
    path = write(tmp_path / "log.blf", [message(1), message(3)])
    source, target = os.pipe()
    os.write(target, path.read_bytes())
    os.close(target)
    for file in (path, open(path, "rb"), io.BytesIO(path.read_bytes()), os.fdopen(source, "rb")):
        reader = can.BLFReader(file)
        assert (reader.file_size, reader.object_count) == (path.stat().st_size, 2)
        assert (reader.start_timestamp, reader.stop_timestamp) == (1_700_000_001, 1_700_000_003)
        assert len(list(reader)) == 2
    path = write(tmp_path / "log.asc", [message(1)])
    for file in (path, open(path), open(path, "rb"), io.StringIO(path.read_text())):
        reader = can.ASCReader(file, base="dec", relative_timestamp=False)
        assert reader.start_time == 1_700_000_001
        assert reader.date.startswith("Nov ") and reader.timestamps_format == "absolute"
        assert (reader.base, reader.internal_events_logged) == ("hex", True)
        assert [one.timestamp for one in reader] == [1_700_000_001]
    assert can.ASCReader(path).start_time == 0
    path = write(tmp_path / "log.trc", [message(1)])
    for file in (path, open(path), io.StringIO(path.read_text())):
        reader = can.TRCReader(file)
        assert reader.file_version is can.TRCFileVersion.V2_1
        assert list(reader.columns) == ["N", "O", "T", "B", "I", "d", "R", "L", "D"]
        assert abs(reader.start_time.timestamp() - 1_700_000_001) < 0.01
        assert len(list(reader)) == 1
