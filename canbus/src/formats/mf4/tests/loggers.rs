//! Files as data loggers write them and we do not: unsorted, with data of variable length. That
//! their form is right, `tests/differential/mf4.py` asks python-can.

use super::super::block::{self, Builder, HEAD, LEAST};
use super::super::skeleton;
use super::{blocks, read_bytes};
use crate::message::{Direction, Message};

/// Where the record of a frame has what: a time of whole microseconds (8 bytes), 29 bits of
/// identifier and one that says whether it has so many, a length, the direction, and the place of
/// the data elsewhere (8 bytes).
const WIDTH: u32 = 22;

/// A channel: name, kind, data type, first byte, first bit, bits, link to a conversion, link to
/// data elsewhere.
type About<'a> = (&'a str, u8, u8, u32, u8, u32, u64, u64);

fn channels(builder: &mut Builder, elsewhere: u64) -> u64 {
    let [received, sent] = ["Rx", "Tx"].map(|name| builder.text(name));
    let mut facts = [0; 40];
    facts[..8].copy_from_slice(&[7, 0, 0, 0, 3, 0, 2, 0]);
    facts[32..].copy_from_slice(&1.0_f64.to_le_bytes());
    let names = builder.add(*b"CC", &[0, 0, 0, 0, received, sent, 0], &facts);
    let mut facts = [0; 40];
    facts[..8].copy_from_slice(&[1, 0, 0, 0, 0, 0, 2, 0]);
    facts[32..].copy_from_slice(&1e-6_f64.to_le_bytes());
    let micros = builder.add(*b"CC", &[0; 4], &facts);
    let about: [About<'_>; 6] = [
        ("Timestamp", 2, 0, 0, 0, 64, micros, 0),
        ("CAN_DataFrame.ID", 0, 0, 8, 0, 29, 0, 0),
        ("CAN_DataFrame.IDE", 0, 0, 11, 7, 1, 0, 0),
        ("CAN_DataFrame.DataLength", 0, 0, 12, 0, 7, 0, 0),
        ("CAN_DataFrame.Dir", 0, 0, 13, 0, 1, names, 0),
        ("CAN_DataFrame.DataBytes", 1, 10, 14, 0, 64, 0, elsewhere),
    ];
    let mut next = 0;
    for (name, kind, data_type, at, shift, bits, conversion, data) in about.into_iter().rev() {
        let name = builder.text(name);
        let mut facts = [0; 72];
        facts[..4].copy_from_slice(&[kind, u8::from(kind == 2), data_type, shift]);
        facts[4..8].copy_from_slice(&at.to_le_bytes());
        facts[8..12].copy_from_slice(&bits.to_le_bytes());
        let links = [next, 0, name, 0, conversion, data, 0, 0];
        next = builder.add(*b"CN", &links, &facts);
    }
    next
}

fn channel_group(builder: &mut Builder, links: [u64; 2], id: u8, flags: u8, width: u32) -> u64 {
    let mut facts = [0; 32];
    facts[0] = id;
    facts[8] = 3;
    facts[16] = flags;
    facts[24..28].copy_from_slice(&width.to_le_bytes());
    builder.add(*b"CG", &[links[0], links[1], 0, 0, 0, 0], &facts)
}

/// A file with other groups than ours.
fn made(unfinished: u16, groups: impl FnOnce(&mut Builder) -> u64) -> Vec<u8> {
    let (mut bytes, _) = skeleton::file(1_000_000_000_000_000_000, None);
    if unfinished != 0 {
        bytes[..8].copy_from_slice(block::UNFINISHED);
        bytes[60..62].copy_from_slice(&unfinished.to_le_bytes());
    }
    let mut builder = Builder::new(bytes.len() as u64);
    let first = groups(&mut builder);
    bytes.extend_from_slice(&builder.bytes);
    let at = skeleton::FIRST_GROUP_AT as usize;
    bytes[at..at + 8].copy_from_slice(&first.to_le_bytes());
    bytes
}

/// The record of a frame whose data are elsewhere; its number says everything.
fn record(number: u8, offset: u64) -> Vec<u8> {
    let mut record = (u64::from(number) * 10).to_le_bytes().to_vec();
    record.extend_from_slice(&(0x8000_0100 | u32::from(number)).to_le_bytes());
    record.extend_from_slice(&[number, number % 2]);
    record.extend_from_slice(&offset.to_le_bytes());
    record
}

fn content(number: u8) -> Vec<u8> {
    let mut content = u32::from(number).to_le_bytes().to_vec();
    content.resize(4 + usize::from(number), number);
    content
}

/// Where the data of a frame are among those of all.
fn offset(number: u8) -> u64 {
    (1..number).map(|number| 4 + u64::from(number)).sum()
}

