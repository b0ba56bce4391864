//! `canbus logconvert`.

use crate::bus::numbers;
use crate::tool::{folder, log_of, names, read, run, write};
use std::fs;

/// A line of every kind that candump's format has, as we write it.
const KINDS: &str = "\
(1600000000.000001) can0 123#0102030405060708 R
(1600000000.000002) can1 123# T
(1600000000.100000) can1 18FF50E5#R5 T
(1600000000.100001) can0 7FF#R R
(1600000000.200000) can0 00000123##3AABBCC R
(1600000000.200001) can15 123##0 T
(1600000000.300000) can0 20000080#
(1600000001.400000) can0 123#0011223344556677 R
";

#[test]
fn there_and_back_nothing_is_lost() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", KINDS);
    for (from, to) in [
        ("a.log", "b.blf"),
        ("b.blf", "c.log.gz"),
        ("c.log.gz", "d.blf"),
        ("d.blf", "e.log"),
    ] {
        let done = run(at, &format!("logconvert {from} {to}"));
        done.expect(0, "8 frames in ")
            .expect(0, &format!("; {to}: "));
        assert_eq!(done.stdout, "");
        assert!(!done.stderr.contains('\u{1b}'), "{}", done.stderr);
        assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
    }
    assert_eq!(read(at, "e.log"), KINDS);
}

#[test]
fn many_frames_keep_their_order() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", &log_of(10_000));
    run(at, "logconvert a.log b.blf").expect(0, "10000 frames");
    run(at, "logconvert b.blf c.log").expect(0, "10000 frames");
    assert_eq!(read(at, "c.log"), read(at, "a.log"));
}

#[test]
fn a_damaged_log_is_converted_as_far_as_it_is_intact() {
    let folder = folder();
    let at = folder.path();
    let damaged = log_of(600).replace("00000003 R\n", "00000003 R\nnonsense\n");
    write(at, "a.log", &damaged);
    let done = run(at, "logconvert a.log b.log");
    done.expect(1, "warning: a.log, line 5: ")
        .expect(1, "600 frames in");
    done.expect(1, "; 1 damaged place\n");
    assert_eq!(read(at, "b.log"), log_of(600));
}

#[test]
fn only_the_first_damaged_places_are_shown_and_all_are_counted() {
    let folder = folder();
    let at = folder.path();
    for (places, hint) in [(10, 0), (11, 1), (25, 1)] {
        write(
            at,
            "a.log",
            &format!("{}{}", "nonsense\n".repeat(places), log_of(1)),
        );
        let done = run(at, "logconvert a.log b.log");
        done.expect(1, "1 frame in ")
            .expect(1, &format!("; {places} damaged places\n"));
        let count = |text: &str| done.stderr.matches(text).count();
        assert_eq!(count("warning: a.log, line "), 10);
        assert_eq!(count("only counted"), hint, "{}", done.stderr);
    }
}

#[test]
fn a_frame_of_an_unsupported_kind_is_told_and_the_rest_converted() {
    let folder = folder();
    let at = folder.path();
    write(
        at,
        "a.log",
        &format!("(1.0) can0 123#81:00:12345678#0102\n{}", log_of(2)),
    );
    let done = run(at, "logconvert a.log b.log");
    done.expect(1, "CAN XL")
        .expect(1, "2 frames in")
        .expect(1, "; 1 unsupported frame\n");
    assert_eq!(read(at, "b.log"), log_of(2));
}

#[test]
fn a_cut_end_is_no_damage_but_is_told() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", &format!("{}(160000", log_of(3)));
    let done = run(at, "logconvert a.log b.log");
    done.expect(0, "note: a.log ends in the middle of a record")
        .expect(0, "3 frames in");
    assert_eq!(read(at, "b.log"), log_of(3));
    run(at, "logconvert b.log c.blf").expect(0, "3 frames");
    let blf = fs::read(at.join("c.blf")).expect("written");
    fs::write(at.join("d.blf"), &blf[..blf.len() - 5]).expect("written");
    run(at, "logconvert d.blf e.log").expect(0, "note: d.blf ends in the middle of a record");
}

#[test]
fn records_that_are_no_frames_are_counted() {
    let folder = folder();
    let at = folder.path();
    write(
        at,
        "a.log",
        &format!("# a comment\n# another\n{}", log_of(1)),
    );
    run(at, "logconvert a.log b.log").expect(0, "; 2 other records passed over\n");
}

