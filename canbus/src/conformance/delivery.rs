//! What comes with a frame: direction, channel, time; own frames; order; several channels.

use super::{Check, Outcome, PairOptions, Subject, ensure, expect_error, number_of, numbered};
use crate::error::ErrorKind;
use crate::message::{Channel, Direction, Timestamp};
use std::time::Duration;

/// Long enough for a frame that must not come.
const NOTHING: Duration = Duration::from_millis(60);
/// The clocks of an adapter and this machine may differ by this much, in nanoseconds.
const CLOCK_TOLERANCE: i64 = 1_000_000_000;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "received_messages_say_rx_and_a_channel_of_the_bus",
        circumstances,
    ),
    Check::new(
        "timestamps_are_near_the_time_of_sending_and_never_step_back",
        timestamps,
    ),
    Check::new(
        "own_frames_do_not_come_back_unless_asked_for",
        own_frames_stay_away,
    ),
    Check::new(
        "own_frames_come_back_as_tx_when_asked_for",
        own_frames_come_back,
    )
    .needs(|able| able.own_messages, "own messages"),
    Check::new("frames_arrive_in_the_order_in_which_they_were_sent", order)
        .needs(|able| able.ordered, "order"),
    Check::new("a_batch_is_sent_whole_and_received_in_order", batches)
        .needs(|able| able.ordered, "order"),
    Check::new("both_buses_send_and_receive", both_ways),
    Check::new(
        "a_frame_can_be_sent_to_a_channel_of_the_bus_and_to_no_other",
        channels,
    ),
    Check::new("a_sent_frame_is_the_senders_to_change", independent),
    Check::new(
        "a_listen_only_bus_receives_and_refuses_to_send",
        listen_only,
    ),
    Check::new("forwarding_a_message_sends_its_frame", forward),
];

fn circumstances(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    sender.send(&numbered(1)?, subject.patience)?;
    let message = subject.next(&receiver)?;
    ensure!(
        message.direction == Direction::Rx,
        "the direction is {:?}",
        message.direction
    );
    let channels = &receiver.describe().channels;
    ensure!(
        message
            .channel
            .is_some_and(|channel| channels.contains(&channel)),
        "the channel is {:?}, the bus has {channels:?}",
        message.channel
    );
    Ok(())
}

fn timestamps(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let mut last: Option<Timestamp> = None;
    for number in 0..20 {
        let before = Timestamp::now();
        sender.send(&numbered(number)?, subject.patience)?;
        let message = subject.next(&receiver)?;
        let after = Timestamp::now();
        ensure!(
            message.timestamp.nanos_since(before) > -CLOCK_TOLERANCE
                && after.nanos_since(message.timestamp) > -CLOCK_TOLERANCE,
            "sent at {before}, received by {after}, stamped {}",
            message.timestamp
        );
        ensure!(
            last.is_none_or(|last| last <= message.timestamp),
            "the time stepped back from {last:?} to {}",
            message.timestamp
        );
        last = Some(message.timestamp);
    }
    Ok(())
}

fn own_frames_stay_away(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    sender.send(&numbered(1)?, subject.patience)?;
    subject.next(&receiver)?;
    let own = sender.recv(NOTHING)?;
    ensure!(own.is_none(), "the sender got {own:?}");
    Ok(())
}

fn own_frames_come_back(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open_with(PairOptions {
        receive_own_messages: true,
        ..PairOptions::default()
    })?;
    sender.send(&numbered(1)?, subject.patience)?;
    let own = subject.next(&sender)?;
    ensure!(
        own.frame == numbered(1)?,
        "the own frame came back as {:?}",
        own.frame
    );
    ensure!(
        own.direction == Direction::Tx,
        "the own frame says {:?}",
        own.direction
    );
    let other = subject.next(&receiver)?;
    ensure!(
        other.direction == Direction::Rx,
        "the other bus says {:?}",
        other.direction
    );
    receiver.send(&numbered(2)?, subject.patience)?;
    let received = subject.next(&sender)?;
    ensure!(
        received.frame == numbered(2)?,
        "got {:?} twice",
        received.frame
    );
    ensure!(
        received.direction == Direction::Rx,
        "another's frame says {:?}",
        received.direction
    );
    Ok(())
}

