use super::*;
use crate::frame::Id;
use crate::message::Timestamp;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

/// A driver that always has a message waiting, and notes what is asked of it.
struct Endless {
    description: Description,
    filters_below: bool,
    received: Arc<AtomicUsize>,
    sent: Mutex<Vec<(Frame, Option<Channel>)>>,
    closed: Arc<AtomicUsize>,
    #[cfg(unix)]
    ready: std::io::PipeReader,
}

impl Endless {
    fn new(filters_below: bool) -> Endless {
        Endless {
            description: Description::new("endless", [Channel::number(0), Channel::number(1)]),
            filters_below,
            received: Arc::default(),
            sent: Mutex::default(),
            closed: Arc::default(),
            #[cfg(unix)]
            ready: std::io::pipe().expect("a pipe").0,
        }
    }
}

impl Driver for Endless {
    fn describe(&self) -> &Description {
        &self.description
    }

    /// IDs 0, 1, 2 … modulo 0x800.
    fn recv(&self, _timeout: Option<Duration>) -> Result<Option<Message>> {
        let number = self.received.fetch_add(1, Ordering::Relaxed);
        let id = Id::standard(number as u32 & 0x7FF)?;
        Ok(Some(Message::received(
            Frame::data(id, &[])?,
            Timestamp::ZERO,
        )))
    }

    fn send(&self, frame: &Frame, to: Option<Channel>, _timeout: Option<Duration>) -> Result<()> {
        self.sent.lock().expect("not poisoned").push((*frame, to));
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.closed.fetch_add(1, Ordering::Relaxed);
        Err(Error::new(
            ErrorKind::OperationFailed,
            "does not close in order",
        ))
    }

    fn set_filters(&self, _filters: &[Filter]) -> Result<bool> {
        Ok(self.filters_below)
    }

    fn dropped(&self) -> u64 {
        17
    }

    fn flush_tx(&self) -> Result<()> {
        Err(Error::new(ErrorKind::OperationFailed, "does not flush"))
    }

    fn error_state(&self) -> Result<ErrorState> {
        Ok(ErrorState::Passive)
    }

    #[cfg(unix)]
    fn readiness(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        Some(std::os::fd::AsFd::as_fd(&self.ready))
    }
}

fn endless() -> Bus {
    Bus::from_driver(Box::new(Endless::new(false)))
}

fn frame() -> Frame {
    Frame::data(Id::standard(5).expect("fits"), &[1]).expect("valid")
}

#[test]
fn a_poll_looks_behind_refused_frames_but_not_for_ever() {
    let bus = endless();
    bus.set_filters(&[Filter::new(0x3FF, 0x7FF)]).expect("set");
    let found = bus
        .recv(Duration::ZERO)
        .expect("no error")
        .expect("a message");
    assert_eq!(found.frame.id().raw(), 0x3FF);
    // No frame of this driver is extended: the poll must give up.
    let never = Filter {
        extended: Some(true),
        ..Filter::new(0, 0)
    };
    bus.set_filters(&[never]).expect("set");
    assert_eq!(bus.recv(Duration::ZERO).expect("no error"), None);
    let mut out = Vec::new();
    assert_eq!(
        bus.recv_batch(&mut out, 10, Duration::ZERO)
            .expect("no error"),
        0
    );
    assert!(out.is_empty());
    assert_eq!(bus.recv(Duration::from_millis(20)).expect("no error"), None);
    assert_eq!(
        bus.recv_batch(&mut out, 10, Duration::from_millis(20))
            .expect("no error"),
        0
    );
}

#[test]
fn a_poll_passes_over_so_many_refused_frames_and_no_more() {
    let driver = Endless::new(false);
    let received = Arc::clone(&driver.received);
    let bus = Bus::from_driver(Box::new(driver));
    let never = Filter {
        extended: Some(true),
        ..Filter::new(0, 0)
    };
    bus.set_filters(&[never]).expect("set");
    assert_eq!(bus.recv(Duration::ZERO).expect("no error"), None);
    assert_eq!(received.swap(0, Ordering::Relaxed), PASSED_OVER_AT_MOST + 1);
    // A batch stops with the first frame beyond the limit.
    let mut out = Vec::new();
    let half = PASSED_OVER_AT_MOST / 2;
    assert_eq!(
        bus.recv_batch(&mut out, half, Duration::ZERO)
            .expect("no error"),
        0
    );
    assert_eq!(received.load(Ordering::Relaxed), 3 * half);
}

#[test]
fn a_batch_keeps_what_passes_and_what_was_there_before() {
    let bus = endless();
    bus.set_filters(&[Filter::new(0, 1)]).expect("set");
    let mut out = vec![Message::received(frame(), Timestamp::ZERO)];
    let count = bus.recv_batch(&mut out, 10, None).expect("no error");
    assert_eq!((count, out.len()), (5, 6));
    assert_eq!(out[0].frame, frame());
    let ids: Vec<u32> = out[1..]
        .iter()
        .map(|message| message.frame.id().raw())
        .collect();
    assert_eq!(ids, [0, 2, 4, 6, 8]);
}

#[test]
fn filters_that_the_driver_applies_are_not_applied_again() {
    let bus = Bus::from_driver(Box::new(Endless::new(true)));
    let filter = Filter::new(0x7FF, 0x7FF);
    bus.set_filters(&[filter]).expect("set");
    assert_eq!(bus.filters(), [filter]);
    let message = bus.recv(None).expect("no error").expect("a message");
    assert_eq!(message.frame.id().raw(), 0);
    let mut out = Vec::new();
    assert_eq!(bus.recv_batch(&mut out, 3, None).expect("no error"), 3);
}

