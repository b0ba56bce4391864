use super::*;
use crate::frame::{Frame, Id};
use crate::message::Channel;
use std::cell::Cell;

type Item = Result<Message>;

/// A message of this time, or an error.
fn item(time: i64) -> Item {
    if time < 0 {
        return Err(Error::malformed(format!("{time}")));
    }
    let frame = Frame::data(Id::standard(1).expect("fits"), &[]).expect("valid");
    Ok(Message::received(frame, Timestamp::from_nanos(time)))
}

fn log(times: &[i64]) -> std::vec::IntoIter<Item> {
    let items: Vec<Item> = times.iter().map(|&time| item(time)).collect();
    items.into_iter()
}

fn times(merged: impl Iterator<Item = Item>) -> Vec<i64> {
    let time = |item: Item| match item {
        Ok(message) => message.timestamp.as_nanos(),
        Err(error) => error.to_string().parse().expect("a number"),
    };
    merged.map(time).collect()
}

#[test]
fn messages_of_all_logs_come_in_the_order_of_time() {
    let merged = MergedLogs::new([log(&[1, 5, 9]), log(&[]), log(&[2, 3, 10, 11]), log(&[5])]);
    assert_eq!(times(merged), [1, 2, 3, 5, 5, 9, 10, 11]);
    assert!(times(MergedLogs::new([log(&[])])).is_empty());
}

#[test]
fn a_log_keeps_its_own_order() {
    let merged = MergedLogs::new([log(&[1, 8, 2, 9]), log(&[3, 4])]);
    assert_eq!(times(merged), [1, 3, 4, 8, 2, 9]);
}

#[test]
fn messages_of_one_time_come_in_the_order_of_the_logs() {
    let channel = |number: u32| {
        let on = move |item: Item| item.map(|message| message.on(number.into()));
        log(&[7, 7]).map(on)
    };
    let merged = MergedLogs::new([channel(0), channel(1), channel(2)]);
    let channels = merged.map(|item| item.expect("a message").channel);
    let numbers: Vec<u32> = channels.flatten().filter_map(Channel::as_number).collect();
    assert_eq!(numbers, [0, 0, 1, 1, 2, 2]);
}

#[test]
fn errors_come_where_they_are_found_and_cost_no_message() {
    let merged = MergedLogs::new([log(&[-1, 1, -2, -3, 6, -4]), log(&[2, -5])]);
    assert_eq!(times(merged), [-1, 1, -2, -3, 2, -5, 6, -4]);
    let many: Vec<i64> = (1..100).map(|n| -n).chain([5]).collect();
    let mut found = times(MergedLogs::new([log(&many), log(&[1, 9])]));
    found.retain(|&time| time >= 0);
    assert_eq!(found, [1, 5, 9]);
}

#[test]
fn a_log_whose_beginning_is_known_is_not_read_before() {
    let reads = Cell::new(0);
    let counted = |times: &'static [i64]| {
        let reads = &reads;
        log(times).inspect(move |_| reads.set(reads.get() + 1))
    };
    let mut merged = MergedLogs::new([]);
    merged.add(counted(&[1, 2]), Some(Timestamp::from_nanos(1)));
    merged.add(counted(&[3, 4]), Some(Timestamp::from_nanos(3)));
    assert_eq!(reads.get(), 0);
    merged.next();
    assert_eq!(
        reads.get(),
        2,
        "the one that is due, and the next of the same log"
    );
    assert_eq!(times(&mut merged), [2, 3, 4]);
}

/// Logs that all run at the same time, of which it counts those that were begun and not ended.
fn overlapping(logs: i64, each: i64, open: &Cell<usize>, most: &Cell<usize>) {
    let mut merged = MergedLogs::new([]);
    for log in 0..logs {
        let mut items = (0..each).map(move |n| item(n * logs + log + 1));
        let first = Timestamp::from_nanos(log + 1);
        let mut begun = false;
        let counted = std::iter::from_fn(move || {
            if !std::mem::replace(&mut begun, true) {
                open.set(open.get() + 1);
                most.set(most.get().max(open.get()));
            }
            let next = items.next();
            open.set(open.get() - usize::from(next.is_none()));
            next
        });
        merged.add(counted, Some(first));
    }
    let expected: Vec<i64> = (1..=logs * each).collect();
    assert_eq!(times(merged), expected);
}

#[test]
fn of_many_logs_that_overlap_few_are_open_and_all_come_in_order() {
    for (logs, each) in [(1, 5), (8, 100), (9, 1), (30, 2000), (200, 10)] {
        let (open, most) = (Cell::new(0), Cell::new(0));
        overlapping(logs, each, &open, &most);
        // The one that is being put aside is open as well.
        assert!(most.get() <= MOST_OPEN + 1, "{logs}: {}", most.get());
        assert_eq!(open.get(), 0);
    }
}

#[test]
fn errors_of_logs_that_are_put_aside_cost_no_message() {
    let mut merged = MergedLogs::new([]);
    let begin = |time| Some(Timestamp::from_nanos(time));
    for first in 1..=8 {
        merged.add(log(&[first, 100]), begin(first));
    }
    let many: Vec<i64> = (1..50)
        .map(|n| -n)
        .chain([9])
        .chain((1..50).map(|n| -n))
        .chain([50, -7, 101])
        .collect();
    merged.add(log(&many), begin(9));
    merged.add(log(&[10, 11, 200]), begin(10));
    let all = times(merged);
    assert_eq!(all.iter().filter(|&&time| time < 0).count(), 99);
    let messages: Vec<i64> = all.into_iter().filter(|&time| time > 0).collect();
    let mut expected: Vec<i64> = (1..=11).chain([50]).chain([100; 8]).collect();
    expected.extend([101, 200]);
    assert_eq!(messages, expected);
}
