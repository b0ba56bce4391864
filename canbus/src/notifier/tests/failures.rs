//! Listeners that fail, panic or ask back.

use super::*;

#[test]
fn a_listener_may_ask_how_many_were_dropped() {
    let (bus, other) = pair("asks-dropped");
    let own: Arc<Mutex<Option<Notifier>>> = Arc::default();
    let (told, answers) = std::sync::mpsc::channel();
    let inside = Arc::clone(&own);
    let asking = callback(move |_: &Message| {
        let dropped = lock(&inside).as_ref().map(Notifier::dropped);
        told.send(dropped).expect("somebody waits");
    });
    let small = BufferedReader::with_capacity(1);
    let mut held = lock(&own);
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(small)
        .listener(asking)
        .start();
    *held = Some(notifier.expect("starts"));
    drop(held);
    for dropped in 0..3 {
        other.send(&frame(1), None).expect("sent");
        let answer = answers.recv_timeout(PATIENCE);
        assert_eq!(answer.expect("it does not wait for itself"), Some(dropped));
    }
    let notifier = lock(&own).take().expect("it is there");
    notifier.stop(PATIENCE).expect("stops");
    assert_eq!(notifier.dropped(), 2);
}

#[test]
fn what_a_listener_had_dropped_counts_once_when_it_is_added_and_when_it_is_gone() {
    let (bus, other) = pair("dropped-before");
    let mut small = BufferedReader::with_capacity(1);
    for _ in 0..3 {
        small
            .on_message(&Message::received(frame(1), Timestamp::ZERO))
            .expect("taken");
    }
    let notifier = Notifier::builder().bus(bus).start().expect("starts");
    let id = notifier.add_listener(small);
    assert_eq!(notifier.dropped(), 2);
    other.send(&frame(1), None).expect("sent");
    until(|| notifier.dropped() == 3);
    assert!(notifier.remove_listener(id).is_some());
    assert_eq!(notifier.dropped(), 3);
    notifier.stop(PATIENCE).expect("stops");
    assert_eq!(notifier.dropped(), 3);
}

/// Fails slowly, so that another bus's reader waits for it meanwhile.
struct FailsSlowly {
    seen: Arc<AtomicUsize>,
    finished: Arc<AtomicUsize>,
}

impl Listener for FailsSlowly {
    fn on_message(&mut self, _message: &Message) -> Result<()> {
        self.seen.fetch_add(1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(200));
        Err(Error::new(ErrorKind::Io, "full"))
    }

    fn finish(&mut self) -> Result<()> {
        self.finished.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn dropped(&self) -> u64 {
        4
    }
}

#[test]
fn a_listener_that_failed_on_one_bus_gets_nothing_of_another() {
    let ((a, to_a), (b, to_b)) = (pair("failed-a"), pair("failed-b"));
    let (seen, finished) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    let listener = FailsSlowly {
        seen: Arc::clone(&seen),
        finished: Arc::clone(&finished),
    };
    let told = Arc::new(AtomicUsize::new(0));
    let hook = Arc::clone(&told);
    let notifier = Notifier::builder()
        .buses([a, b])
        .listener(listener)
        .on_error(move |_| _ = hook.fetch_add(1, Ordering::SeqCst))
        .start()
        .expect("starts");
    to_a.send(&frame(1), None).expect("sent");
    to_b.send(&frame(1), None).expect("sent");
    until(|| notifier.received() == 2 && count(&finished) == 1);
    let error = notifier.stop(PATIENCE).expect_err("the first error");
    assert_eq!(error.to_string(), "full");
    assert_eq!((count(&seen), count(&told), count(&finished)), (1, 1, 1));
    assert_eq!(notifier.dropped(), 4);
}

#[test]
fn a_panic_of_a_listener_is_told_by_stop() {
    let (bus, other) = pair("panic-told");
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(callback(|_: &Message| panic!("a fault, on purpose")))
        .start()
        .expect("starts");
    other.send(&frame(1), None).expect("sent");
    assert!(notifier.wait(PATIENCE));
    let error = notifier.stop(PATIENCE).expect_err("the panic");
    assert_eq!(error.kind(), ErrorKind::OperationFailed);
    assert!(
        error.to_string().ends_with(": a listener panicked"),
        "{error}"
    );
}

#[test]
fn a_listener_that_panicked_is_finished_all_the_same() {
    struct Panics(Arc<AtomicUsize>);
    impl Listener for Panics {
        fn on_message(&mut self, _message: &Message) -> Result<()> {
            panic!("a fault, on purpose")
        }

        fn finish(&mut self) -> Result<()> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }
    let (bus, other) = pair("panic-finished");
    let (finished, beside) = (Arc::new(AtomicUsize::new(0)), Superstitious::default());
    let notifier = Notifier::builder()
        .bus(bus)
        .listener(Panics(Arc::clone(&finished)))
        .listener(beside.clone())
        .start()
        .expect("starts");
    other.send(&frame(1), None).expect("sent");
    assert!(notifier.wait(PATIENCE));
    // Nobody else would flush the others.
    assert_eq!(count(&beside.flushed), 1);
    notifier.stop(PATIENCE).expect_err("the panic");
    assert_eq!((count(&finished), count(&beside.finished)), (1, 1));
}
