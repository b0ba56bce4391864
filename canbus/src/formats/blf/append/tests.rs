use super::*;
use crate::error::ErrorKind;
use crate::formats;
use crate::formats::blf::header::SIZE;
use crate::formats::blf::tests::{
    Found, container as pack, file, message, messages, object, objects, read,
};
use crate::listener::Listener;
use crate::message::{Message, Timestamp};
use std::path::PathBuf;

const NONE: [(&str, &str); 0] = [];
const DATE: i64 = 1_700_000_000_000_000_000;

/// A file with these bytes, to which these messages are appended.
fn appended(bytes: &[u8], messages: &[Message]) -> Vec<u8> {
    let (folder, path) = place(bytes);
    let mut log = formats::append(&path, NONE).expect("opened");
    log.on_batch(messages).expect("written");
    log.finish().expect("completed");
    let after = std::fs::read(&path).expect("readable");
    assert_eq!(log.file_size(), after.len() as u64);
    drop(folder);
    after
}

fn place(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.blf");
    std::fs::write(&path, bytes).expect("written");
    (folder, path)
}

fn header(bytes: &[u8]) -> FileHeader {
    bytes
        .first_chunk()
        .and_then(FileHeader::parse)
        .expect("a header")
}

fn whole(messages: Vec<Message>) -> Found {
    Found {
        messages,
        ..Found::default()
    }
}

/// The size that the file would have without compression, counted over its containers.
fn uncompressed_size(bytes: &[u8]) -> u64 {
    let number = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().expect("inside"));
    let (mut at, mut total) = (SIZE, SIZE as u64);
    while at < bytes.len() {
        assert_eq!((&bytes[at..at + 4], number(at + 12)), (&b"LOBJ"[..], 10));
        total += uncompressed(number(at + 24).into());
        let size = number(at + 8) as usize;
        at += size + size % 4;
    }
    total
}

/// Whether counts and sizes in the header are those of the file.
fn assert_in_step(bytes: &[u8], count: u32) {
    let header = header(bytes);
    assert_eq!(header.file_size, bytes.len() as u64);
    assert_eq!(header.objects, count);
    let latest = read(bytes)
        .messages
        .iter()
        .map(|m| m.timestamp.as_nanos())
        .max();
    let stop = header.stop(&TimeZone::UTC);
    assert!((stop - latest.unwrap_or(0)).abs() <= 500_000, "{stop}");
}

/// The counts as a complete file has them.
fn with_counts(mut bytes: Vec<u8>, count: u32) -> Vec<u8> {
    let mut header = header(&bytes);
    header.file_size = bytes.len() as u64;
    header.objects = count;
    header.uncompressed_size = 1_000;
    bytes[..SIZE].copy_from_slice(&header.to_bytes());
    bytes
}

#[test]
fn a_complete_file_is_continued_with_its_counts() {
    let before = with_counts(file(&[pack(6, &objects(&messages(0..3)))]), 7);
    let after = appended(&before, &messages(3..5));
    assert_eq!(
        after[SIZE..before.len()],
        before[SIZE..],
        "nothing is rewritten"
    );
    assert_eq!(read(&after), whole(messages(0..5)));
    // The counts are taken over without counting again.
    assert_in_step(&after, 9);
    assert_eq!(header(&after).uncompressed_size, 1_000 + 32 + 2 * 48);
}

#[test]
fn a_stale_header_is_brought_into_step() {
    let mut inner = objects(&messages(0..3));
    inner.extend_from_slice(&object(96, 0, &[]));
    let before = file(&[pack(6, &inner), objects(&messages(3..4))]);
    let after = appended(&before, &[]);
    assert_eq!(after[SIZE..], before[SIZE..]);
    assert_in_step(&after, 5);
    let size = SIZE as u64 + 32 + 3 * 48 + 32 + 48;
    assert_eq!(header(&after).uncompressed_size, size);
}

