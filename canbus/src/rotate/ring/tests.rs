use super::*;
use crate::frame::{Frame, Id};
use std::fs;
use std::sync::Mutex;

fn message(number: u32) -> Message {
    let frame = Frame::data(Id::standard(1).expect("fits"), &number.to_be_bytes());
    let time = Timestamp::from_nanos(1_700_000_000_000_000_000 + i64::from(number) * 1_000_000);
    Message::received(frame.expect("valid"), time)
}

fn number(message: &Message) -> u32 {
    u32::from_be_bytes(message.frame.payload().try_into().expect("four bytes"))
}

fn feed(ring: &mut RingLogger, numbers: std::ops::Range<u32>) {
    for number in numbers {
        ring.on_message(&message(number)).expect("taken");
    }
}

/// What the files hold, in their order.
fn files(folder: &Path) -> Vec<Vec<u32>> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    let none: [(&str, &str); 0] = [];
    let read = |path: &PathBuf| {
        let log = formats::open(path, none).expect("a log");
        log.map(|message| number(&message.expect("intact")))
            .collect()
    };
    paths.iter().map(read).collect()
}

fn range(numbers: std::ops::Range<u32>) -> Vec<u32> {
    numbers.collect()
}

#[test]
fn a_trigger_writes_what_was_kept_and_what_follows_for_a_while() {
    for suffix in ["log", "blf", "log.gz"] {
        let folder = tempfile::tempdir().expect("a folder");
        let told = Arc::new(Mutex::new(Vec::new()));
        let hook = Arc::clone(&told);
        let mut ring = RingLogger::builder(folder.path().join(format!("a.{suffix}")))
            .last(Duration::from_millis(20))
            .after(Duration::from_millis(10))
            .trigger(|message| number(message) % 100 == 50)
            .on_dump(move |path, count| {
                assert!(path.exists());
                hook.lock().expect("no panic").push(count);
            })
            .start()
            .expect("started");
        feed(&mut ring, 0..49);
        assert_eq!((ring.dumps(), files(folder.path()).len()), (0, 0));
        feed(&mut ring, 49..180);
        ring.finish().expect("complete");
        // 30 is 20 ms before 50, and 60 is 10 ms after it.
        let expected = [range(30..61), range(130..161)];
        assert_eq!(files(folder.path()), expected);
        assert_eq!((ring.dumps(), ring.written(), ring.refused()), (2, 62, 0));
        assert_eq!(*told.lock().expect("no panic"), [31, 31]);
    }
}

#[test]
fn a_trigger_while_a_file_is_written_prolongs_it_and_no_message_is_written_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ring = RingLogger::builder(folder.path().join("a.log"))
        .last(Duration::from_millis(20))
        .after(Duration::from_millis(10))
        .trigger(|message| [50, 58, 75].contains(&number(message)))
        .start()
        .expect("started");
    feed(&mut ring, 0..100);
    ring.finish().expect("complete");
    assert_eq!(files(folder.path()), [range(30..69), range(69..86)]);
}

#[test]
fn memory_is_bounded_by_messages_and_by_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = |builder: RingLoggerBuilder| builder.start().expect("started");
    let builder = || RingLogger::builder(folder.path().join("a.log")).after(Duration::ZERO);
    let mut ring = start(builder().last_messages(100));
    feed(&mut ring, 0..10_000);
    assert_eq!((ring.kept(), ring.kept.capacity()), (100, 100));
    let mut ring = start(
        builder()
            .memory(1000 * size_of::<Message>())
            .last(Duration::MAX),
    );
    feed(&mut ring, 0..10_000);
    assert_eq!((ring.kept(), ring.kept.capacity()), (1000, 1000));
    ring.trigger().fire();
    ring.finish().expect("complete");
    assert_eq!(files(folder.path()), [range(9000..10_000)]);
}

#[test]
fn the_program_triggers_with_the_next_message_flush_or_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ring = RingLogger::builder(folder.path().join("a.log"))
        .after(Duration::from_millis(20))
        .start()
        .expect("started");
    let trigger = ring.trigger();
    feed(&mut ring, 0..5);
    trigger.fire();
    ring.flush().expect("flushed");
    assert_eq!(ring.dumps(), 1);
    // It is on the disk already, whatever happens to this program now.
    assert_eq!(files(folder.path()), [range(0..5)]);
    std::thread::sleep(Duration::from_millis(30));
    ring.flush().expect("flushed");
    assert!(!ring.base.exists(), "complete without a further message");
    feed(&mut ring, 5..10);
    trigger.fire();
    trigger.fire();
    feed(&mut ring, 10..11);
    assert_eq!(ring.dumps(), 2);
    feed(&mut ring, 100..105);
    trigger.fire();
    ring.finish().expect("complete");
    assert_eq!(
        files(folder.path()),
        [range(0..5), range(5..11), range(100..105)]
    );
}

#[test]
fn a_file_of_a_killed_program_is_not_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("a.log");
    fs::write(&base, "(1.000000) can0 001#00000007 R\n").expect("written");
    let mut ring = RingLogger::builder(&base).start().expect("started");
    feed(&mut ring, 0..1);
    ring.trigger().fire();
    ring.finish().expect("complete");
    assert_eq!(files(folder.path()), [vec![7], vec![0]]);
}

#[test]
fn what_could_not_be_written_stays_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("a.log");
    let mut ring = RingLogger::builder(&base).start().expect("started");
    feed(&mut ring, 0..5);
    ring.base = folder.path().join("none/a.log");
    ring.trigger().fire();
    ring.flush().expect_err("there is no such folder");
    assert_eq!((ring.kept(), ring.dumps(), ring.written()), (5, 0, 0));
    ring.base = base;
    ring.trigger().fire();
    ring.finish().expect("complete");
    assert_eq!(files(folder.path()), [range(0..5)]);
}

#[test]
fn what_cannot_be_written_is_told_at_the_start_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = |name: &str, key: &str| {
        let builder = RingLogger::builder(folder.path().join(name));
        let error = builder
            .options([(key, "1")])
            .start()
            .err()
            .expect("refused");
        (error.kind(), error.to_string())
    };
    assert_eq!(start("a.xyz", "channel").0, ErrorKind::InvalidInput);
    assert_eq!(start("a.log", "nothing").0, ErrorKind::InvalidInput);
    assert_eq!(start("no/a.log", "channel").0, ErrorKind::Io);
    let none = RingLogger::builder(folder.path().join("a.log"))
        .last_messages(0)
        .start();
    assert_eq!(none.err().expect("refused").kind(), ErrorKind::InvalidInput);
    assert!(files(folder.path()).is_empty());
}
