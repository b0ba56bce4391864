//! The table, and opening and creating by suffix.

use super::output::tests::Memory;
use super::*;
use crate::frame::{Frame, Id};
use crate::message::Timestamp;
use std::io::Cursor;

const NO_OPTIONS: [(&str, &str); 0] = [];

fn message() -> Message {
    let frame = Frame::data(Id::standard(0x123).expect("fits"), &[1]).expect("valid");
    Message::received(frame, Timestamp::ZERO)
}

#[test]
fn a_reader_stays_at_the_end() {
    // An iterator that would go on after its end.
    let mut calls = 0;
    let messages = std::iter::from_fn(move || {
        calls += 1;
        (calls != 2).then(|| Ok(message()))
    });
    let mut log = LogReader {
        messages: Source::Here(Box::new(messages)),
        format: candump::FORMAT,
        report: Arc::default(),
    };
    assert_eq!(log.format().name, "candump");
    assert!(log.next().is_some());
    assert!(log.next().is_none());
    assert!(log.next().is_none());
}

#[test]
fn streams_are_read_and_written_by_suffix() {
    for suffix in [".log", "log", "candump", ".log.gz", "candump.gz"] {
        let memory = Memory::default();
        let output = Output::new(memory.clone());
        let mut log = write(suffix, output, NO_OPTIONS).expect("a format");
        assert_eq!(log.format().name, "candump");
        log.on_batch(&[message(); 3]).expect("written");
        log.finish().expect("complete");
        assert_eq!(log.file_size(), memory.bytes().len() as u64);
        let input = Input::new("stream", Cursor::new(memory.bytes()));
        let log = read(suffix, input, NO_OPTIONS).expect("a format");
        let report = log.report();
        let read: Result<Vec<Message>> = log.collect();
        assert_eq!(read.expect("no errors").len(), 3);
        assert_eq!(report.bytes(), memory.bytes().len() as u64);
    }
    let input = Input::new("stream", Cursor::new("(0.0) can0 123#\n"));
    let error = read(".log.gz", input, NO_OPTIONS).err().expect("refused");
    assert!(
        error
            .to_string()
            .starts_with("stream: it is not compressed")
    );
    for (name, told) in [
        ("", "no log format is called \"\"; there are asc, blf"),
        (".lug.gz", "no log format is called \".lug.gz\""),
        (
            "candup",
            "no log format is called \"candup\"; did you mean candump?",
        ),
    ] {
        let input = Input::new("stream", Cursor::new(""));
        let error = read(name, input, NO_OPTIONS).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().starts_with(told), "{error}");
    }
    let input = Input::new("stdin", Cursor::new(""));
    let error = read("text", input, NO_OPTIONS).err().expect("refused");
    let told = "stdin: .txt files cannot be read; .asc";
    assert!(error.to_string().starts_with(told), "{error}");
    assert!(error.to_string().ends_with(" can"), "{error}");
    assert_eq!(listed(&[".a", ".b", ".c"]), ".a, .b and .c");
    assert_eq!(listed(&[".a", ".b"]), ".a and .b");
    assert_eq!(listed(&[".a"]), ".a");
}

#[test]
fn a_wrong_option_costs_no_existing_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.log");
    std::fs::write(&path, "(0.0) can0 123#\n").expect("written");
    let error = create(&path, [("chanel", "1")]).err().expect("refused");
    assert_eq!(
        error.to_string(),
        "writer of .log has no option chanel; did you mean channel?"
    );
    let error = open(&path, [("x", "1")]).err().expect("refused");
    assert_eq!(
        error.to_string(),
        "reader of .log has no option x; it takes encoding"
    );
    assert!(append(&path, [("direction", "maybe")]).is_err());
    let read: Result<Vec<Message>> = open(&path, NO_OPTIONS).expect("there").collect();
    assert_eq!(read.expect("untouched").len(), 1);
}

#[test]
fn logs_are_created_continued_and_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a.log", "a.log.gz"] {
        let path = folder.path().join(name);
        for total in 1..=3 {
            let mut log = append(&path, NO_OPTIONS).expect("open");
            log.on_message(&message()).expect("written");
            log.finish().expect("complete");
            let reader = open(&path, NO_OPTIONS).expect("there");
            let report = reader.report();
            assert_eq!(reader.count(), total);
            let size = std::fs::metadata(&path).expect("there").len();
            assert_eq!((report.size(), report.bytes()), (size, size));
            assert_eq!(log.file_size(), size);
        }
        create(&path, NO_OPTIONS)
            .expect("open")
            .finish()
            .expect("complete");
        assert_eq!(open(&path, NO_OPTIONS).expect("there").count(), 0);
    }
}

