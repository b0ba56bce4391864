use super::*;
use crate::frame::Id;
use crate::message::Timestamp;
use std::sync::Mutex;

/// A driver with the required methods only: received messages and room to send are scripted.
struct Plain {
    description: Description,
    waiting: Mutex<Vec<Result<Option<Message>>>>,
    room: Mutex<usize>,
}

impl Plain {
    fn new(waiting: Vec<Result<Option<Message>>>, room: usize) -> Plain {
        Plain {
            description: description(),
            waiting: Mutex::new(waiting),
            room: Mutex::new(room),
        }
    }
}

impl Driver for Plain {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, timeout: Option<Duration>) -> Result<Option<Message>> {
        let mut waiting = self.waiting.lock().expect("not poisoned");
        if waiting.is_empty() {
            // Only the first message may be waited for.
            assert_eq!(timeout, Some(Duration::ZERO));
            return Ok(None);
        }
        waiting.remove(0)
    }

    fn send(&self, _frame: &Frame, _to: Option<Channel>, _timeout: Option<Duration>) -> Result<()> {
        let mut room = self.room.lock().expect("not poisoned");
        *room = room
            .checked_sub(1)
            .ok_or_else(|| Error::new(ErrorKind::Timeout, "full"))?;
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

fn description() -> Description {
    Description::new("plain", [Channel::number(0)])
}

fn id() -> Id {
    Id::standard(1).expect("fits")
}

fn frame() -> Frame {
    Frame::data(id(), &[1; 8]).expect("valid")
}

fn message() -> Message {
    Message::received(frame(), Timestamp::ZERO)
}

fn broken() -> Error {
    Error::new(ErrorKind::OperationFailed, "broken")
}

#[test]
fn a_default_batch_takes_what_is_there_up_to_the_limit() {
    let three = || {
        vec![
            Ok(Some(message())),
            Ok(Some(message())),
            Ok(Some(message())),
        ]
    };
    let mut out = Vec::new();
    let taken = Plain::new(three(), 0).recv_batch(&mut out, 2, None);
    assert_eq!((taken.expect("messages"), out.len()), (2, 2));
    let taken = Plain::new(three(), 0).recv_batch(&mut out, 9, None);
    assert_eq!((taken.expect("messages"), out.len()), (3, 5));
    let taken = Plain::new(vec![Ok(None)], 0).recv_batch(&mut out, 9, None);
    assert_eq!(taken.expect("time up"), 0);
}

#[test]
fn an_error_behind_messages_waits_for_the_next_batch() {
    let mut out = Vec::new();
    let driver = Plain::new(vec![Ok(Some(message())), Err(broken())], 0);
    assert_eq!(driver.recv_batch(&mut out, 9, None).expect("one"), 1);
    let driver = Plain::new(vec![Err(broken())], 0);
    assert!(driver.recv_batch(&mut out, 9, None).is_err());
}

#[test]
fn a_default_send_batch_says_how_many_were_taken() {
    let frames = [frame(); 3];
    assert_eq!(
        Plain::new(vec![], 5)
            .send_batch(&frames, None, None)
            .expect("sent"),
        3
    );
    assert_eq!(
        Plain::new(vec![], 2)
            .send_batch(&frames, None, None)
            .expect("sent"),
        2
    );
    let error = Plain::new(vec![], 0)
        .send_batch(&frames, None, None)
        .expect_err("full");
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[test]
fn what_a_driver_does_not_override_is_not_there() {
    let driver = Plain::new(vec![], 0);
    assert!(!driver.set_filters(&[Filter::new(1, 1)]).expect("software"));
    assert_eq!(driver.dropped(), 0);
    assert_eq!(
        driver.flush_tx().expect_err("not here").kind(),
        ErrorKind::Unsupported
    );
    let error = driver.error_state().expect_err("not here");
    assert_eq!(
        error.to_string(),
        "plain cannot tell the controller's error state"
    );
    #[cfg(unix)]
    assert!(driver.readiness().is_none());
}

fn refused(description: &Description, frame: &Frame) -> bool {
    match description.check_sendable(frame, None) {
        Ok(()) => false,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            true
        }
    }
}

#[test]
fn frames_that_a_bus_does_not_carry_are_refused_by_name() {
    let kinds = [
        (Frame::fd(id(), &[], false, false), "CAN FD frames"),
        (Frame::remote(id(), 0), "remote frames"),
        (Frame::error(id(), &[]), "error frames"),
        (frame().with_raw_dlc(9), "raw DLCs over 8"),
    ];
    for (index, (frame, name)) in kinds.into_iter().enumerate() {
        let frame = frame.expect("valid");
        let mut described = description();
        let error = described.check_sendable(&frame, None).expect_err("refused");
        assert!(error.to_string().ends_with(name), "{error}");
        let able = &mut described.capabilities;
        [
            &mut able.fd,
            &mut able.remote,
            &mut able.send_error,
            &mut able.raw_dlc,
        ]
        .into_iter()
        .enumerate()
        .for_each(|(at, capability)| *capability = at == index);
        assert!(!refused(&described, &frame), "{name}");
    }
    assert!(!refused(&description(), &frame()));
}

#[test]
fn an_fd_frame_with_the_flag_esi_needs_both_capabilities() {
    let flagged = Frame::fd(id(), &[], false, true).expect("valid");
    let mut described = description();
    for (fd, esi, missing) in [
        (false, true, "CAN FD frames"),
        (true, false, "the flag ESI"),
    ] {
        described.capabilities.fd = fd;
        described.capabilities.esi = esi;
        let error = described
            .check_sendable(&flagged, None)
            .expect_err("refused");
        assert!(error.to_string().ends_with(missing), "{error}");
    }
    described.capabilities.esi = true;
    assert!(!refused(&described, &flagged));
}

#[test]
fn a_remote_frame_with_a_raw_dlc_needs_both_capabilities() {
    let remote = Frame::remote(id(), 8)
        .and_then(|frame| frame.with_raw_dlc(9))
        .expect("valid");
    let mut described = description();
    assert!(refused(&described, &remote));
    described.capabilities.remote = true;
    let error = described
        .check_sendable(&remote, None)
        .expect_err("refused");
    assert!(error.to_string().ends_with("raw DLCs over 8"), "{error}");
    described.capabilities.raw_dlc = true;
    assert!(!refused(&described, &remote));
    described.capabilities.remote = false;
    assert!(refused(&described, &remote));
}

#[test]
fn a_remote_frame_of_8_bytes_is_refused_as_a_remote_frame() {
    let remote = Frame::remote(id(), 8).expect("valid");
    let error = description()
        .check_sendable(&remote, None)
        .expect_err("refused");
    assert!(error.to_string().ends_with("remote frames"), "{error}");
}

#[test]
fn a_driver_forwards_by_sending_unless_it_knows_better() {
    let driver = Plain::new(vec![], 1);
    driver.forward(&message(), None, None).expect("sent");
    let error = driver
        .forward(&message(), None, None)
        .expect_err("no room is left");
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[test]
fn a_listen_only_bus_sends_nothing() {
    let described = Description {
        listen_only: true,
        ..description()
    };
    assert!(refused(&described, &frame()));
}

#[test]
fn channels_are_checked_and_asked_for() {
    let mut described = description();
    assert!(
        described
            .check_sendable(&frame(), Some(Channel::number(0)))
            .is_ok()
    );
    let error = described
        .check_sendable(&frame(), Some(Channel::number(1)))
        .expect_err("refused");
    assert_eq!(
        error.to_string(),
        "plain: channel 1 is not on this bus; it has 0"
    );
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    described.channels.push(Channel::number(1));
    assert!(
        described
            .check_sendable(&frame(), Some(Channel::number(1)))
            .is_ok()
    );
    let error = described
        .check_sendable(&frame(), None)
        .expect_err("refused");
    assert!(
        error.to_string().contains("several channels (0, 1)"),
        "{error}"
    );
    described.channels.clear();
    assert!(described.check_sendable(&frame(), None).is_ok());
}

#[test]
fn a_driver_that_says_nothing_else_takes_over_no_periodic_task() {
    let plain = Plain::new(Vec::new(), 1);
    let frame = Frame::data(Id::standard(1).expect("fits"), &[]).expect("valid");
    let task = PeriodicSpec::new(&[frame], Duration::from_millis(1));
    assert!(plain.send_periodic(&task).expect("no error").is_none());
    assert_eq!(*plain.room.lock().expect("not poisoned"), 1);
}
