use super::*;
use canbus::formats::{self, Format, Output, Writing};
use canbus::{Frame, Id, Options, Timestamp};
use std::io::Write;
use std::path::Path;

/// Writes the length of each frame, and refuses those of CAN FD and of negative times.
struct Lengths(Output);

impl Listener for Lengths {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        if message.frame.is_fd() || message.timestamp.as_nanos() < 0 {
            return Err(Error::new(ErrorKind::Unsupported, "not that"));
        }
        Ok(writeln!(self.0, "{}", message.frame.len())?)
    }
}

fn create(output: Output, _options: &Options) -> Result<Box<dyn Listener>> {
    Ok(Box::new(Lengths(output)))
}

fn to_file(path: &Path) -> Recorder {
    let (rotation, keeping) = Default::default();
    let target = Target::file(path, false, &rotation, &keeping, Vec::new());
    Recorder::new(target.expect("it is created"))
}

fn recorder(path: &Path) -> Recorder {
    let (candump, _) = formats::find(Path::new("a.log")).expect("is there");
    let fidelity = Fidelity {
        fd: false,
        negative_time: false,
        ..candump.fidelity
    };
    // A second test finds it there already.
    let _ = formats::register(Format {
        name: "lengths",
        extension: ".lengths",
        summary: "",
        fidelity,
        read: None,
        write: Some(Writing {
            needs_file: false,
            keeps: None,
            options: &[],
            create,
        }),
    });
    to_file(path)
}

fn message(len: usize, fd: bool, nanos: i64) -> Message {
    let (id, data) = (Id::standard(1).expect("fits"), [0; 8]);
    let frame = if fd {
        Frame::fd(id, &data[..len], false, false)
    } else {
        Frame::data(id, &data[..len])
    };
    Message::received(frame.expect("valid"), Timestamp::from_nanos(nanos))
}

#[test]
fn what_the_format_does_not_hold_is_counted_and_costs_no_other_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.lengths");
    let mut recorder = recorder(&path);
    let counts = recorder.counts();
    let batch = [
        message(1, false, 0),
        message(2, false, 1),
        message(3, true, 2),
        message(4, false, 3),
        message(5, false, -1),
        message(6, false, 4),
    ];
    recorder.on_batch(&batch).expect("written");
    recorder.finish().expect("complete");
    assert_eq!((counts.written(), counts.refused()), (4, 2));
    assert!(!counts.failed());
    let written = std::fs::read_to_string(path).expect("written");
    assert_eq!(written, "1\n2\n4\n6\n");
}

#[test]
fn a_channel_that_blf_cannot_hold_costs_its_message_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.blf");
    let mut recorder = to_file(&path);
    let counts = recorder.counts();
    let names = [
        "can0", "can65534", "can65535", "can1", "can99999", "can", "can2",
    ];
    let batch = names.map(|name| Message {
        channel: Some(Channel::named(name)),
        ..message(1, false, 0)
    });
    recorder.on_batch(&batch).expect("written");
    recorder.finish().expect("complete");
    assert_eq!((counts.written(), counts.refused()), (5, 2));
    assert!(!counts.failed());
    let none: [(&str, &str); 0] = [];
    let log = formats::open(&path, none).expect("a log");
    let channels = log.map(|read| read.expect("valid").channel.and_then(Channel::as_number));
    let expected = [0, 65_534, 1, 0, 2].map(Some);
    assert_eq!(channels.collect::<Vec<_>>(), expected);
}

#[test]
fn a_limit_is_kept_within_a_batch_and_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("b.lengths");
    let told = Arc::new(AtomicU64::new(0));
    let tell = Arc::clone(&told);
    let mut recorder = recorder(&path).only(Wanted::new(vec![], vec![], Some(3), move || {
        tell.fetch_add(1, Ordering::Relaxed);
    }));
    let counts = recorder.counts();
    let batch = [message(7, false, 0); 2];
    recorder.on_batch(&batch).expect("written");
    assert_eq!(told.load(Ordering::Relaxed), 0);
    recorder.on_batch(&batch).expect("written");
    recorder.on_batch(&batch).expect("ignored");
    recorder.finish().expect("complete");
    assert_eq!(told.load(Ordering::Relaxed), 1);
    assert_eq!(counts.written(), 3);
    assert_eq!(std::fs::read_to_string(path).expect("written"), "7\n7\n7\n");
}

#[test]
fn formats_hold_what_they_declare() {
    let (candump, _) = formats::find(Path::new("a.log")).expect("is there");
    let all = candump.fidelity;
    let id = Id::standard(1).expect("fits");
    let of = |frame: Result<Frame>| Message::received(frame.expect("valid"), Timestamp::ZERO);
    let remote = of(Frame::remote(id, 0));
    let error = of(Frame::error(id, &[]));
    let raw = of(Frame::data(id, &[0; 8]).and_then(|frame| frame.with_raw_dlc(9)));
    let long = of(Frame::fd(id, &[0; 64], false, false));
    let early = message(0, false, -1);
    for message in [&remote, &error, &raw, &long, &early] {
        assert!(holds(&all, message), "{message}");
    }
    assert!(!holds(
        &Fidelity {
            remote: false,
            ..all
        },
        &remote
    ));
    assert!(!holds(
        &Fidelity {
            error: false,
            ..all
        },
        &error
    ));
    assert!(!holds(&Fidelity { fd: false, ..all }, &long));
    let few = Fidelity {
        raw_dlc: false,
        negative_time: false,
        ..all
    };
    assert!(!holds(&few, &raw));
    assert!(!holds(&few, &early));
    assert!(holds(&few, &long));
    assert!(holds(&few, &message(8, false, 0)));
}

#[test]
fn frames_begin_and_end_a_recording_and_belong_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = |name: &str, stop: &str, count, batches: usize| {
        let told = Arc::new(AtomicU64::new(0));
        let tell = Arc::clone(&told);
        let trigger = |text: &str| vec![text.parse().expect("a trigger")];
        let stop = match stop {
            "" => Vec::new(),
            stop => trigger(stop),
        };
        let wanted = Wanted::new(trigger("001:7FF#......"), stop, count, move || {
            tell.fetch_add(1, Ordering::Relaxed);
        });
        let path = folder.path().join(name);
        let mut recorder = recorder(&path).only(wanted);
        // The lengths are what is written of the frames.
        let all = [1, 2, 3, 4, 5, 2, 6, 7].map(|length| message(length, false, 0));
        for batch in all.chunks(all.len() / batches) {
            recorder.on_batch(batch).expect("written");
        }
        recorder.finish().expect("complete");
        let written = std::fs::read_to_string(path).expect("written");
        (written.replace('\n', ""), told.load(Ordering::Relaxed))
    };
    for batches in [1, 2, 8] {
        assert_eq!(of("a.lengths", "", None, batches), ("345267".into(), 0));
        // Five zero bytes.
        let stop = "001:7FF#0000000000";
        assert_eq!(of("b.lengths", stop, None, batches), ("345".into(), 1));
        assert_eq!(of("c.lengths", stop, Some(2), batches), ("34".into(), 1));
        assert_eq!(of("d.lengths", stop, Some(3), batches), ("345".into(), 1));
        assert_eq!(of("e.lengths", stop, Some(9), batches), ("345".into(), 1));
    }
}