#[test]
fn the_start_time_of_the_file_stays() {
    let at = |nanos| Message {
        timestamp: Timestamp::from_nanos(DATE + nanos),
        ..message(0)
    };
    let first = appended(&file(&[]), &[at(1_234_567)]);
    assert_eq!(header(&first).start(&TimeZone::UTC), DATE + 1_000_000);
    let second = appended(&first, &[at(9_999_999), at(0)]);
    let expected = whole(vec![at(1_234_567), at(9_999_999), at(1_000_000)]);
    assert_eq!(read(&second), expected);
    assert_eq!(header(&second).stop(&TimeZone::UTC), DATE + 10_000_000);
    let third = appended(&second, &[at(5_000_000)]);
    assert_eq!(header(&third).stop(&TimeZone::UTC), DATE + 10_000_000);
}

#[test]
fn a_file_that_ends_anywhere_can_be_continued() {
    let all = objects(&messages(0..12));
    for chunk in [48 * 4, 100] {
        for level in [0, 6] {
            let parts: Vec<_> = all.chunks(chunk).map(|part| pack(level, part)).collect();
            let bytes = file(&parts);
            for length in (SIZE..=bytes.len()).step_by(17) {
                let kept = read(&bytes[..length]).messages;
                let after = appended(&bytes[..length], &messages(100..102));
                let found = read(&after);
                let expected = [&kept[..], &messages(100..102)].concat();
                assert_eq!(found, whole(expected), "{chunk} {level} {length}");
                assert_in_step(&after, kept.len() as u32 + 2);
                let total = header(&after).uncompressed_size;
                assert_eq!(total, uncompressed_size(&after), "{chunk} {level} {length}");
                assert_eq!(read(&appended(&after, &[])), found);
            }
        }
    }
}

#[test]
fn padding_behind_the_last_container_is_completed() {
    let part = (1..40)
        .map(|count| pack(6, &objects(&messages(0..count))))
        .find(|part| part.last_chunk() == Some(&[0; 3]) && part[8] % 4 == 3)
        .expect("one of them has 3 bytes of padding");
    let count = read(&file(std::slice::from_ref(&part))).messages.len();
    let bytes = file(std::slice::from_ref(&part));
    for missing in 0..=3 {
        let after = appended(&bytes[..bytes.len() - missing], &messages(100..101));
        assert_eq!(after[SIZE..bytes.len()], bytes[SIZE..]);
        assert_eq!(after[bytes.len()..bytes.len() + 4], *b"LOBJ");
        assert_eq!(read(&after).messages.len(), count + 1);
    }
}

#[test]
fn damage_in_the_middle_is_left_as_it_is() {
    let parts = [
        pack(6, &objects(&messages(0..4))),
        vec![0xEE; 50],
        pack(6, &objects(&messages(4..6))),
    ];
    let mut before = file(&parts);
    let after = appended(&before, &messages(6..7));
    assert_eq!(after[SIZE..before.len()], before[SIZE..]);
    assert_eq!(read(&after).messages, messages(0..7));
    // A size that goes beyond the end, but is not that of the last container.
    before[SIZE + 11] = 0x7F;
    let after = appended(&before, &messages(6..7));
    assert_eq!(after[SIZE..before.len()], before[SIZE..]);
    assert_eq!(read(&after).messages, messages(0..7));
}

#[test]
fn damage_in_the_last_container_is_left_as_it_is() {
    for at in [48, 57, 59] {
        let mut inner = objects(&messages(0..4));
        inner[at] = 0xFF;
        let before = file(&[pack(6, &inner)]);
        let after = appended(&before, &messages(4..5));
        assert_eq!(after[SIZE..before.len()], before[SIZE..]);
        assert_eq!(read(&after).messages.len(), 4);
    }
}

#[test]
fn garbage_behind_the_last_object_is_cut_off() {
    let before = file(&[pack(6, &objects(&messages(0..4)))]);
    for garbage in [vec![0; 1_000], vec![0xEE; 1_000], b"LOBJ\x20\0".to_vec()] {
        let after = appended(&[&before[..], &garbage].concat(), &messages(4..5));
        assert_eq!(read(&after), whole(messages(0..5)));
    }
}

