use super::*;
use crate::frame::{Id, padded_fd_len};
use std::collections::BTreeSet;

fn of_sort(sort: Sort) -> impl Iterator<Item = &'static Row> {
    VEHICLE.iter().filter(move |row| row.sort == sort)
}

fn find(id: u32) -> &'static Row {
    let mut rows = VEHICLE.iter().filter(|row| row.id == id);
    rows.next().expect("in the table")
}

#[test]
fn there_are_150_identifiers_of_both_widths_and_all_kinds() {
    let ids: BTreeSet<(u32, bool)> = VEHICLE.iter().map(|row| (row.id, row.extended)).collect();
    assert_eq!((VEHICLE.len(), ids.len()), (150, 149));
    let extended = VEHICLE.iter().filter(|row| row.extended).count();
    assert_eq!(extended, 28);
    let sorts = [
        Sort::Classic,
        Sort::Fd,
        Sort::Remote,
        Sort::ObdRequest,
        Sort::Error,
    ];
    assert_eq!(sorts.map(|sort| of_sort(sort).count()), [132, 16, 1, 1, 0]);
    assert_eq!(VEHICLE.iter().filter(|row| row.on_change).count(), 2);
}

#[test]
fn every_row_is_a_frame_that_can_be() {
    for row in VEHICLE.iter().chain([&ERROR]) {
        assert!(Id::new(row.id, row.extended).is_ok(), "{:x}", row.id);
        let len = usize::from(row.len);
        let fits = match row.sort {
            Sort::Fd => padded_fd_len(len) == Some(len) && len > 8,
            _ => len <= 8,
        };
        assert!(fits, "{:x}", row.id);
        let periods = [10, 20, 50, 100, 200, 500, 1000, 2000];
        assert!(periods.contains(&row.period_ms), "{:x}", row.id);
    }
}

#[test]
fn fields_and_guards_share_no_byte() {
    for row in VEHICLE {
        let len = u64::from(row.len);
        let mut taken: u64 = match row.guard {
            Guard::None => 0,
            Guard::Counter => 1 << (len - 1),
            Guard::Xor => 0b11 << (len - 2),
            Guard::Crc => 0b11,
        };
        for field in row.fields {
            let bytes = ((1 << field.bytes) - 1) << field.at;
            assert_eq!(taken & bytes, 0, "{:x}: {field:?}", row.id);
            taken |= bytes;
            assert!(matches!(field.bytes, 1 | 2 | 4), "{:x}", row.id);
        }
        let beyond = taken.checked_shr(u32::from(row.len)).unwrap_or(0);
        assert_eq!(beyond, 0, "{:x} is too short", row.id);
        // A counter that ran on while nothing is sent would jump.
        assert!(!row.on_change || row.guard == Guard::None);
    }
}

/// Identifiers as J1939-71 examples and other tools write them.
#[test]
fn j1939_identifiers_are_made_of_priority_group_and_source() {
    for id in [
        0x0CF0_0400,
        0x0CF0_0300,
        0x0CF0_0203,
        0x0CFE_6CEE,
        0x18F0_010B,
        0x18FE_F100,
        0x18FE_EE00,
        0x18FE_F717,
    ] {
        let found = VEHICLE.iter().any(|row| row.extended && row.id == id);
        assert_eq!(found, id != 0x18FE_F717, "{id:x}");
    }
    assert_eq!((find(0x0CF0_0400).unused, find(0x0CF0_0400).len), (0xFF, 8));
}

#[test]
fn the_remote_frame_asks_for_a_message_that_is_sent() {
    let asked = of_sort(Sort::Remote).next().expect("a remote frame");
    let sent = find(asked.id);
    assert_eq!((sent.sort, sent.len), (Sort::Classic, asked.len));
}