#[test]
fn a_bus_of_several_channels_asks_which_one() {
    let bus = endless();
    for error in [
        bus.send(&frame(), None).expect_err("refused"),
        bus.send_batch(&[frame()], None).expect_err("refused"),
        bus.forward(&Message::received(frame(), Timestamp::ZERO), None)
            .expect_err("refused"),
        bus.send_to(2, &frame(), None).expect_err("refused"),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    bus.send_to(1, &frame(), None).expect("sent");
}

#[test]
fn what_is_asked_of_the_bus_is_asked_of_its_driver() {
    let bus = endless();
    assert_eq!(bus.dropped(), 17);
    let error = bus.flush_tx().expect_err("as the driver says");
    assert_eq!(error.kind(), ErrorKind::OperationFailed);
    assert_eq!(bus.error_state().expect("known"), ErrorState::Passive);
    assert_eq!(bus.describe().backend, "endless");
    assert!(bus.shutdown().is_err());
    #[cfg(unix)]
    assert!(bus.readiness().is_some());
}

#[test]
fn the_last_clone_closes_the_bus() {
    let driver = Endless::new(false);
    let closed = Arc::clone(&driver.closed);
    let bus = Bus::from_driver(Box::new(driver));
    let clone = bus.clone();
    assert!(bus.is(&clone) && !bus.is(&endless()));
    drop(bus);
    assert_eq!(closed.load(Ordering::Relaxed), 0);
    drop(clone);
    assert_eq!(closed.load(Ordering::Relaxed), 1);
}

#[test]
fn one_notifier_at_a_time_takes_a_bus() {
    let bus = endless();
    bus.take().expect("free");
    assert_eq!(
        bus.take().expect_err("taken").kind(),
        ErrorKind::InvalidInput
    );
    bus.give_back();
    bus.take().expect("free again");
}

/// A driver whose device is gone.
struct Broken(Endless);
impl Driver for Broken {
    fn describe(&self) -> &Description {
        self.0.describe()
    }
    fn recv(&self, _timeout: Option<Duration>) -> Result<Option<Message>> {
        Err(Error::new(ErrorKind::DeviceLost, "unplugged"))
    }
    fn send(&self, _: &Frame, _: Option<Channel>, _: Option<Duration>) -> Result<()> {
        Ok(())
    }
    fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn messages_end_with_the_bus_and_with_an_error() {
    let bus = Bus::open("virtual", "bus-tests-messages").expect("opens");
    let other = Bus::open("virtual", "bus-tests-messages").expect("opens");
    other.send(&frame(), None).expect("sent");
    let mut messages = bus.messages();
    assert_eq!(
        messages.next().expect("one").expect("no error").frame,
        frame()
    );
    bus.shutdown().expect("closes");
    assert!(messages.next().is_none());

    let bus = Bus::from_driver(Box::new(Broken(Endless::new(false))));
    let mut messages = bus.messages();
    let error = messages.next().expect("one").expect_err("an error");
    assert_eq!(error.kind(), ErrorKind::DeviceLost);
    assert!(messages.next().is_none());
}

#[test]
fn a_builder_takes_options_and_filters_one_by_one_and_in_lists() {
    let bus = Bus::builder("virtual")
        .options([("channel", "bus-tests-builder")])
        .option("receive_own_messages", true)
        .filter(Filter::new(1, 1))
        .filters([Filter::new(2, 2), Filter::new(3, 3)])
        .open()
        .expect("opens");
    assert_eq!(bus.filters().len(), 3);
    assert_eq!(
        bus.describe().channels,
        [Channel::named("bus-tests-builder")]
    );
    let error = Bus::builder("virtual")
        .option("chanel", "x")
        .open()
        .err()
        .expect("refused");
    assert_eq!(
        error.to_string(),
        "virtual has no option chanel; did you mean channel?"
    );
    let error = Bus::open("virtul", "x").err().expect("refused");
    assert_eq!(
        error.to_string(),
        "no backend is named virtul; did you mean virtual?"
    );
    assert_eq!(error.kind(), ErrorKind::BackendUnavailable);
}

#[test]
fn a_batch_of_none_asks_nothing_of_the_driver() {
    let driver = Endless::new(true);
    let received = Arc::clone(&driver.received);
    let bus = Bus::from_driver(Box::new(driver));
    let mut out = Vec::new();
    assert_eq!(bus.recv_batch(&mut out, 0, None).expect("no error"), 0);
    assert_eq!((out.len(), received.load(Ordering::Relaxed)), (0, 0));
}

/// A bus that takes no message: it says so when the time is up.
struct Stuck(Endless);

impl Driver for Stuck {
    fn describe(&self) -> &Description {
        self.0.describe()
    }

    fn recv(&self, timeout: Option<Duration>) -> Result<Option<Message>> {
        self.0.recv(timeout)
    }

    fn send(&self, _: &Frame, _: Option<Channel>, timeout: Option<Duration>) -> Result<()> {
        Err(Error::new(ErrorKind::Timeout, format!("{timeout:?}")))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn what_is_sent_on_to_a_bus_that_takes_nothing_fails_after_a_second() {
    use crate::listener::Listener;
    let mut stuck = Stuck(Endless::new(true));
    stuck.0.description.channels.truncate(1);
    let mut redirect = RedirectReader::new(Bus::from_driver(Box::new(stuck)));
    let error = redirect
        .on_message(&Message::received(frame(), Timestamp::ZERO))
        .expect_err("not taken");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.to_string(), "Some(1s)");
}
