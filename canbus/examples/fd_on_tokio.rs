//! Receives in an async program by the bus's file descriptor, here on tokio: no thread reads ahead, and
//! nothing is copied twice. Where a thread does no harm, `MessageStream` is simpler.
//!
//! usage: `fd_on_tokio [BACKEND OPTION=VALUE...]`, for instance `socketcan channel=vcan0`

#[cfg(unix)]
mod on_unix {
    use canbus::{Bus, Frame, Id, Message, Result};
    use std::time::Duration;
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// A bus that has a file descriptor: one of this machine unless another is named.
    fn open() -> Result<Bus> {
        let given: Vec<String> = std::env::args().skip(1).collect();
        let (backend, options) = match given.split_first() {
            Some((backend, options)) => (backend.as_str(), options.to_vec()),
            None => (
                "udp_multicast",
                vec!["channel=239.74.163.21".into(), "hop_limit=0".into()],
            ),
        };
        let pairs = options.iter().filter_map(|option| option.split_once('='));
        pairs
            .fold(Bus::builder(backend), |bus, (name, value)| {
                bus.option(name, value)
            })
            .open()
    }

    fn frame(number: u8) -> Result<Frame> {
        Frame::data(Id::standard(0x123)?, &[number])
    }

    #[tokio::main(flavor = "current_thread")]
    pub(crate) async fn main() -> Result<()> {
        let (bus, other) = (open()?, open()?);
        let sender = tokio::spawn(async move {
            for number in 0..5 {
                tokio::time::sleep(Duration::from_millis(10)).await;
                other.send(&frame(number)?, Duration::ZERO)?;
            }
            Ok::<(), canbus::Error>(())
        });
        let descriptor = bus
            .readiness()
            .ok_or_else(|| bus.describe().cannot("be waited for"))?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe, for descriptors that nobody lends as the bus does"
        )]
        let ready = AsyncFd::with_interest(descriptor, Interest::READABLE)?;
        for _ in 0..5 {
            print(&next(&bus, &ready).await?.to_string());
        }
        sender.await.expect("the sending task does not panic")
    }

    async fn next(bus: &Bus, ready: &AsyncFd<std::os::fd::BorrowedFd<'_>>) -> Result<Message> {
        loop {
            let mut readable = ready.readable().await?;
            match bus.recv(Duration::ZERO)? {
                Some(message) => return Ok(message),
                // Only now that nothing is left does the runtime have to wait.
                None => readable.clear_ready(),
            }
        }
    }

    #[expect(clippy::print_stdout, reason = "an example shows what it does")]
    fn print(line: &str) {
        println!("{line}");
    }
}

#[cfg(unix)]
fn main() -> canbus::Result<()> {
    on_unix::main()
}

/// Other systems have no such descriptors.
#[cfg(not(unix))]
fn main() {}
