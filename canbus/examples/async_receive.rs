//! Receives messages in an async program, here on tokio; any other runtime does as well.

use canbus::{Bus, Frame, Id, MessageStream};
use futures_core::Stream;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> canbus::Result<()> {
    let bus = Bus::open("virtual", "async-example")?;
    let other = Bus::open("virtual", "async-example")?;
    let mut messages = MessageStream::new(&bus)?;

    // Another task of the program sends a frame every 10 ms and closes the bus in the end.
    let sender = tokio::spawn(async move {
        for number in 0..5 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            other.send(
                &Frame::data(Id::standard(0x123)?, &[number])?,
                Duration::ZERO,
            )?;
        }
        bus.shutdown()
    });

    while let Some(message) = poll_fn(|context| Pin::new(&mut messages).poll_next(context)).await {
        print(&message?.to_string());
    }
    sender.await.expect("the sending task does not panic")
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn print(line: &str) {
    println!("{line}");
}
