use super::*;
use crate::error::ErrorKind;
use crate::frame::{Frame, Id};
use crate::listener::{BufferedReader, callback};
use crate::message::Message;
use std::sync::atomic::AtomicUsize;

mod ends;
mod failures;
mod losses;
mod stop;

const PATIENCE: Duration = Duration::from_secs(5);

fn frame(number: u8) -> Frame {
    Frame::data(Id::standard(1).expect("fits"), &[number]).expect("valid")
}

fn pair(name: &str) -> (Bus, Bus) {
    let open = || Bus::open("virtual", format!("notifier-{name}")).expect("opens");
    (open(), open())
}

fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "it did not happen");
        thread::yield_now();
    }
}

/// Fails on messages whose first byte is 13, and counts what is called.
#[derive(Clone, Default)]
struct Superstitious {
    deals_with_it: bool,
    seen: Arc<AtomicUsize>,
    errors: Arc<AtomicUsize>,
    flushed: Arc<AtomicUsize>,
    finished: Arc<AtomicUsize>,
}

impl Listener for Superstitious {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        self.seen.fetch_add(1, Ordering::SeqCst);
        match message.frame.payload() {
            [13, ..] => Err(Error::new(ErrorKind::Io, "thirteen")),
            _ => Ok(()),
        }
    }

    fn on_error(&mut self, _error: &Error) -> bool {
        self.errors.fetch_add(1, Ordering::SeqCst);
        self.deals_with_it
    }

    fn flush(&mut self) -> Result<()> {
        self.flushed.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        self.finished.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Takes its time over the first message.
struct SlowAtFirst {
    pause: Option<Duration>,
    seen: Arc<AtomicUsize>,
    finished: Arc<AtomicUsize>,
}

impl SlowAtFirst {
    fn new(pause: Duration) -> (SlowAtFirst, Arc<AtomicUsize>, Arc<AtomicUsize>) {
        let (seen, finished) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let listener = SlowAtFirst {
            pause: Some(pause),
            seen: Arc::clone(&seen),
            finished: Arc::clone(&finished),
        };
        (listener, seen, finished)
    }
}

impl Listener for SlowAtFirst {
    fn on_message(&mut self, _message: &Message) -> Result<()> {
        self.seen.fetch_add(1, Ordering::SeqCst);
        if let Some(pause) = self.pause.take() {
            thread::sleep(pause);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        self.finished.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

fn count(counter: &Arc<AtomicUsize>) -> usize {
    counter.load(Ordering::SeqCst)
}

#[test]
fn every_listener_gets_every_message_of_every_bus() {
    let ((a, to_a), (b, to_b)) = (pair("every-a"), pair("every-b"));
    let (first, second) = (BufferedReader::new(), BufferedReader::new());
    let notifier = Notifier::builder()
        .buses([a, b])
        .listener(first.clone())
        .listener(second.clone())
        .start()
        .expect("starts");
    to_a.send(&frame(1), None).expect("sent");
    to_b.send(&frame(2), None).expect("sent");
    for reader in [&first, &second] {
        let mut got: Vec<u8> = (0..2)
            .map(|_| {
                reader
                    .get_message(PATIENCE)
                    .expect("delivered")
                    .frame
                    .payload()[0]
            })
            .collect();
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
    }
    assert_eq!(notifier.received(), 2);
    notifier.stop(PATIENCE).expect("stops");
    notifier
        .stop(PATIENCE)
        .expect("stopping again does nothing");
    assert!(first.is_finished() && second.is_finished());
}

#[test]
fn listeners_come_and_go_while_it_runs() {
    let (bus, other) = pair("come-and-go");
    let notifier = Notifier::builder().bus(bus).start().expect("starts");
    let reader = BufferedReader::new();
    let id = notifier.add_listener(reader.clone());
    other.send(&frame(1), None).expect("sent");
    assert!(reader.get_message(PATIENCE).is_some());
    assert!(notifier.remove_listener(id).is_some());
    assert!(notifier.remove_listener(id).is_none());
    other.send(&frame(2), None).expect("sent");
    until(|| notifier.received() == 2);
    assert!(reader.is_empty());
    // Taken out, it was not finished.
    assert!(!reader.is_finished());
}

#[test]
fn buses_come_and_go_while_it_runs() {
    let ((a, to_a), (b, _to_b)) = (pair("bus-a"), pair("bus-b"));
    let reader = BufferedReader::new();
    let notifier = Notifier::builder()
        .bus(b.clone())
        .listener(reader.clone())
        .start()
        .expect("starts");
    notifier.add_bus(a.clone()).expect("added");
    let error = notifier.add_bus(a.clone()).expect_err("read already");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let other = Notifier::builder().bus(a.clone()).start();
    assert_eq!(
        other.err().expect("read already").kind(),
        ErrorKind::InvalidInput
    );
    to_a.send(&frame(1), None).expect("sent");
    assert!(reader.get_message(PATIENCE).is_some());

    notifier.remove_bus(&a, PATIENCE).expect("removed");
    let error = notifier
        .remove_bus(&a, PATIENCE)
        .expect_err("not there any more");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    to_a.send(&frame(2), None).expect("sent");
    assert_eq!(
        a.recv(PATIENCE).expect("open").expect("a message").frame,
        frame(2)
    );
    assert!(reader.is_empty());
    notifier.add_bus(a).expect("added again");
}

#[test]
fn a_listener_that_fails_is_taken_out_and_the_others_go_on() {
    let (bus, other) = pair("fails");
    let failing = Superstitious::default();
    let reader = BufferedReader::new();
    let hooked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&hooked);
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(failing.clone())
        .listener(reader.clone())
        .on_error(move |error| lock(&seen).push(error.to_string()))
        .start()
        .expect("starts");
    for number in [12, 13, 14] {
        other.send(&frame(number), None).expect("sent");
        assert!(reader.get_message(PATIENCE).is_some());
        until(|| count(&failing.seen) >= usize::from(number - 11).min(2));
    }
    until(|| count(&failing.finished) == 1);
    assert_eq!((count(&failing.seen), count(&failing.errors)), (2, 1));
    let error = notifier.stop(PATIENCE).expect_err("the first error");
    assert_eq!(error.to_string(), "thirteen");
    assert_eq!(*lock(&hooked), ["thirteen"]);
    assert_eq!(count(&failing.finished), 1);
    notifier.stop(PATIENCE).expect("it is told once");
}

#[test]
fn a_listener_that_deals_with_its_error_stays() {
    let (bus, other) = pair("deals");
    let failing = Superstitious {
        deals_with_it: true,
        ..Superstitious::default()
    };
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(failing.clone())
        .start()
        .expect("starts");
    for number in [13, 13, 1] {
        other.send(&frame(number), None).expect("sent");
        thread::sleep(Duration::from_millis(5));
    }
    until(|| count(&failing.seen) == 3);
    assert_eq!(count(&failing.errors), 2);
    notifier.stop(PATIENCE).expect("nothing is left to tell");
    assert_eq!(count(&failing.finished), 1);
}

/// A bus whose every read fails, to see who is told.
mod broken {
    use super::*;
    use crate::driver::Driver;
    use crate::message::Channel;

    pub(super) struct Broken {
        pub(super) kind: ErrorKind,
        pub(super) hang: Duration,
        description: Description,
    }

    impl Broken {
        pub(super) fn bus(kind: ErrorKind, hang: Duration) -> Bus {
            let description = Description::new("broken", [Channel::number(0)]);
            Bus::from_driver(Box::new(Broken {
                kind,
                hang,
                description,
            }))
        }
    }

    impl Driver for Broken {
        fn describe(&self) -> &Description {
            &self.description
        }

        fn recv(&self, _timeout: Option<Duration>) -> Result<Option<Message>> {
            thread::sleep(self.hang);
            Err(Error::new(self.kind, "broken"))
        }

        fn send(&self, _: &Frame, _: Option<Channel>, _: Option<Duration>) -> Result<()> {
            Ok(())
        }

        fn close(&self) -> Result<()> {
            Ok(())
        }

        fn dropped(&self) -> u64 {
            3
        }
    }
}

#[test]
fn an_error_of_the_bus_reaches_listeners_hook_and_stop() {
    let listener = Superstitious::default();
    let hooked = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&hooked);
    let notifier = Notifier::builder()
        .bus(broken::Broken::bus(ErrorKind::DeviceLost, Duration::ZERO))
        .listener(listener.clone())
        .on_error(move |_| _ = seen.fetch_add(1, Ordering::SeqCst))
        .start()
        .expect("starts");
    assert!(notifier.wait(PATIENCE));
    assert_eq!((count(&listener.errors), count(&hooked)), (1, 1));
    let error = notifier.stop(PATIENCE).expect_err("the bus's error");
    assert_eq!(error.kind(), ErrorKind::DeviceLost);
    assert_eq!(count(&listener.finished), 1);
}

#[test]
fn reading_goes_on_after_an_error_that_a_listener_deals_with() {
    let listener = Superstitious {
        deals_with_it: true,
        ..Superstitious::default()
    };
    let bus = broken::Broken::bus(ErrorKind::OperationFailed, Duration::ZERO);
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(listener.clone())
        .start()
        .expect("starts");
    until(|| count(&listener.errors) >= 3);
    assert!(!notifier.wait(Duration::ZERO));
    notifier.stop(PATIENCE).expect("it was dealt with");
}

#[test]
fn a_closed_bus_ends_its_reader_without_an_error() {
    let (bus, _other) = pair("closed");
    let listener = Superstitious::default();
    let notifier = Notifier::builder()
        .bus(bus.clone())
        .listener(listener.clone())
        .start()
        .expect("starts");
    assert!(!notifier.wait(Duration::from_millis(10)));
    bus.shutdown().expect("closes");
    assert!(notifier.wait(PATIENCE));
    notifier.stop(PATIENCE).expect("no error");
    assert_eq!((count(&listener.errors), count(&listener.finished)), (0, 1));
}

#[test]
fn stop_gives_up_on_a_reader_that_hangs_but_finishes_the_listeners() {
    let listener = Superstitious::default();
    let bus = broken::Broken::bus(ErrorKind::Closed, Duration::from_millis(600));
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(listener.clone())
        .start()
        .expect("starts");
    let start = Instant::now();
    let error = notifier
        .stop(Duration::from_millis(50))
        .expect_err("too late");
    assert!(start.elapsed() < Duration::from_millis(400));
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("broken: the reader"), "{error}");
    assert_eq!(count(&listener.finished), 1);
}

#[test]
fn listeners_are_flushed_as_often_as_told() {
    let (bus, _other) = pair("flush");
    let often = Superstitious::default();
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(often.clone())
        .flush_every(Some(Duration::from_millis(60)))
        .start()
        .expect("starts");
    until(|| count(&often.flushed) >= 2);
    drop(notifier);
    assert_eq!(count(&often.finished), 1);

    let (bus, _other) = pair("flush-never");
    let never = Superstitious::default();
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(never.clone())
        .flush_every(None)
        .start()
        .expect("starts");
    thread::sleep(Duration::from_millis(120));
    notifier.stop(PATIENCE).expect("stops");
    assert_eq!(count(&never.flushed), 0);
}

#[test]
fn a_fresh_notifier_flushes_after_a_second_not_at_once() {
    let (bus, _other) = pair("flush-default");
    let listener = Superstitious::default();
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(listener.clone())
        .start()
        .expect("starts");
    thread::sleep(Duration::from_millis(200));
    assert_eq!(count(&listener.flushed), 0);
    until(|| count(&listener.flushed) == 1);
    notifier.stop(PATIENCE).expect("stops");
}

#[test]
fn losses_are_told_as_soon_as_they_change_and_counted_for_good() {
    let bus = Bus::builder("virtual")
        .option("channel", "notifier-losses")
        .option("rx_queue_size", 2_i64)
        .open()
        .expect("opens");
    let other = Bus::open("virtual", "notifier-losses").expect("opens");
    for number in 0..7 {
        other.send(&frame(number), None).expect("sent");
    }
    let told = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&told);
    let small = BufferedReader::with_capacity(1);
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(small.clone())
        .on_dropped(move |description, dropped| {
            lock(&notes).push((description.summary.clone(), dropped));
        })
        .start()
        .expect("starts");
    until(|| notifier.received() == 2 && !lock(&told).is_empty());
    assert_eq!(
        *lock(&told),
        [("Virtual bus channel notifier-losses".to_string(), 5)]
    );
    // Five by the bus and one by the listener.
    until(|| notifier.dropped() == 6);
    notifier.stop(PATIENCE).expect("stops");
    assert_eq!(notifier.dropped(), 6);
}

#[test]
fn a_bus_that_is_gone_still_counts_its_losses() {
    let bus = broken::Broken::bus(ErrorKind::Closed, Duration::ZERO);
    let notifier = Notifier::builder()
        .bus(bus.clone())
        .start()
        .expect("starts");
    assert!(notifier.wait(PATIENCE));
    assert_eq!(notifier.dropped(), 3);
    notifier.remove_bus(&bus, PATIENCE).expect("removed");
    assert_eq!(notifier.dropped(), 3);
}

#[test]
fn a_listener_that_panics_does_not_leave_the_bus_taken() {
    let (bus, other) = pair("panics");
    let listener = callback(|_: &Message| panic!("a fault in the listener, on purpose"));
    let notifier = Notifier::builder()
        .bus(bus.clone())
        .listener(listener)
        .start()
        .expect("starts");
    other.send(&frame(1), None).expect("sent");
    assert!(notifier.wait(PATIENCE));
    Notifier::builder()
        .bus(bus)
        .start()
        .expect("the bus is free");
}