fn expect_frames(found: &[Message], numbers: &[u8]) {
    let seen: Vec<u8> = found
        .iter()
        .map(|message| message.frame.len() as u8)
        .collect();
    assert_eq!(seen, numbers);
    for (message, &number) in found.iter().zip(numbers) {
        assert_eq!(message.frame.payload(), vec![number; usize::from(number)]);
        assert_eq!(message.frame.id().raw(), 0x100 + u32::from(number));
        assert!(message.frame.id().is_extended());
        let nanos = 1_000_000_000_000_000_000 + i64::from(number) * 10_000;
        assert_eq!(message.timestamp.as_nanos(), nanos);
        assert_eq!(message.direction == Direction::Tx, number % 2 == 1);
    }
}

/// Frames and their data in one stream: frames are group 1, data are group 2.
fn mixed(unfinished: u16, data_first: bool, data: &[u8]) -> Vec<u8> {
    made(unfinished, |builder| {
        let variable = channel_group(builder, [0, 0], 2, 1, 0);
        let first = channels(builder, variable);
        let frames = channel_group(builder, [variable, first], 1, 6, WIDTH);
        let mut records = Vec::new();
        for &number in data {
            let frame = [vec![1], record(number, offset(number))].concat();
            let content = [vec![2], content(number)].concat();
            let both = if data_first {
                [content, frame]
            } else {
                [frame, content]
            };
            records.extend(both.concat());
        }
        let data = builder.end() + LEAST + 4 * 8 + 8;
        let group = builder.add(*b"DG", &[0, frames, data, 0], &[1, 0, 0, 0, 0, 0, 0, 0]);
        if unfinished & block::LACKS_LENGTH == 0 {
            builder.add(*b"DT", &[], &records);
        } else {
            block::head(&mut builder.bytes, *b"DT", LEAST, &[]);
            builder.bytes.extend_from_slice(&records);
        }
        group
    })
}

#[test]
fn data_of_variable_length_may_stand_before_or_behind_their_frames() {
    for unfinished in [0, block::LACKS_COUNTS | block::LACKS_LENGTH] {
        for data_first in [false, true] {
            let (found, errors, report) = read_bytes(mixed(unfinished, data_first, &[1, 2, 3]));
            assert_eq!(errors, [""; 0]);
            expect_frames(&found, &[1, 2, 3]);
            assert!(!report.is_truncated());
        }
    }
}

#[test]
fn data_whose_offsets_were_never_written_are_taken_in_turn() {
    let mut bytes = mixed(block::LACKS_OFFSETS, false, &[1, 2, 3]);
    let at = blocks(&bytes, *b"DT")[0] + HEAD;
    // Of the first frame: behind its group, at 14.
    bytes[at + 1 + 14] = 99;
    expect_frames(&read_bytes(bytes.clone()).0, &[1, 2, 3]);
    bytes[60] = 0;
    let (found, errors, _) = read_bytes(bytes);
    expect_frames(&found, &[2, 3]);
    assert_eq!(errors.len(), 1);
    assert!(
        errors[0].contains("the data of record 0 of the group are missing"),
        "{errors:?}"
    );
}

#[test]
fn a_cut_stream_gives_what_is_whole() {
    let whole = mixed(block::LACKS_COUNTS | block::LACKS_LENGTH, false, &[1, 2, 3]);
    let (found, errors, report) = read_bytes(whole[..whole.len() - 1].to_vec());
    expect_frames(&found, &[1, 2]);
    assert_eq!(errors.len(), 1, "the last one has lost its data");
    assert!(report.is_truncated());
}

/// Frames for themselves, their data in blocks of their own.
fn sorted(numbers: &[u8]) -> Vec<u8> {
    made(0, |builder| {
        let contents: Vec<u8> = (1..=3).flat_map(content).collect();
        let elsewhere = builder.add(*b"SD", &[], &contents);
        let first = channels(builder, elsewhere);
        let frames = channel_group(builder, [0, first], 0, 6, WIDTH);
        let records = numbers
            .iter()
            .flat_map(|&number| record(number, offset(number)));
        let data = builder.add(*b"DT", &[], &records.collect::<Vec<u8>>());
        builder.add(*b"DG", &[0, frames, data, 0], &[0; 8])
    })
}

#[test]
fn data_in_blocks_of_their_own_are_found_in_any_order() {
    for numbers in [[1, 2, 3], [1, 3, 2], [3, 3, 1]] {
        let (found, errors, _) = read_bytes(sorted(&numbers));
        assert_eq!(errors, [""; 0]);
        expect_frames(&found, &numbers);
    }
}

#[test]
fn data_that_are_missing_cost_their_frame_alone() {
    let mut bytes = sorted(&[1, 2, 3]);
    let at = blocks(&bytes, *b"DT")[0] + HEAD;
    bytes[at + WIDTH as usize + 14 + 2] = 1;
    let (found, errors, _) = read_bytes(bytes);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("are missing"), "{errors:?}");
    expect_frames(&found, &[1, 3]);
}
