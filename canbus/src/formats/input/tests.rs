//! Files and streams, whole, cut and damaged.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

const PLAIN: &[u8] = b"(1.000000) can0 001#01 R\n(2.000000) can0 002#02 T\n";

/// `gzip.compress(PLAIN, mtime=0)` of Python.
const COMPRESSED: [u8; 52] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xd3, 0x30, 0xd4, 0x33, 0x00, 0x03,
    0x4d, 0x85, 0xe4, 0xc4, 0x3c, 0x03, 0x05, 0x03, 0x03, 0x43, 0x65, 0x03, 0x43, 0x85, 0x20, 0x2e,
    0x0d, 0x23, 0x74, 0x09, 0x23, 0x65, 0x03, 0x23, 0x85, 0x10, 0x2e, 0x00, 0x2e, 0x35, 0x5f, 0x4d,
    0x32, 0x00, 0x00, 0x00,
];

fn gunzip(bytes: &[u8]) -> Result<Input> {
    Input::new("a.log.gz", io::Cursor::new(bytes.to_vec())).gunzip()
}

/// Everything that an input delivers, and how it ends.
fn drain(mut input: Input) -> (Vec<u8>, Result<()>) {
    let (mut all, mut buffer) = (Vec::new(), [0; 100]);
    loop {
        match input.fill(&mut buffer) {
            Ok(0) => return (all, Ok(())),
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) => {
                assert_eq!(
                    input.fill(&mut buffer).expect("the end"),
                    0,
                    "after an error"
                );
                return (all, Err(error));
            }
        }
    }
}

/// A compressed file without compression: 10 bytes of header, then 5 bytes before the data.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(data).expect("in memory");
    encoder.finish().expect("in memory")
}

#[test]
fn gzip_is_undone_and_compressed_bytes_are_counted() {
    let input = gunzip(&COMPRESSED).expect("gzip");
    let report = input.report();
    let (content, end) = drain(input);
    end.expect("whole");
    assert_eq!(content, PLAIN);
    assert_eq!((report.bytes(), report.size()), (52, 0));
    assert!(!report.is_truncated());
}

#[test]
fn the_members_of_a_compressed_file_follow_one_another() {
    let input = gunzip(&[COMPRESSED, COMPRESSED].concat()).expect("gzip");
    let report = input.report();
    assert_eq!(drain(input).0, [PLAIN, PLAIN].concat());
    assert_eq!(report.bytes(), 104);
    assert!(!report.is_truncated());
}

#[test]
fn of_a_cut_compressed_file_everything_before_the_cut_is_delivered() {
    let whole = stored(PLAIN);
    assert_eq!(whole.len(), 10 + 5 + PLAIN.len() + 8);
    for cut in 0..whole.len() {
        let input = gunzip(&whole[..cut]).expect("gzip as far as it goes");
        let report = input.report();
        let (content, end) = drain(input);
        end.expect("no error");
        let delivered = cut.saturating_sub(15).min(PLAIN.len());
        assert_eq!(content, &PLAIN[..delivered], "cut at {cut}");
        assert!(report.is_truncated(), "cut at {cut}");
    }
}

#[test]
fn a_cut_in_the_second_member_leaves_the_first() {
    for cut in 53..104 {
        let input = gunzip(&[COMPRESSED, COMPRESSED].concat()[..cut]).expect("gzip");
        let report = input.report();
        let (content, end) = drain(input);
        end.expect("no error");
        assert!(content.starts_with(PLAIN) && report.is_truncated());
    }
}

#[test]
fn damage_is_an_error_behind_what_came_before_it() {
    let mut second = stored(PLAIN);
    // The kind of block that there is none of.
    second[10] = 0xFF;
    let (content, end) = drain(gunzip(&[stored(PLAIN), second].concat()).expect("gzip"));
    assert_eq!(content, PLAIN);
    let error = end.expect_err("damaged");
    assert_eq!(error.kind(), ErrorKind::Malformed);
    let told = error.to_string();
    assert!(
        told.starts_with("a.log.gz: the compressed data is damaged: "),
        "{told}"
    );

    let mut wrong_sum = COMPRESSED;
    wrong_sum[44] ^= 1;
    let (content, end) = drain(gunzip(&wrong_sum).expect("gzip"));
    assert_eq!(content, PLAIN);
    assert_eq!(end.expect_err("wrong sum").kind(), ErrorKind::Malformed);
}

#[test]
fn a_plain_file_named_as_a_compressed_one_is_refused() {
    for content in [PLAIN, b"(", b"\x1fx"] {
        let error = gunzip(content).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert_eq!(
            error.to_string(),
            "a.log.gz: it is not compressed with gzip, though its name ends with .gz"
        );
    }
}

#[test]
fn files_have_a_size_and_errors_name_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.log");
    std::fs::write(&path, PLAIN).expect("written");
    let mut input = Input::open(&path).expect("there");
    assert_eq!(input.name(), path.display().to_string());
    assert_eq!((input.report().size(), input.report().bytes()), (50, 0));
    let mut buffer = [0; 20];
    assert_eq!(input.fill(&mut buffer).expect("read"), 20);
    assert_eq!(input.report().bytes(), 20);
    assert_eq!(input.read(&mut buffer).expect("read"), 20);
    assert_eq!(input.report().bytes(), 40);

    let missing = folder.path().join("missing.log");
    for (path, said) in [
        (missing.as_path(), "missing.log: "),
        (folder.path(), ": it is a directory, expected a file"),
    ] {
        let error = Input::open(path).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::Io);
        let told = error.to_string();
        assert!(told.contains(&path.display().to_string()), "{told}");
        assert!(told.contains(said), "{told}");
    }
}

/// Fails as the list says, then ends.
struct Failing(Vec<io::ErrorKind>);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(kind) = self.0.pop() {
            return Err(kind.into());
        }
        buffer[0] = b'x';
        Ok(1)
    }
}

#[test]
fn interruptions_are_passed_over_and_other_errors_name_the_input() {
    let mut buffer = [0; 4];
    let mut input = Input::new("device", Failing(vec![io::ErrorKind::Interrupted; 3]));
    assert_eq!(input.fill(&mut buffer).expect("read"), 1);
    let mut input = Input::new("device", Failing(vec![io::ErrorKind::PermissionDenied]));
    let error = input.fill(&mut buffer).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().starts_with("device: "));
}