#[test]
fn what_is_no_blf_file_is_left_alone() {
    let mut short = file(&[]);
    short[4] = 145;
    for bytes in [
        b"hello".to_vec(),
        vec![0; 500],
        file(&[])[..71].to_vec(),
        short,
    ] {
        let (_folder, path) = place(&bytes);
        let error = formats::append(&path, NONE).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(
            error.to_string().contains("a.blf: not a BLF file"),
            "{error}"
        );
        assert_eq!(std::fs::read(&path).expect("readable"), bytes);
    }
}

#[test]
fn an_empty_file_and_a_missing_one_are_begun() {
    assert_eq!(read(&appended(&[], &messages(0..2))), whole(messages(0..2)));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new.blf");
    let mut log = formats::append(&path, NONE).expect("created");
    log.on_batch(&messages(0..2)).expect("written");
    log.finish().expect("completed");
    let bytes = std::fs::read(&path).expect("readable");
    assert_eq!(read(&bytes), whole(messages(0..2)));
}

/// A file with this start time; 0 is none.
fn starting(start: i64, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut header = FileHeader::new();
    header.set_start(start, &TimeZone::UTC);
    [&header.to_bytes()[..], &parts.concat()].concat()
}

#[test]
fn a_joined_file_is_continued_with_the_start_time_of_its_last_part() {
    const HOUR: i64 = 3_600_000_000_000;
    let late = Message {
        timestamp: Timestamp::from_nanos(DATE + 2 * HOUR),
        ..message(7)
    };
    let first = starting(DATE, &[pack(6, &objects(&messages(0..2)))]);
    let parts = [pack(6, &objects(&messages(2..4)))];
    for last in [DATE + HOUR, 0] {
        let second = starting(last, &parts);
        let torn = [&second[..], &pack(6, &objects(&messages(4..9)))[..60]].concat();
        for tail in [&second[..SIZE], &second[..], &torn[..]] {
            for padding in [0, 3] {
                let before = [&first[..], &vec![0; padding], tail].concat();
                let kept = read(&before).messages;
                let after = appended(&before, &[late]);
                let expected = [&kept[..], &[late]].concat();
                assert_eq!(read(&after), whole(expected), "{last} {}", tail.len());
                assert_in_step(&after, kept.len() as u32 + 1);
                // The header is in step, so that nothing is counted again.
                let again = appended(&after, &[late]);
                assert_eq!(read(&again).messages.last(), Some(&late));
                assert_eq!(again[SIZE..after.len()], after[SIZE..]);
            }
        }
    }
}

#[test]
fn the_headers_of_a_joined_file_count_for_its_size() {
    let part = pack(6, &objects(&messages(0..2)));
    let joined = [
        starting(0, std::slice::from_ref(&part)),
        starting(DATE, &[part]),
    ]
    .concat();
    let after = appended(&joined, &[]);
    assert_eq!(after[SIZE..], joined[SIZE..]);
    assert_eq!(
        header(&after).uncompressed_size,
        2 * (SIZE as u64 + 32 + 2 * 48)
    );
}

#[test]
fn a_second_header_that_is_cut_off_is_no_part_of_the_file() {
    let first = file(&[pack(6, &objects(&messages(0..2)))]);
    let second = starting(DATE, &[]);
    for length in [4, 71, 72, 143] {
        let after = appended(&[&first[..], &second[..length]].concat(), &messages(2..3));
        assert_eq!(read(&after), whole(messages(0..3)), "{length}");
    }
}

/// What is written while a file is mended, and where.
fn mending(bytes: &[u8], level: i64) -> Option<[(u64, Vec<u8>); 5]> {
    let (_folder, path) = place(bytes);
    let mut file = File::open(path).expect("readable");
    let size = bytes.len() as u64;
    let mut end = End::find(&mut file, header(bytes), size).expect("readable");
    let torn = Torn::find(&mut file, end.padded(), size).expect("readable");
    let objects = mend(&mut file, &mut end).expect("readable");
    let padding = object::padding(end.last_size);
    let steps = steps(end.at, padding, &pack(level, &objects), &torn);
    (!objects.is_empty()).then_some(steps)
}

