//! Messages on their way through several rooms: bus, notifier, stream, redirect, async.

use canbus::{Bus, ErrorKind, Frame, Id, MessageStream, Notifier, RedirectReader};
use futures_core::Stream;
use std::pin::Pin;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

fn frame(number: u8) -> Frame {
    Frame::data(Id::standard(0x100).expect("fits"), &[number]).expect("valid")
}

async fn next(stream: &mut MessageStream) -> Option<canbus::Result<canbus::Message>> {
    std::future::poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(future)
}

#[test]
fn a_stream_gives_messages_and_ends_with_its_bus() {
    let bus = Bus::open("virtual", "flow-stream").expect("opens");
    let other = Bus::open("virtual", "flow-stream").expect("opens");
    let mut stream = MessageStream::new(&bus).expect("starts");
    let sender = std::thread::spawn(move || {
        for number in 0..50 {
            other.send(&frame(number), None).expect("sent");
        }
    });
    block_on(async {
        for number in 0..50 {
            let message = next(&mut stream)
                .await
                .expect("a message")
                .expect("no error");
            assert_eq!(message.frame, frame(number));
        }
    });
    sender.join().expect("joins");
    let closing = bus.clone();
    let closer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        closing.shutdown().expect("closes");
    });
    assert!(block_on(next(&mut stream)).is_none());
    assert!(block_on(next(&mut stream)).is_none());
    closer.join().expect("joins");
    assert_eq!(stream.dropped(), 0);
}

#[test]
fn a_stream_counts_what_it_has_no_room_for() {
    let bus = Bus::open("virtual", "flow-full").expect("opens");
    let other = Bus::open("virtual", "flow-full").expect("opens");
    let stream = MessageStream::with_capacity([bus.clone()], 10).expect("starts");
    for number in 0..25 {
        other.send(&frame(number), None).expect("sent");
    }
    let deadline = std::time::Instant::now() + PATIENCE;
    while stream.dropped() < 15 && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert_eq!(stream.dropped(), 15);
    drop(stream);
    // The bus is free again.
    Notifier::builder().bus(bus).start().expect("starts");
}

#[test]
fn a_stream_over_a_closed_bus_ends_at_once() {
    let bus = Bus::open("virtual", "flow-closed").expect("opens");
    let open = Bus::open("virtual", "flow-closed").expect("opens");
    let other = Bus::open("virtual", "flow-closed").expect("opens");
    bus.shutdown().expect("closes");
    let mut stream = MessageStream::new(&bus).expect("starts");
    assert!(block_on(next(&mut stream)).is_none());
    // Beside an open bus, a closed one does not end the stream.
    let mut stream = MessageStream::with_capacity([bus, open], 10).expect("starts");
    other.send(&frame(1), None).expect("sent");
    let message = block_on(next(&mut stream))
        .expect("a message")
        .expect("no error");
    assert_eq!(message.frame, frame(1));
}

#[test]
fn a_redirect_makes_a_bridge() {
    let near = Bus::open("virtual", "flow-near").expect("opens");
    let far = Bus::open("virtual", "flow-far").expect("opens");
    let talker = Bus::open("virtual", "flow-near").expect("opens");
    let hearer = Bus::open("virtual", "flow-far").expect("opens");
    let bridge = Notifier::builder()
        .bus(near)
        .listener(RedirectReader::new(far))
        .start()
        .expect("starts");
    talker.send(&frame(7), None).expect("sent");
    let message = hearer.recv(PATIENCE).expect("no error").expect("a message");
    assert_eq!(message.frame, frame(7));
    bridge.stop(PATIENCE).expect("stops");
}

#[test]
fn a_redirect_passes_over_error_frames_only_where_they_cannot_be_sent() {
    use canbus::Listener;
    let error = Frame::error(Id::extended(0x80).expect("fits"), &[]).expect("valid");
    let classic = Bus::builder("virtual")
        .option("channel", "flow-classic")
        .option("fd", false)
        .open()
        .expect("opens");
    let mut redirect = RedirectReader::new(classic);
    let fd = Frame::fd(Id::standard(1).expect("fits"), &[0; 12], false, false).expect("valid");
    let message = |frame| canbus::Message::received(frame, canbus::Timestamp::ZERO);
    assert!(redirect.on_message(&message(error)).is_ok());
    let refused = redirect.on_message(&message(fd)).expect_err("refused");
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
}
