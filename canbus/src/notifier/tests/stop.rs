//! What `stop` delivers, how long it takes, and what it leaves.

use super::*;
use crate::driver::{Driver, TimestampSource};
use crate::filter::Filter;
use crate::message::Channel;

const SLOW: Duration = Duration::from_millis(200);

fn with_id(raw: u32) -> Frame {
    Frame::data(Id::standard(raw).expect("fits"), &[]).expect("valid")
}

#[test]
fn a_stop_reads_on_behind_frames_that_the_filters_refuse() {
    let (bus, other) = pair("stop-refused");
    bus.set_filters(&[Filter::new(0x100, 0x7FF)])
        .expect("filters");
    let (listener, seen, _) = SlowAtFirst::new(SLOW);
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(listener)
        .start()
        .expect("starts");
    other.send(&with_id(0x100), None).expect("sent");
    until(|| count(&seen) == 1);
    for raw in [0x200; 2000].into_iter().chain([0x100; 50]) {
        other.send(&with_id(raw), None).expect("sent");
    }
    notifier.stop(PATIENCE).expect("stops");
    assert_eq!((count(&seen), notifier.dropped()), (51, 0));
}

#[test]
fn a_stop_delivers_what_has_the_time_of_a_sender_whose_clock_is_ahead() {
    let open = || {
        Bus::builder("virtual")
            .option("channel", "notifier-stop-ahead")
            .option("preserve_timestamps", true)
            .open()
            .expect("opens")
    };
    let (bus, other) = (open(), open());
    let (listener, seen, _) = SlowAtFirst::new(SLOW);
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(listener)
        .start()
        .expect("starts");
    let in_an_hour = Timestamp::now().plus_nanos(3_600_000_000_000);
    let message = Message::received(frame(1), in_an_hour);
    other.forward(&message, None).expect("sent");
    until(|| count(&seen) == 1);
    for _ in 1..1000 {
        other.forward(&message, None).expect("sent");
    }
    notifier.stop(PATIENCE).expect("stops");
    assert_eq!(count(&seen), 1000);
}

/// What waits when it is stopped, with the time at which each message is read.
struct StampedLate {
    description: Description,
    waiting: Arc<AtomicUsize>,
}

impl Driver for StampedLate {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, timeout: Option<Duration>) -> Result<Option<Message>> {
        let taken = self
            .waiting
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        if taken.is_ok() {
            return Ok(Some(Message::received(frame(1), Timestamp::now())));
        }
        thread::sleep(timeout.unwrap_or_default());
        Ok(None)
    }

    fn send(&self, _: &Frame, _: Option<Channel>, _: Option<Duration>) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_stop_delivers_what_waited_though_it_is_stamped_when_it_is_read() {
    for timestamps in [TimestampSource::ReadTime, TimestampSource::Kernel] {
        let mut description = Flood::bus(timestamps).0.describe().clone();
        description.backend = "stamped late";
        let waiting = Arc::new(AtomicUsize::new(1));
        let late = StampedLate {
            description,
            waiting: Arc::clone(&waiting),
        };
        let (listener, seen, _) = SlowAtFirst::new(SLOW);
        let notifier = Notifier::builder()
            .bus(Bus::from_driver(Box::new(late)))
            .listener(listener)
            .start()
            .expect("starts");
        until(|| count(&seen) == 1);
        waiting.store(1999, Ordering::SeqCst);
        notifier.stop(PATIENCE).expect("stops");
        assert_eq!(count(&seen), 2000, "{timestamps:?}");
    }
}

#[test]
fn a_second_stop_waits_for_the_first_and_takes_nothing_from_it() {
    let (bus, other) = pair("stop-twice");
    let (listener, seen, finished) = SlowAtFirst::new(SLOW);
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(listener)
        .start()
        .expect("starts");
    other.send(&frame(1), None).expect("sent");
    until(|| count(&seen) == 1);
    for _ in 1..1000 {
        other.send(&frame(1), None).expect("sent");
    }
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                notifier.stop(PATIENCE).expect("stops");
                assert_eq!((count(&seen), count(&finished)), (1000, 1));
            });
        }
    });
}

#[test]
fn a_stop_leaves_a_listener_that_does_not_come_back_to_its_caller() {
    let (bus, other) = pair("stop-stuck");
    let (listener, seen, finished) = SlowAtFirst::new(Duration::from_secs(1));
    let reader = BufferedReader::new();
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(reader.clone())
        .listener(listener)
        .start()
        .expect("starts");
    other.send(&frame(1), None).expect("sent");
    until(|| count(&seen) == 1);
    let start = Instant::now();
    let error = notifier
        .stop(Duration::from_millis(50))
        .expect_err("too late");
    assert!(start.elapsed() < Duration::from_millis(700));
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(
        error.to_string(),
        "1 listener(s) did not come back from a call within 50ms; finished when they do"
    );
    // The other one is finished, this one when it comes back, once.
    assert!(reader.get_message(PATIENCE).is_some() && reader.is_finished());
    assert_eq!(count(&finished), 0);
    until(|| count(&finished) == 1);
    notifier.stop(PATIENCE).expect("all came back by now");
    assert_eq!((count(&seen), count(&finished)), (1, 1));
}

