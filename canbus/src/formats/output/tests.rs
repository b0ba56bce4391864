//! Files and streams: written, compressed, continued, completed.

use super::*;
use crate::error::ErrorKind;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// A stream whose bytes can be looked at; for the tests of writers.
#[derive(Clone, Default)]
pub(in crate::formats) struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    pub(in crate::formats) fn bytes(&self) -> Vec<u8> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(in crate::formats) fn text(&self) -> String {
        String::from_utf8(self.bytes()).expect("text")
    }
}

impl Write for Memory {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn file(name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    (folder, path)
}

/// What a compressed file holds, and whether its end is missing.
fn content(path: &Path) -> (Vec<u8>, bool) {
    let mut input = Input::open(path).and_then(Input::gunzip).expect("gzip");
    let mut all = Vec::new();
    input.read_to_end(&mut all).expect("readable");
    (all, input.report().is_truncated())
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).expect("there").len()
}

#[test]
fn a_file_grows_with_each_write_and_its_bytes_are_counted() {
    let (_folder, path) = file("a.log");
    std::fs::write(&path, b"old").expect("written");
    let mut output = Output::open(&path, false, false).expect("open");
    assert!(!output.continues());
    assert_eq!(size(&path), 0);
    output.write_all(b"abc").expect("written");
    assert_eq!(output.written().load(Ordering::Relaxed), 3);
    assert_eq!(std::fs::read(&path).expect("there"), b"abc");
    assert!(output.file().is_some());
    output.finish().expect("complete");
    output.finish().expect("complete already");
    output.flush().expect("nothing to do");
    assert!(output.write(b"d").is_err());
    assert!(output.file().is_none());
    assert_eq!(std::fs::read(&path).expect("there"), b"abc");
}

#[test]
fn a_continued_file_keeps_its_content_and_counts_it() {
    let (_folder, path) = file("a.log");
    for (text, total) in [("one\n", 4), ("two\n", 8)] {
        let mut output = Output::open(&path, false, true).expect("open");
        assert_eq!(output.continues(), total > 4);
        output.end_cut_line().expect("nothing to do");
        output.write_all(text.as_bytes()).expect("written");
        assert_eq!(output.written().load(Ordering::Relaxed), total);
    }
    assert_eq!(std::fs::read(&path).expect("there"), b"one\ntwo\n");
}

#[test]
fn a_cut_last_line_is_ended_before_more_is_written() {
    for gzip in [false, true] {
        let (_folder, path) = file("a.log.gz");
        for text in [b"cut", b"two"] {
            let mut output = Output::open(&path, gzip, true).expect("open");
            output.end_cut_line().expect("written");
            output.write_all(text).expect("written");
            output.finish().expect("complete");
        }
        let all = if gzip {
            content(&path).0
        } else {
            std::fs::read(&path).expect("there")
        };
        assert_eq!(all, b"cut\ntwo");
    }
}

#[test]
fn a_compressed_file_is_whole_once_it_is_finished() {
    let (_folder, path) = file("a.log.gz");
    let mut output = Output::open(&path, true, false).expect("open");
    let written = output.written();
    assert!(output.file().is_none());
    output.write_all(&[b'x'; 1000]).expect("written");
    output.finish().expect("complete");
    output.finish().expect("complete already");
    output.flush().expect("nothing to do");
    assert!(output.write(b"d").is_err());
    assert_eq!(content(&path), (vec![b'x'; 1000], false));
    assert_eq!(written.load(Ordering::Relaxed), size(&path));
    assert!(size(&path) < 100);
}

#[test]
fn what_was_flushed_can_be_read_before_the_compressed_file_is_finished() {
    let (_folder, path) = file("a.log.gz");
    let mut output = Output::open(&path, true, false).expect("open");
    output.write_all(b"first").expect("written");
    output.flush().expect("flushed");
    output.write_all(b"second").expect("written");
    assert_eq!(content(&path), (b"first".to_vec(), true));
    assert_eq!(output.written().load(Ordering::Relaxed), size(&path));
}

#[test]
fn a_continued_compressed_file_gets_another_member() {
    let (_folder, path) = file("a.log.gz");
    for text in ["one\n", "two\n"] {
        let mut output = Output::open(&path, true, true).expect("open");
        assert_eq!(output.continues(), text == "two\n");
        output.end_cut_line().expect("nothing to do");
        output.write_all(text.as_bytes()).expect("written");
        output.finish().expect("complete");
        assert_eq!(output.written().load(Ordering::Relaxed), size(&path));
    }
    assert_eq!(content(&path), (b"one\ntwo\n".to_vec(), false));
}

#[test]
fn a_compressed_file_without_its_end_is_not_continued() {
    let (_folder, path) = file("a.log.gz");
    let mut output = Output::open(&path, true, false).expect("open");
    output.write_all(b"one\n").expect("written");
    output.finish().expect("complete");
    let whole = std::fs::read(&path).expect("there");
    std::fs::write(&path, &whole[..whole.len() - 1]).expect("written");
    let error = Output::open(&path, true, true).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert_eq!(
        error.to_string(),
        format!(
            "{}: the end of the compressed file is missing, so it cannot be continued",
            path.display()
        )
    );
    assert_eq!(size(&path), whole.len() as u64 - 1);
    std::fs::write(&path, b"plain").expect("written");
    let error = Output::open(&path, true, true).err().expect("refused");
    assert!(error.to_string().contains("not compressed with gzip"));
}

#[test]
fn a_stream_gets_plain_or_compressed_bytes() {
    let memory = Memory::default();
    let mut output = Output::new(memory.clone());
    assert!(output.file().is_none() && !output.continues());
    output.write_all(b"abc").expect("written");
    output.finish().expect("complete");
    assert_eq!(memory.text(), "abc");
    assert_eq!(output.written().load(Ordering::Relaxed), 3);

    let memory = Memory::default();
    let mut output = Output::new(memory.clone()).gzip();
    output.write_all(b"abc").expect("written");
    output.finish().expect("complete");
    assert_eq!(memory.bytes()[..2], [0x1F, 0x8B]);
    assert_eq!(
        output.written().load(Ordering::Relaxed),
        memory.bytes().len() as u64
    );
}

#[test]
fn errors_of_opening_name_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    for path in [folder.path().to_path_buf(), folder.path().join("no/a.log")] {
        for append in [false, true] {
            let error = Output::open(&path, false, append).err().expect("refused");
            assert_eq!(error.kind(), ErrorKind::Io);
            let start = format!("{}: ", path.display());
            assert!(error.to_string().starts_with(&start), "{error}");
        }
    }
}

#[test]
fn flushing_reaches_the_stream_behind() {
    /// Has what was flushed, not what was written.
    struct Flushed(Memory, Vec<u8>);

    impl Write for Flushed {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            self.1.extend_from_slice(buffer);
            Ok(buffer.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.write_all(&std::mem::take(&mut self.1))
        }
    }

    let memory = Memory::default();
    let mut output = Output::new(Flushed(memory.clone(), Vec::new()));
    output.write_all(b"one").expect("written");
    assert!(memory.bytes().is_empty());
    output.flush().expect("flushed");
    assert_eq!(memory.text(), "one");
    output.write_all(b"two").expect("written");
    output.finish().expect("completed");
    assert_eq!(memory.text(), "onetwo");
}