#[test]
fn a_file_is_not_converted_onto_itself() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", &log_of(3));
    #[cfg(unix)]
    std::os::unix::fs::symlink("a.log", at.join("link.log")).expect("a link");
    fs::hard_link(at.join("a.log"), at.join("hard.log")).expect("a link");
    for other in ["a.log", "./a.log", "link.log", "hard.log"] {
        run(at, &format!("logconvert a.log {other}")).expect(2, "are the same file");
        run(at, &format!("logconvert -s 10 a.log {other}")).expect(2, "are the same file");
    }
    assert_eq!(read(at, "a.log"), log_of(3));
}

#[test]
fn a_channel_that_the_format_cannot_name_costs_its_frames_alone() {
    let folder = folder();
    let at = folder.path();
    write(
        at,
        "a.csv",
        "timestamp,arbitration_id,extended,remote,error,dlc,data,channel,is_rx,is_fd,\
         bitrate_switch,error_state_indicator,raw_dlc\n\
         1.0,0x123,0,0,0,1,AQ==,can0,1,0,0,0,\n\
         2.0,0x124,0,0,0,1,AQ==,front left,1,0,0,0,\n\
         3.0,0x125,0,0,0,1,AQ==,can0,1,0,0,0,\n",
    );
    let done = run(at, "logconvert a.csv b.log");
    done.expect(1, "a name without blanks, not \"front left\"")
        .expect(1, "2 frames in");
    let expected = "(1.000000) can0 123#01 R\n(3.000000) can0 125#01 R\n";
    assert_eq!(read(at, "b.log"), expected);
}

#[test]
fn what_is_not_of_the_format_leaves_no_file() {
    let folder = folder();
    let at = folder.path();
    write(
        at,
        "a.blf",
        "this is no BLF file, but it is long enough to be looked at",
    );
    run(at, "logconvert a.blf b.log").expect(1, "a.blf");
    run(at, "logconvert a.xyz b.log").expect(2, "no log format has the suffix \".xyz\"");
    write(at, "a.log", &log_of(1));
    write(at, "c.txt", "");
    run(at, "logconvert c.txt b.log").expect(2, "c.txt: .txt files cannot be read; .asc");
    run(at, "player -i virtual c.txt").expect(2, ".txt files cannot be read; .asc");
    fs::remove_file(at.join("c.txt")).expect("it is there");
    run(at, "logconvert a.log b.xyz").expect(2, "no log format has the suffix \".xyz\"");
    run(at, "logconvert a.log b.blf --writer compresion_level=1")
        .expect(2, "did you mean compression_level?");
    run(at, "logconvert a.log b.blf --writer compression_level=99").expect(2, "from -1 to 9");
    run(at, "logconvert a.log b.blf --reader nothing=1").expect(2, "has no option nothing");
    assert_eq!(names(at), ["a.blf", "a.log"]);
}

#[test]
fn options_reach_reader_and_writer() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", &log_of(2000));
    run(
        at,
        "logconvert a.log small.blf --writer compression_level=9",
    )
    .expect(0, "");
    run(
        at,
        "logconvert a.log large.blf --writer compression-level=0 --writer max_container_size=4096",
    )
    .expect(0, "");
    let size = |name: &str| fs::metadata(at.join(name)).expect("written").len();
    assert!(size("large.blf") > 2 * size("small.blf"));
    run(at, "logconvert small.blf b.log --reader tz=utc").expect(0, "2000 frames");
    assert_eq!(read(at, "b.log"), log_of(2000));
}

#[test]
fn large_results_are_parted_and_named_as_in_python_can() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", &log_of(1000));
    let done = run(at, "logconvert -s 10000 a.log part.log");
    done.expect(0, "1000 frames")
        .expect(0, "; part.log: ")
        .expect(0, " full files before it\n");
    let mut parts = names(at);
    parts.retain(|name| name != "a.log");
    // "part.log" comes before the full ones in the alphabet.
    parts.rotate_left(1);
    // 1000 lines of 40 bytes, in files of at least 10000.
    assert_eq!(parts.len(), 4, "{parts:?}");
    let mut all = String::new();
    for (count, name) in parts.iter().enumerate() {
        if count < 3 {
            assert!(is_rotated(name, count), "{name}");
            assert_eq!(read(at, name).len(), 10_000);
        } else {
            assert_eq!(name, "part.log");
        }
        all += &read(at, name);
    }
    assert_eq!(all, log_of(1000));
    assert_eq!(numbers(&all), (0..1000).collect::<Vec<_>>());
    // 0 is no size, as in python-can.
    run(at, "logconvert -s 10k a.log again.log").expect(0, "3 full files before it\n");
    run(at, "logconvert --file_size 0 a.log whole.log").expect(0, "; whole.log: 40.0 kB\n");
}

