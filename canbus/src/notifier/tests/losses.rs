//! When losses are told: as soon as they are seen, at the end for sure, and not asked for all the
//! time.

use super::*;
use crate::driver::{Capabilities, Description, Driver};
use crate::message::{Channel, Timestamp};

/// A busy bus whose losses the test says.
struct Losing {
    description: Description,
    dropped: Arc<AtomicU64>,
    asked: Arc<AtomicUsize>,
}

impl Driver for Losing {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, _timeout: Option<Duration>) -> Result<Option<Message>> {
        thread::sleep(Duration::from_micros(200));
        Ok(Some(Message::received(
            frame(1),
            Timestamp::from_nanos(i64::MAX),
        )))
    }

    fn recv_batch(
        &self,
        out: &mut Vec<Message>,
        _max: usize,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        out.extend(self.recv(timeout)?);
        Ok(1)
    }

    fn send(&self, _: &Frame, _: Option<Channel>, _: Option<Duration>) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }

    fn dropped(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.dropped.load(Ordering::SeqCst)
    }
}

#[test]
fn losses_are_told_when_they_change_and_the_last_ones_at_the_end() {
    let (dropped, asked) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
    let bus = Bus::from_driver(Box::new(Losing {
        description: Description {
            capabilities: Capabilities {
                counts_dropped: true,
                ..Capabilities::CLASSIC
            },
            ..Description::new("losing", [Channel::number(0)])
        },
        dropped: Arc::clone(&dropped),
        asked: Arc::clone(&asked),
    }));
    let told = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&told);
    let notifier = Notifier::builder()
        .bus(bus)
        .on_dropped(move |_, dropped| lock(&notes).push(dropped))
        .start()
        .expect("starts");
    for (losses, so_far) in [(3, vec![3]), (8, vec![3, 8])] {
        dropped.store(losses, Ordering::SeqCst);
        until(|| *lock(&told) == so_far);
    }
    // Hundreds of batches come in this time; the driver is asked once in 50 ms.
    let before = count(&asked);
    let received = notifier.received();
    until(|| notifier.received() >= received + 300);
    let asks = count(&asked) - before;
    assert!(asks < 60, "asked {asks} times in 300 batches");
    dropped.store(9, Ordering::SeqCst);
    notifier.stop(PATIENCE).expect("stops");
    assert_eq!(*lock(&told), [3, 8, 9]);
    assert_eq!(notifier.dropped(), 9);
}