#[test]
fn a_crash_while_the_end_is_mended_loses_nothing() {
    let all = objects(&messages(0..9));
    let (mut ends, mut crashes) = (0, 0);
    // Containers that end with an object, and such that end within one.
    for (chunk, level) in [(48 * 3, 6), (48 * 3, 0), (200, 6), (200, 0)] {
        let parts: Vec<_> = all.chunks(chunk).map(|part| pack(level, part)).collect();
        let whole = file(&parts);
        for length in (SIZE..whole.len()).step_by(31) {
            let torn = &whole[..length];
            let Some(steps) = mending(torn, 6) else {
                continue;
            };
            ends += 1;
            let kept = read(torn).messages;
            let mut state = torn.to_vec();
            for (place, bytes) in steps {
                let place = place as usize;
                state.resize(state.len().max(place), 0);
                for (at, &byte) in (place..).zip(&bytes) {
                    if at == state.len() {
                        state.push(byte);
                    } else {
                        state[at] = byte;
                    }
                    crashes += 1;
                    let found = read(&state).messages;
                    let lost = kept.iter().find(|message| !found.contains(message));
                    assert_eq!(lost, None, "{chunk} {level} {length} {place} {at}");
                }
            }
        }
    }
    assert!(ends > 20 && crashes > 2_000, "{ends} {crashes}");
}

/// An open file with these bytes.
fn opened(bytes: &[u8]) -> (tempfile::TempDir, File) {
    let (folder, path) = place(bytes);
    (folder, File::open(path).expect("there"))
}

#[test]
fn the_copy_stands_behind_all_that_is_written_or_torn() {
    let packed = [7; 500];
    for (reaches, copy) in [(1_100, 1_502), (9_000, 9_000)] {
        let torn = Torn { at: 1_000, reaches };
        let steps = steps(1_000, 2, &packed, &torn);
        assert_eq!(steps[0], (copy + LARGEST as u64, packed.to_vec()));
    }
}

#[test]
fn a_search_finds_a_signature_across_what_is_read_at_once() {
    for before in (0..40).chain(STEP..STEP + 40) {
        let bytes = [&vec![b'x'; before], &SIGNATURE[..], &[0; 8]].concat();
        let (_folder, mut file) = opened(&bytes);
        assert_eq!(search(&mut file, 0).expect("readable"), Some(before as u64));
        assert_eq!(
            search(&mut file, before as u64 + 1).expect("readable"),
            None
        );
    }
}

#[test]
fn the_contents_of_a_container_are_all_of_them_and_those_of_nothing_else() {
    let contents_of = |bytes: &[u8]| {
        let (_folder, mut file) = opened(bytes);
        contents(&mut file, 0).expect("readable")
    };
    let one = objects(&[message(7)]);
    for (level, times) in [(0, 3), (6, 3), (1, 5_000), (9, 60_000)] {
        let many = one.repeat(times);
        assert_eq!(contents_of(&pack(level, &many)).len(), many.len());
    }
    // An object of another type, and a container that says that it is larger than any.
    let mut other = pack(0, &one);
    other[12] = 65;
    assert_eq!(contents_of(&other), [0; 0]);
    let mut large = pack(0, &one);
    large[8..12].copy_from_slice(&(MOST as u32 + 1).to_le_bytes());
    assert_eq!(contents_of(&large), [0; 0]);
}

#[test]
fn a_few_zeros_behind_the_last_object_belong_to_it() {
    let one = objects(&[message(7)]);
    let whole = |behind: &[u8]| whole_objects(&[&one[..], behind].concat()) - one.len();
    assert_eq!(
        [0, 1, 2, 3].map(|zeros| whole(&[0; 3][..zeros])),
        [0, 1, 2, 3]
    );
    assert_eq!(whole(&[0; 4]), 0);
    assert_eq!(whole(&[0; 5]), 0);
    assert_eq!(whole(&[0, 1]), 0);
    assert_eq!(whole_objects(&[0, 0]), 0);
    assert_eq!(whole_objects(&[]), 0);
}