/// `part_2026-05-31T142500_#000.log`
fn is_rotated(name: &str, count: usize) -> bool {
    let shape: String = name
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape == "part_0000-00-00T000000_#000.log" && name.ends_with(&format!("_#{count:03}.log"))
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_fails() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", &log_of(5000));
    std::os::unix::fs::symlink("/dev/full", at.join("full.log")).expect("a link");
    let done = run(at, "logconvert a.log full.log");
    done.expect(1, "canbus logconvert: full.log: No space left on device");
    done.expect(1, "stopped by the error");
}

#[cfg(feature = "parquet")]
#[test]
fn columns_for_analysis_are_a_file_or_a_folder_with_one_for_each_part_of_time() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", KINDS);
    run(at, "logconvert a.log a.parquet")
        .expect(0, "8 frames in ")
        .expect(0, "; a.parquet: ");
    run(at, "logconvert a.log parts.parquet --partition=hour").expect(0, "8 frames in ");
    let part = "parts.parquet/date=2020-09-13/hour=12/part-0000.parquet";
    for file in ["a.parquet", part] {
        let bytes = fs::read(at.join(file)).expect(file);
        assert!(
            bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"),
            "{file}"
        );
    }
    assert_eq!(names(at), ["a.log", "a.parquet", "parts.parquet"]);
    run(at, "logconvert a.log parts.parquet --partition=hour")
        .expect(2, "the folder has content, which is not replaced");
    run(at, "logger -i simulated -n 5 -f b.parquet").expect(0, "; b.parquet: ");
    assert!(
        fs::read(at.join("b.parquet"))
            .expect("there")
            .ends_with(b"PAR1")
    );
    run(at, "logconvert a.parquet b.log").expect(2, "a.parquet: .parquet files cannot be read");
}

#[cfg(not(feature = "parquet"))]
#[test]
fn columns_for_analysis_need_a_feature_and_without_it_nothing_is_touched() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", KINDS);
    write(at, "a.parquet", "before");
    run(at, "logconvert a.log a.parquet").expect(1, "built with its feature parquet");
    assert_eq!(read(at, "a.parquet"), "before");
    assert_eq!(names(at), ["a.log", "a.parquet"]);
}

#[test]
fn what_cannot_be_compressed_is_said_once() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", KINDS);
    let done = run(at, "logconvert a.log a.db.gz");
    done.expect(
        2,
        "a.db.gz: .db files cannot be compressed while they are written",
    );
    assert!(!done.stderr.contains("partial"), "{}", done.stderr);
    assert_eq!(names(at), ["a.log"]);
}

#[test]
fn a_date_that_is_left_out_is_told_of() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", &log_of(3));
    run(at, "logconvert a.log b.asc").expect(0, "3 frames");
    let note = "note: b.asc has a date, but its times are taken to count from 0";
    run(at, "logconvert b.asc c.log").expect(0, note);
    run(at, "inspect b.asc").expect(0, note);
    let done = run(at, "logconvert b.asc d.log --relative_timestamp=false");
    done.expect(0, "3 frames");
    assert!(!done.stderr.contains("note: "), "{}", done.stderr);
    assert_eq!(read(at, "d.log"), read(at, "a.log"));
}

/// python-can's `LogReader` and `Logger` forget their keyword arguments for compressed logs.
#[test]
fn options_are_not_lost_for_gz() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", &log_of(3));
    run(at, "logconvert a.log b.csv.gz --columns=extended").expect(0, "3 frames");
    run(at, "logconvert b.csv.gz c.asc.gz").expect(0, "3 frames");
    run(at, "logconvert c.asc.gz d.log --relative_timestamp=false").expect(0, "3 frames");
    assert_eq!(read(at, "d.log"), read(at, "a.log"));
}

#[test]
fn a_log_without_a_date_among_others_with_one_is_told_of() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", &log_of(3));
    run(at, "logconvert a.log b.asc").expect(0, "3 frames");
    let warning = "b.asc: its times count from 0, those of other logs have dates";
    run(at, "logconvert a.log b.asc c.log").expect(0, warning);
    for good in [
        "a.log b.asc c.log --relative_timestamp=false",
        "a.log c.log d.log",
    ] {
        let done = run(at, &format!("logconvert {good}"));
        done.expect(0, " frames in ");
        assert!(!done.stderr.contains("warning"), "{}", done.stderr);
    }
}