fn order(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    for start in (0..1000).step_by(100) {
        for number in start..start + 100 {
            sender.send(&numbered(number)?, subject.patience)?;
        }
        for number in start..start + 100 {
            let got = number_of(&subject.next(&receiver)?);
            ensure!(
                got == Some(number),
                "frame {number} was expected, {got:?} came"
            );
        }
    }
    Ok(())
}

fn batches(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let frames = (0..100).map(numbered).collect::<crate::Result<Vec<_>>>()?;
    let sent = sender.send_batch(&frames, subject.patience)?;
    ensure!(
        sent == frames.len(),
        "{sent} of {} were taken",
        frames.len()
    );
    let mut got = Vec::new();
    while got.len() < frames.len() {
        let before = got.len();
        let count = receiver.recv_batch(&mut got, 7, subject.patience)?;
        ensure!(count > 0, "only {before} of {} frames came", frames.len());
        ensure!(count <= 7, "{count} messages came where 7 were allowed");
        ensure!(
            got.len() == before + count,
            "{count} was said, {} came",
            got.len() - before
        );
    }
    let same = got.iter().map(|message| message.frame).eq(frames);
    ensure!(
        same,
        "the frames of the batch came changed or in another order"
    );
    ensure!(
        receiver.recv_batch(&mut got, 7, Duration::ZERO)? == 0,
        "more came than was sent"
    );
    ensure!(
        sender.send_batch(&[], subject.patience)? == 0,
        "an empty batch sent something"
    );
    Ok(())
}

fn both_ways(subject: &Subject) -> Outcome {
    let (first, second) = subject.open()?;
    for number in 0..10 {
        first.send(&numbered(number)?, subject.patience)?;
        second.send(&numbered(number + 100)?, subject.patience)?;
        let (at_second, at_first) = (subject.next(&second)?, subject.next(&first)?);
        ensure!(
            number_of(&at_second) == Some(number),
            "{at_second:?} at the second bus"
        );
        ensure!(
            number_of(&at_first) == Some(number + 100),
            "{at_first:?} at the first bus"
        );
    }
    Ok(())
}

fn channels(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    if let &[channel] = &sender.describe().channels[..] {
        sender.send_to(channel, &numbered(3)?, subject.patience)?;
        subject.next(&receiver)?;
    }
    let foreign = Channel::named("a channel that no bus has");
    let refused = sender.send_to(foreign, &numbered(4)?, subject.patience);
    expect_error(
        refused,
        ErrorKind::InvalidInput,
        "sending to a foreign channel",
    )?;
    let nothing = receiver.recv(NOTHING)?;
    ensure!(
        nothing.is_none(),
        "{nothing:?} was sent to a foreign channel"
    );
    Ok(())
}

fn independent(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let mut frame = numbered(5)?;
    sender.send(&frame, subject.patience)?;
    frame.payload_mut()[3] = 6;
    sender.send(&frame, subject.patience)?;
    let (first, second) = (subject.next(&receiver)?, subject.next(&receiver)?);
    let numbers = (number_of(&first), number_of(&second));
    ensure!(
        numbers == (Some(5), Some(6)),
        "5 and 6 were sent, {numbers:?} came"
    );
    Ok(())
}

fn listen_only(subject: &Subject) -> Outcome {
    let (talker, listener) = subject.open_with(PairOptions {
        listen_only: true,
        ..PairOptions::default()
    })?;
    ensure!(
        listener.describe().listen_only,
        "the bus does not say that it only listens"
    );
    ensure!(
        !talker.describe().listen_only,
        "the other bus says that it only listens"
    );
    talker.send(&numbered(1)?, subject.patience)?;
    subject.next(&listener)?;
    let refused = listener.send(&numbered(2)?, subject.patience);
    expect_error(
        refused,
        ErrorKind::Unsupported,
        "sending on a listen-only bus",
    )?;
    let nothing = talker.recv(NOTHING)?;
    ensure!(nothing.is_none(), "a listen-only bus sent {nothing:?}");
    Ok(())
}

fn forward(subject: &Subject) -> Outcome {
    let (first, second) = subject.open()?;
    first.send(&numbered(8)?, subject.patience)?;
    let message = subject.next(&second)?;
    second.forward(&message, subject.patience)?;
    let back = subject.next(&first)?;
    ensure!(
        back.frame == message.frame,
        "{:?} came back as {:?}",
        message.frame,
        back.frame
    );
    Ok(())
}
