//! Receives in an async program by the bus's file descriptor, here on smol: no thread reads ahead, and
//! nothing is copied twice. Where a thread does no harm, `MessageStream` is simpler.
//!
//! usage: `fd_on_smol [BACKEND OPTION=VALUE...]`, for instance `socketcan channel=vcan0`

#[cfg(unix)]
mod on_unix {
    use canbus::{Bus, Frame, Id, Message, Result};
    use smol::Async;
    use std::time::Duration;

    /// A bus that has a file descriptor: one of this machine unless another is named.
    fn open() -> Result<Bus> {
        let given: Vec<String> = std::env::args().skip(1).collect();
        let (backend, options) = match given.split_first() {
            Some((backend, options)) => (backend.as_str(), options.to_vec()),
            None => (
                "udp_multicast",
                vec!["channel=239.74.163.22".into(), "hop_limit=0".into()],
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

    pub(crate) fn main() -> Result<()> {
        let (bus, other) = (open()?, open()?);
        let executor = smol::LocalExecutor::new();
        let sender = executor.spawn(async move {
            for number in 0..5 {
                smol::Timer::after(Duration::from_millis(10)).await;
                other.send(&frame(number)?, Duration::ZERO)?;
            }
            Ok::<(), canbus::Error>(())
        });
        let receive = async {
            let descriptor = bus
                .readiness()
                .ok_or_else(|| bus.describe().cannot("be waited for"))?;
            let ready = Async::new_nonblocking(descriptor)?;
            for _ in 0..5 {
                print(&next(&bus, &ready).await?.to_string());
            }
            sender.await
        };
        smol::block_on(executor.run(receive))
    }

    async fn next(bus: &Bus, ready: &Async<std::os::fd::BorrowedFd<'_>>) -> Result<Message> {
        loop {
            if let Some(message) = bus.recv(Duration::ZERO)? {
                return Ok(message);
            }
            ready.readable().await?;
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
