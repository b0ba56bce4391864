//! Readers that end before `stop`: what is flushed, counted and told.

use super::*;

#[test]
fn listeners_are_flushed_when_a_bus_is_closed_or_removed_unless_told_never() {
    for (interval, flushes) in [(Some(Duration::from_hours(1)), [1, 2]), (None, [0, 0])] {
        let ((a, _to_a), (b, _to_b)) = (pair("end-flush-a"), pair("end-flush-b"));
        let listener = Superstitious::default();
        let notifier = Notifier::builder()
            .buses([a.clone(), b.clone()])
            .listener(listener.clone())
            .flush_every(interval)
            .start()
            .expect("starts");
        notifier.remove_bus(&a, PATIENCE).expect("removed");
        assert_eq!(count(&listener.flushed), flushes[0]);
        b.shutdown().expect("closes");
        assert!(notifier.wait(PATIENCE));
        assert_eq!(count(&listener.flushed), flushes[1]);
        notifier.stop(PATIENCE).expect("stops");
        // What is finished needs no flush before.
        assert_eq!(count(&listener.flushed), flushes[1]);
    }
}

#[test]
fn the_end_is_told_once_when_the_last_reader_has_ended_not_the_first() {
    let bus = broken::Broken::bus(ErrorKind::Closed, Duration::from_millis(400));
    let (soon, _other) = pair("end-told");
    let ends = Arc::new(AtomicUsize::new(0));
    let hook = Arc::clone(&ends);
    let notifier = Notifier::builder()
        .buses([bus, soon])
        .on_end(move || {
            hook.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
        .start()
        .expect("starts");
    let error = notifier.stop(Duration::from_millis(150)).expect_err("late");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    // One of them has ended, the other hangs on.
    assert_eq!(count(&ends), 0);
    assert!(!notifier.wait(Duration::ZERO));
    until(|| count(&ends) == 1);
    notifier.stop(PATIENCE).expect("it came back by now");
    assert!(notifier.wait(Duration::ZERO));
    assert_eq!((count(&ends), notifier.dropped()), (1, 3));
}

#[test]
fn the_end_is_told_with_no_lock_held() {
    let (bus, _other) = pair("end-lock");
    let own: Arc<Mutex<Option<Notifier>>> = Arc::default();
    let inside = Arc::clone(&own);
    let (told, answers) = std::sync::mpsc::channel();
    let mut held = lock(&own);
    let notifier = Notifier::builder()
        .bus(bus.clone())
        .on_end(move || {
            let notifier = lock(&inside).take().expect("it is there");
            told.send((notifier.dropped(), notifier.stop(Duration::ZERO)))
                .expect("somebody waits");
            Ok(())
        })
        .start();
    *held = Some(notifier.expect("starts"));
    drop(held);
    bus.shutdown().expect("closes");
    let (dropped, stopped) = answers.recv_timeout(PATIENCE).expect("no deadlock");
    assert_eq!(dropped, 0);
    stopped.expect("every reader has ended");
}

#[test]
fn a_bus_that_is_added_again_counts_its_losses_once() {
    let bus = Bus::builder("virtual")
        .option("channel", "notifier-added-again")
        .option("rx_queue_size", 1_i64)
        .open()
        .expect("opens");
    let other = Bus::open("virtual", "notifier-added-again").expect("opens");
    for number in 0..4 {
        other.send(&frame(number), None).expect("sent");
    }
    let notifier = Notifier::builder()
        .bus(bus.clone())
        .start()
        .expect("starts");
    notifier.remove_bus(&bus, PATIENCE).expect("removed");
    notifier.add_bus(bus).expect("added again");
    assert_eq!(notifier.dropped(), 3);
    notifier.stop(PATIENCE).expect("stops");
    assert_eq!(notifier.dropped(), 3);
}