#[test]
fn a_listener_may_stop_its_notifier_and_is_finished_after_its_call() {
    let (bus, other) = pair("stop-inside");
    let own: Arc<Mutex<Option<Notifier>>> = Arc::default();
    let (told, answers) = std::sync::mpsc::channel();
    let inside = Arc::clone(&own);
    let listener = callback(move |_: &Message| {
        let stopped = lock(&inside)
            .as_ref()
            .map(|notifier| notifier.stop(Duration::from_millis(20)));
        told.send(stopped).expect("somebody waits");
    });
    let mut held = lock(&own);
    let notifier = Notifier::builder().bus(bus).listener(listener).start();
    *held = Some(notifier.expect("starts"));
    drop(held);
    other.send(&frame(1), None).expect("sent");
    let stopped = answers.recv_timeout(PATIENCE).expect("it returns");
    let error = stopped.expect("it is there").expect_err("itself is late");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    // The listener, and with it what sends, goes once it came back.
    let gone = answers.recv_timeout(PATIENCE).expect_err("nothing more");
    assert_eq!(gone, std::sync::mpsc::RecvTimeoutError::Disconnected);
}

/// Fails with every message and at its end.
struct Failing;

impl Listener for Failing {
    fn on_message(&mut self, _: &Message) -> Result<()> {
        Err(Error::invalid("a message"))
    }

    fn finish(&mut self) -> Result<()> {
        Err(Error::invalid("the end"))
    }
}

#[test]
fn a_hook_for_errors_may_stop_the_notifier_and_hears_of_the_errors_of_that() {
    let (bus, other) = pair("stop-hook");
    let own: Arc<Mutex<Option<Notifier>>> = Arc::default();
    let (told, heard) = std::sync::mpsc::channel();
    let inside = Arc::clone(&own);
    let mut held = lock(&own);
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(Failing)
        .listener(Failing)
        .on_error(move |error| {
            told.send(error.to_string()).expect("somebody listens");
            let notifier = lock(&inside).take();
            if let Some(notifier) = notifier {
                drop(notifier.stop(Duration::from_millis(20)));
            }
        })
        .start();
    *held = Some(notifier.expect("starts"));
    drop(held);
    other.send(&frame(1), None).expect("sent");
    let mut errors: Vec<String> = (0..4)
        .map(|_| heard.recv_timeout(PATIENCE).expect("no deadlock"))
        .collect();
    errors.sort();
    assert_eq!(errors, ["a message", "a message", "the end", "the end"]);
}

#[test]
fn after_stop_no_bus_is_taken_and_a_listener_is_finished_at_once() {
    let (bus, _other) = pair("stop-after");
    let notifier = Notifier::builder().start().expect("starts");
    notifier.stop(PATIENCE).expect("stops");
    let error = notifier.add_bus(bus.clone()).expect_err("stopped");
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(
        error.to_string(),
        "the notifier was stopped and reads no more buses"
    );
    let late = Superstitious::default();
    let id = notifier.add_listener(late.clone());
    assert_eq!(count(&late.finished), 1);
    assert!(notifier.remove_listener(id).is_none());
    // The bus was not claimed.
    Notifier::builder().bus(bus).start().expect("it is free");
}

/// A bus that always has a message, by an old clock, until it breaks.
struct Flood {
    description: Description,
    broken: Arc<AtomicBool>,
}

impl Flood {
    fn bus(timestamps: TimestampSource) -> (Bus, Arc<AtomicBool>) {
        let mut description = Bus::open("virtual", "notifier-flood")
            .expect("opens")
            .describe()
            .clone();
        description.timestamps = timestamps;
        let broken = Arc::new(AtomicBool::new(false));
        let flood = Flood {
            description,
            broken: Arc::clone(&broken),
        };
        (Bus::from_driver(Box::new(flood)), broken)
    }
}

impl Driver for Flood {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, _timeout: Option<Duration>) -> Result<Option<Message>> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::DeviceLost, "gone"));
        }
        Ok(Some(Message::received(frame(1), Timestamp::ZERO)))
    }

    fn send(&self, _: &Frame, _: Option<Channel>, _: Option<Duration>) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_flood_is_read_for_most_of_the_timeout_and_ends_in_order() {
    for timestamps in [TimestampSource::ReadTime, TimestampSource::Sender] {
        let (bus, _) = Flood::bus(timestamps);
        let (listener, seen, finished) = SlowAtFirst::new(Duration::ZERO);
        let notifier = Notifier::builder()
            .bus(bus)
            .listener(listener)
            .start()
            .expect("starts");
        until(|| count(&seen) > 0);
        let timeout = Duration::from_millis(1600);
        let start = Instant::now();
        notifier.stop(timeout).expect("in order");
        let took = start.elapsed();
        assert!(took >= timeout / 2 && took < timeout, "{took:?}");
        assert_eq!(count(&finished), 1);
        assert_eq!(notifier.received(), count(&seen) as u64);
    }
}

#[test]
fn a_device_that_is_lost_while_stopping_is_told() {
    let (bus, broken) = Flood::bus(TimestampSource::ReadTime);
    let (listener, seen, _) = SlowAtFirst::new(SLOW);
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(listener)
        .start()
        .expect("starts");
    until(|| count(&seen) == 1);
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(SLOW / 2);
            broken.store(true, Ordering::SeqCst);
        });
        notifier.stop(PATIENCE).expect_err("the device's error")
    });
    assert_eq!(error.kind(), ErrorKind::DeviceLost);
}