#[test]
fn a_log_that_is_dropped_without_an_end_is_whole_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a.log", "a.log.gz", "a.txt"] {
        let path = folder.path().join(name);
        let mut log = create(&path, NO_OPTIONS).expect("open");
        log.on_message(&message()).expect("written");
        drop(log);
        assert!(
            std::fs::metadata(&path).expect("there").len() > 20,
            "{name}"
        );
        if name != "a.txt" {
            let reader = open(&path, NO_OPTIONS).expect("there");
            let report = reader.report();
            assert_eq!((reader.count(), report.is_truncated()), (1, false));
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_error_of_writing_names_the_file() {
    // A device that is always full.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("full.log");
    std::os::unix::fs::symlink("/dev/full", &path).expect("linked");
    let mut log = create(&path, NO_OPTIONS).expect("open");
    log.on_message(&message()).expect("buffered");
    for error in [
        log.flush(),
        log.on_batch(&vec![message(); 5000]),
        log.finish(),
    ] {
        let error = error.expect_err("no space");
        assert_eq!(error.kind(), ErrorKind::Io);
        let told = error.to_string();
        assert!(told.starts_with(&format!("{}: ", path.display())), "{told}");
        assert!(told.contains("os error 28"), "{told}");
    }
}

fn third_party(name: &'static str, extension: &'static str) -> Format {
    Format {
        name,
        extension,
        summary: "a format of another crate",
        read: None,
        ..candump::FORMAT
    }
}

#[test]
fn a_format_of_another_crate_is_found_by_its_suffix() {
    register(third_party("third", ".third")).expect("free");
    let (format, gzip) = find(Path::new("folder/drive.THIRD.gz")).expect("registered");
    assert_eq!((format.name, gzip), ("third", true));
    assert!(all().iter().any(|format| format.name == "third"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("drive.third");
    create(&path, NO_OPTIONS)
        .expect("created")
        .finish()
        .expect("complete");
    let error = open(&path, NO_OPTIONS).err().expect("it is only written");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(
        error
            .to_string()
            .contains("drive.third: .third files cannot be read; .asc"),
        "{error}"
    );
}

#[test]
fn names_and_suffixes_are_registered_once_and_look_like_suffixes() {
    register(third_party("once", ".once")).expect("free");
    for (name, suffix) in [
        ("once", ".other"),
        ("other", ".once"),
        ("candump", ".other"),
        ("other", ".log"),
        ("other", "other"),
        ("other", "."),
        ("other", ".Other"),
    ] {
        let error = register(third_party(name, suffix)).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name} {suffix}");
    }
    register(third_party("x", ".x")).expect("one letter is enough");
}

#[test]
fn a_suffix_that_no_format_has_gets_the_nearest_or_the_list() {
    let told = |name: &str| find(Path::new(name)).expect_err("unknown").to_string();
    assert_eq!(
        told("a/b.bfl"),
        "a/b.bfl: no log format has the suffix \".bfl\"; did you mean .blf?"
    );
    // A name that is nothing but a suffix has none.
    for name in ["drive", ".log", "drive.gz", "folder.log/drive"] {
        assert!(
            told(name).contains("there are .asc, .blf, .log, "),
            "{}",
            told(name)
        );
    }
    assert!(find(Path::new("a.log")).is_ok());
}

#[test]
fn a_log_passes_on_what_its_writer_says_of_errors_and_losses() {
    struct Says(bool);
    impl Listener for Says {
        fn on_message(&mut self, _message: &Message) -> Result<()> {
            Ok(())
        }
        fn on_error(&mut self, _error: &Error) -> bool {
            self.0
        }
        fn dropped(&self) -> u64 {
            7
        }
    }
    for deals_with_it in [false, true] {
        let mut log = LogWriter {
            listener: Box::new(Says(deals_with_it)),
            name: "says".into(),
            format: candump::FORMAT,
            fidelity: candump::FORMAT.fidelity,
            written: Arc::default(),
        };
        assert_eq!(log.on_error(&Error::invalid("x")), deals_with_it);
        assert_eq!(log.dropped(), 7);
    }
}

#[test]
fn a_wrong_option_value_costs_no_existing_log() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, option) in [
        ("a.blf", ("tz", "Nowhere/Land")),
        ("a.log", ("channel", "a b")),
    ] {
        let path = folder.path().join(name);
        let mut log = create(&path, NO_OPTIONS).expect("created");
        log.on_message(&message()).expect("written");
        log.finish().expect("complete");
        let before = std::fs::read(&path).expect("there");
        for start in [create, append] {
            let error = start(&path, [option]).err().expect("refused");
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains(name), "{error}");
            assert_eq!(std::fs::read(&path).expect("there"), before);
        }
        let new = folder.path().join(format!("new-{name}"));
        assert!(create(&new, [option]).is_err());
        assert!(!new.exists());
    }
}

#[test]
fn a_file_of_any_name_is_continued_and_read_by_the_name_of_its_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("no suffix");
    for count in 1..3 {
        let mut log = append_as("blf", &path, NO_OPTIONS).expect("a format");
        log.on_message(&message()).expect("written");
        log.finish().expect("complete");
        let log = open_as("blf", &path, NO_OPTIONS).expect("a format");
        assert_eq!(log.count(), count);
    }
}

#[test]
fn what_can_seek_gets_the_same_bytes_as_a_file() {
    struct Shared(Arc<Mutex<Cursor<Vec<u8>>>>);
    impl std::io::Write for Shared {
        fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("not broken").write(buffer)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    impl std::io::Seek for Shared {
        fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
            self.0.lock().expect("not broken").seek(to)
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    for format in ["blf", "mf4"] {
        let place = Arc::new(Mutex::new(Cursor::new(Vec::new())));
        let output = Output::seekable(Shared(Arc::clone(&place)));
        let path = folder.path().join("log").with_extension(format);
        let mut stored = write(format, output, NO_OPTIONS).expect("a format");
        let mut file = create(&path, NO_OPTIONS).expect("a format");
        for log in [&mut stored, &mut file] {
            log.on_batch(&[message(); 3]).expect("written");
            log.finish().expect("complete");
        }
        let bytes = place.lock().expect("not broken").get_ref().clone();
        assert!(bytes == std::fs::read(&path).expect("a file"), "{format}");
    }
}
