//! When frames are sent: exactly so many, on an absolute schedule, never in a burst.

use super::*;
use crate::periodic::SchedulerSettings;
use std::collections::BTreeMap;

#[test]
fn a_thousand_limited_tasks_send_exactly_their_counts() {
    const TASKS: u32 = 1000;
    let _turn = alone();
    let bus = Bus::open("virtual", "periodic-exact-counts").expect("opens");
    let other = Bus::open("virtual", "periodic-exact-counts").expect("opens");
    let count = |number: u32| u64::from(number) % 7 + 1;
    let tasks: Vec<_> = (0..TASKS)
        .map(|number| {
            let frame = Frame::data(Id::standard(number).expect("fits"), &[]).expect("valid");
            let period = Duration::from_micros(u64::from(number) % 5 * 700 + 300);
            bus.send_periodic(&[frame], period)
                .count(count(number))
                .start()
                .expect("starts")
        })
        .collect();
    assert!(tasks.iter().all(|task| task.wait(PATIENCE)));
    // What were one frame too many would be sent now.
    thread::sleep(20 * MS);
    let mut sent = BTreeMap::<u32, u64>::new();
    let mut messages = Vec::new();
    while other
        .recv_batch(&mut messages, 1000, Duration::ZERO)
        .expect("reads")
        > 0
    {}
    for message in &messages {
        *sent.entry(message.frame.id().raw()).or_default() += 1;
    }
    let wrong: Vec<_> = (0..TASKS)
        .filter(|id| sent.get(id) != Some(&count(*id)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?} of {TASKS} tasks");
    let told: u64 = tasks.iter().filter_map(|task| task.stats().sent).sum();
    assert_eq!(told, messages.len() as u64);
}

/// The distance of each time to the nearest one on the grid that begins at `start`, in nanoseconds,
/// the smallest first.
fn off_phase(sent: &Sent, start: Instant, period: Duration) -> Vec<u128> {
    let period = period.as_nanos();
    let offs = sent
        .iter()
        .map(|(at, _, _)| (*at - start).as_nanos() % period);
    let mut offs: Vec<u128> = offs.map(|off| off.min(period - off)).collect();
    offs.sort_unstable();
    offs
}

#[test]
fn the_phase_is_kept_over_a_stall_and_there_is_no_burst() {
    const PERIOD: Duration = Duration::from_millis(20);
    let _turn = alone();
    let (bus, notes) = noting(|number| {
        if number == 10 {
            thread::sleep(Duration::from_millis(210));
        }
        Ok(())
    });
    let start = Instant::now();
    let task = bus
        .send_periodic(&[frame(1)], PERIOD)
        .count(30)
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    let sent = notes.sent();
    let gaps: Vec<Duration> = sent.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert!(gaps[10] >= 210 * MS, "{gaps:?}");
    let stats = task.stats();
    assert!(stats.missed >= 9, "{stats}");
    assert!(stats.worst_lateness >= 185 * MS, "{stats}");
    assert_eq!(stats.sent, Some(30));
    // On a machine that is busy, single frames are late; a burst would be many in no time.
    let close = gaps.iter().filter(|gap| **gap < PERIOD / 4).count();
    assert!(close < 5, "{gaps:?}");
    // Counted on from the end of the stall, all that follow were half a period off.
    let offs = off_phase(&sent[11..].to_vec(), start, PERIOD);
    assert!(offs[offs.len() / 4] < 4_000_000, "{offs:?}");
}

#[test]
fn a_duration_ends_when_it_is_over_though_periods_were_missed() {
    let _turn = alone();
    let (bus, notes) = noting(|number| {
        if number == 3 {
            thread::sleep(Duration::from_millis(300));
        }
        Ok(())
    });
    let start = Instant::now();
    let task = bus
        .send_periodic(&[frame(1)], 20 * MS)
        .duration(400 * MS)
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    let last = notes.sent().last().expect("sent").0;
    assert!(last - start < 600 * MS, "{:?}", last - start);
    let stats = task.stats();
    assert!(stats.missed >= 14, "{stats}");
    // Of the 20 periods one that was near its end when the halt was over is not begun any more.
    let sent = stats.sent.expect("known");
    assert!(sent <= 6 && sent + stats.missed >= 19, "{stats}");
}

#[test]
fn a_frame_is_late_by_the_period_that_it_is_sent_at() {
    let _turn = alone();
    let (bus, _) = noting(|_| {
        thread::sleep(Duration::from_millis(5));
        Ok(())
    });
    // Due together: each holds up those behind it.
    let tasks = [1, 2].map(|data| {
        let task = bus.send_periodic(&[frame(data)], 1000 * MS);
        task.first(10, 20 * MS).start().expect("starts")
    });
    until(|| tasks[1].stats().sent >= Some(9));
    bus.stop_all_periodic_tasks().expect("stopped");
    let stats = tasks[1].stats();
    assert!(stats.late >= 5, "{stats}");
}

#[test]
fn missed_periods_are_made_up_for_if_asked() {
    let _turn = alone();
    let (bus, notes) = noting(|number| {
        if number == 2 {
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    });
    let task = bus
        .send_periodic(&[frame(1)], 10 * MS)
        .catch_up()
        .count(14)
        .start();
    let task = task.expect("starts");
    let start = Instant::now();
    assert!(task.wait(PATIENCE));
    assert!(start.elapsed() >= 125 * MS);
    assert_eq!((notes.count(), task.stats().missed), (14, 0));
    // The frames of the stall come at once.
    let sent = notes.sent();
    let gaps = sent.windows(2).map(|pair| pair[1].0 - pair[0].0);
    assert!(gaps.filter(|gap| *gap < 5 * MS).count() > 5);
}

#[test]
fn nothing_adds_up_over_many_periods() {
    const PERIOD: Duration = Duration::from_millis(4);
    let _turn = alone();
    let (bus, notes) = noting(|_| Ok(()));
    let start = Instant::now();
    let task = bus
        .send_periodic(&[frame(1)], PERIOD)
        .count(100)
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    // Single frames may be late; if that added up, all of the last ones were.
    let late = |at: Instant| (at - start).as_nanos() % PERIOD.as_nanos();
    let sent = notes.sent();
    let best = sent[80..].iter().map(|(at, _, _)| late(*at)).min();
    assert!(best < Some(800_000), "{best:?} ns");
}

#[test]
fn the_second_rate_follows_the_first() {
    let _turn = alone();
    let (bus, notes) = noting(|_| Ok(()));
    let task = bus
        .send_periodic(&[frame(1)], 300 * MS)
        .first(5, 4 * MS)
        .count(6)
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    let at: Vec<_> = notes.sent().iter().map(|(at, _, _)| *at).collect();
    assert_eq!(at.len(), 6);
    let after = |number: usize| at[number] - at[0];
    assert!(after(4) < 250 * MS, "{:?}", after(4));
    assert!(after(5) >= 290 * MS, "{:?}", after(5));
}

#[test]
fn a_task_that_is_started_later_and_due_earlier_is_not_waited_for() {
    let _turn = alone();
    let (bus, notes) = noting(|_| Ok(()));
    let _slow = bus
        .send_periodic(&[frame(9)], Duration::from_hours(1))
        .start()
        .expect("starts");
    until(|| notes.count() == 1);
    thread::sleep(5 * MS);
    let start = Instant::now();
    let quick = bus
        .send_periodic(&[frame(1)], MS)
        .count(5)
        .start()
        .expect("starts");
    assert!(quick.wait(PATIENCE));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn the_longest_period_is_no_panic() {
    let _turn = alone();
    let (bus, notes) = noting(|_| Ok(()));
    let task = bus
        .send_periodic(&[frame(1)], Duration::MAX)
        .start()
        .expect("starts");
    until(|| notes.count() == 1);
    task.stop().expect("stops");
    let task = bus
        .send_periodic(&[frame(1)], Duration::from_nanos(1))
        .count(1000)
        .start();
    assert!(task.expect("starts").wait(PATIENCE));
}

#[test]
fn a_spin_is_bounded_and_a_wrong_priority_is_refused() {
    let _turn = alone();
    let long = SchedulerSettings::default().spin(SchedulerSettings::LONGEST_SPIN + MS);
    let error = long.apply().expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    #[cfg(target_os = "linux")]
    {
        // 100 is no priority; without the permission even that is not looked at.
        let error = SchedulerSettings::default().realtime(100).apply();
        let kind = error.expect_err("refused").kind();
        assert!(matches!(
            kind,
            ErrorKind::InvalidInput | ErrorKind::OperationFailed
        ));
    }
    SchedulerSettings::default()
        .spin(Duration::from_micros(50))
        .apply()
        .expect("allowed");
    let (bus, notes) = noting(|_| Ok(()));
    let task = bus
        .send_periodic(&[frame(1)], MS)
        .count(20)
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    assert_eq!(notes.count(), 20);
    SchedulerSettings::default().apply().expect("allowed");
}
