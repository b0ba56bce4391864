use crate::formats::blf::object::SIGNATURE;
use crate::formats::blf::tests::{
    Found, container, file, message, messages, object, objects, read,
};
use crate::formats::{self, Input};
use std::io::{Read, repeat};

mod failing;

/// What an undamaged file gives.
fn whole(messages: Vec<crate::message::Message>) -> Found {
    Found {
        messages,
        ..Found::default()
    }
}

#[test]
fn containers_of_both_methods_and_bare_objects_are_read_in_order() {
    let parts = [
        container(6, &objects(&messages(0..3))),
        objects(&messages(3..5)),
        container(0, &objects(&messages(5..8))),
        objects(&messages(8..9)),
    ];
    assert_eq!(read(&file(&parts)), whole(messages(0..9)));
    assert_eq!(read(&file(&[])), Found::default());
    assert_eq!(read(&file(&[container(0, &[])])), Found::default());
    assert_eq!(read(&file(&[container(6, &[])])), Found::default());
}

#[test]
fn objects_that_straddle_containers_are_joined() {
    let all = objects(&messages(0..8));
    for size in [1, 7, 15, 16, 17, 47, 48, 49, 100] {
        for level in [0, 6] {
            let parts: Vec<_> = all
                .chunks(size)
                .map(|part| container(level, part))
                .collect();
            assert_eq!(read(&file(&parts)), whole(messages(0..8)), "{size}");
        }
    }
}

#[test]
fn other_objects_are_passed_over_and_counted() {
    let marker = object(96, 0, &[b'x'; 61]);
    let mut unknown_version = object(1, 0, &[0; 16]);
    unknown_version[6] = 9;
    let mut inner = objects(&messages(0..1));
    inner.extend_from_slice(&marker);
    inner.push(0);
    inner.extend_from_slice(&unknown_version);
    inner.extend_from_slice(&objects(&messages(1..2)));
    let mut bare = object(65, 0, &[0; 6]);
    bare.extend_from_slice(&[0; 2]);
    let expected = Found {
        passed_over: 3,
        ..whole(messages(0..3))
    };
    let parts = [
        container(6, &inner),
        bare,
        container(6, &objects(&messages(2..3))),
    ];
    assert_eq!(read(&file(&parts)), expected);
    // An object that is passed over goes on in the next containers.
    for size in [1, 20, 60] {
        let parts = [
            inner
                .chunks(size)
                .flat_map(|part| container(0, part))
                .collect(),
            parts[1].clone(),
            parts[2].clone(),
        ];
        assert_eq!(read(&file(&parts)), expected, "{size}");
    }
}

#[test]
fn padding_between_objects_is_passed() {
    for padding in 0..=4 {
        let mut inner = objects(&messages(0..1));
        inner.resize(inner.len() + padding, 0);
        inner.extend_from_slice(&objects(&messages(1..2)));
        inner.resize(inner.len() + padding, 0);
        let mut parts = vec![container(6, &inner), vec![0; padding]];
        parts.push(container(0, &objects(&messages(2..3))));
        parts.push(vec![0; padding]);
        assert_eq!(read(&file(&parts)), whole(messages(0..3)), "{padding}");
    }
    let mut inner = objects(&messages(0..1));
    inner.resize(inner.len() + 5, 0);
    inner.extend_from_slice(&objects(&messages(1..2)));
    let found = read(&file(&[container(0, &inner)]));
    assert_eq!(found.messages, messages(0..2));
    assert_eq!(
        found.errors,
        ["x.blf: container at byte 144: byte 48 of the inflated contents: expected an object here"]
    );
}

#[test]
fn the_size_of_the_header_is_obeyed() {
    let rest = container(6, &objects(&messages(0..2)));
    let mut longer = file(&[vec![0xEE; 100], rest.clone()]);
    longer[4..8].copy_from_slice(&244_u32.to_le_bytes());
    assert_eq!(read(&longer), whole(messages(0..2)));
    let mut shorter = file(std::slice::from_ref(&rest));
    shorter.drain(72..144);
    shorter[4..8].copy_from_slice(&72_u32.to_le_bytes());
    assert_eq!(read(&shorter), whole(messages(0..2)));
    for nonsense in [0_u32, 71, 65_537, u32::MAX] {
        let mut damaged = file(std::slice::from_ref(&rest));
        damaged[4..8].copy_from_slice(&nonsense.to_le_bytes());
        let found = read(&damaged);
        assert_eq!(found.messages, messages(0..2));
        let error = format!("x.blf: byte 0: the header says that it has {nonsense} bytes");
        assert_eq!(found.errors, [error]);
    }
}

#[test]
fn what_does_not_begin_with_a_header_is_refused() {
    let error = "x.blf: not a BLF file: it begins with [] instead of a header of 72 bytes";
    assert_eq!(read(&[]).errors, [error]);
    let found = read(&[b"LOBJ".as_slice(), &[0; 100]].concat());
    assert!(found.errors[0].starts_with("x.blf: not a BLF file: it begins with [4c, 4f, 42, 4a]"));
    assert_eq!(read(&file(&[])[..71]).errors.len(), 1);
    assert_eq!(read(&file(&[])[..72]).errors.len(), 0);
}

#[test]
fn a_file_that_is_cut_off_anywhere_gives_what_is_there() {
    let all = objects(&messages(0..30));
    let last = container(6, &all[1000..]);
    let parts = [
        container(6, &all[..500]),
        container(0, &all[500..1000]),
        last.clone(),
    ];
    let mut bytes = file(&parts);
    // Where a file may end: behind the header, the last container, its padding, and an object.
    let size = u32::from_le_bytes(*last[8..].first_chunk().expect("long")) as usize;
    let mut ends: Vec<_> = (bytes.len() - last.len() + size..=bytes.len()).collect();
    ends.push(144);
    bytes.extend_from_slice(&objects(&messages(30..31)));
    ends.push(bytes.len());
    bytes.extend_from_slice(&object(96, 0, b"end"));
    let mut before = 0;
    for length in 72..bytes.len() {
        let found = read(&bytes[..length]);
        let count = found.messages.len();
        assert!(count >= before, "{length}: {count} after {before}");
        assert_eq!(found.messages, messages(0..count as u8), "{length}");
        assert_eq!(found.errors, [""; 0], "{length}");
        assert_eq!(found.truncated, !ends.contains(&length), "{length}");
        before = count;
    }
    assert_eq!(before, 31);
    assert!(!read(&bytes).truncated);
}

#[test]
fn the_inflated_part_of_a_torn_container_is_read() {
    let bytes = file(&[container(6, &objects(&messages(0..200)))]);
    let found = read(&bytes[..bytes.len() - 8]);
    assert!(found.messages.len() > 150, "{}", found.messages.len());
    assert!(found.truncated);
    assert_eq!(found.errors, [""; 0]);
}

#[test]
fn zeros_behind_the_last_object_are_the_end() {
    for zeros in [16, 100, 1_000_000] {
        let found = read(&file(&[
            container(6, &objects(&messages(0..2))),
            vec![0; zeros],
        ]));
        assert_eq!((found.messages, found.errors), (messages(0..2), vec![]));
        assert!(found.truncated);
    }
}

#[test]
fn damaged_compressed_data_cost_one_container() {
    let parts = [
        container(6, &objects(&messages(0..40))),
        container(6, &objects(&messages(40..80))),
        container(6, &objects(&messages(80..120))),
    ];
    let second = 144 + parts[0].len();
    let mut bytes = file(&parts);
    let middle = second + parts[1].len() / 2;
    bytes[middle..middle + 4].fill(0xFF);
    let found = read(&bytes);
    assert_eq!(found.errors.len(), 1, "{:?}", found.errors);
    let place = format!("x.blf: container at byte {second}: ");
    assert!(found.errors[0].starts_with(&place), "{:?}", found.errors);
    assert_eq!(found.messages[..40], messages(0..40));
    assert!(found.messages.len() > 80);
    assert!(found.messages.ends_with(&messages(80..120)));
}

#[test]
fn a_wrong_checksum_is_an_error_behind_all_messages() {
    let mut first = container(6, &objects(&messages(0..2)));
    let size = u32::from_le_bytes(*first[8..].first_chunk().expect("long")) as usize;
    first[size - 1] ^= 1;
    let found = read(&file(&[first, container(6, &objects(&messages(2..4)))]));
    assert_eq!(found.messages, messages(0..4));
    assert_eq!(
        found.errors,
        ["x.blf: container at byte 144: compressed data are damaged"]
    );
}

#[test]
fn a_damaged_object_costs_itself() {
    let mut inner = objects(&messages(0..4));
    // The second object: its signature, then its size, then its DLC.
    for (at, byte, what) in [
        (
            48,
            0,
            "byte 48 of the inflated contents: expected an object here",
        ),
        (
            56,
            0,
            "byte 48 of the inflated contents: an object of type 1 with a header of 32 and 0 \
             bytes in all cannot be here",
        ),
        (
            56,
            31,
            "byte 48 of the inflated contents: an object of type 1 with a header of 32 and 31 \
             bytes in all cannot be here",
        ),
        (
            59,
            255,
            "byte 48 of the inflated contents: an object of type 1 with a header of 32 and \
             4278190128 bytes in all cannot be here",
        ),
        (
            60,
            10,
            "byte 48 of the inflated contents: an object of type 10 with a header of 32 and 48 \
             bytes in all cannot be here",
        ),
        (
            83,
            99,
            "byte 48 of the inflated contents: an object of type 1 cannot be read: its DLC is \
             over 15",
        ),
    ] {
        let kept = std::mem::replace(&mut inner[at], byte);
        for level in [0, 6] {
            let found = read(&file(&[container(level, &inner)]));
            assert_eq!(found.messages, [message(0), message(2), message(3)]);
            assert_eq!(
                found.errors,
                [format!("x.blf: container at byte 144: {what}")]
            );
        }
        inner[at] = kept;
    }
}

#[test]
fn a_damaged_bare_object_costs_itself() {
    let mut bare = objects(&messages(0..4));
    for (at, byte, what) in [
        (48, 0, "expected an object here"),
        (
            56,
            0,
            "an object of type 1 with a header of 32 and 0 bytes in all",
        ),
        (
            83,
            99,
            "an object of type 1 cannot be read: its DLC is over 15",
        ),
    ] {
        let kept = std::mem::replace(&mut bare[at], byte);
        let found = read(&file(std::slice::from_ref(&bare)));
        assert_eq!(found.messages, [message(0), message(2), message(3)]);
        assert_eq!(found.errors, [format!("x.blf: byte 192: {what}")]);
        bare[at] = kept;
    }
    // A size up to behind the end of the file, but with other objects in between.
    bare[57] = 8;
    let found = read(&file(&[bare]));
    assert_eq!(found.messages, [message(0), message(2), message(3)]);
    assert_eq!(
        found.errors,
        ["x.blf: byte 192: an object of 2096 bytes has no end"]
    );
}

#[test]
fn a_wrong_size_of_a_container_costs_nothing_that_is_there() {
    let parts = [
        container(6, &objects(&messages(0..20))),
        container(6, &objects(&messages(20..40))),
        container(6, &objects(&messages(40..60))),
    ];
    let second = 144 + parts[0].len();
    let size = |bytes: &mut [u8], size: u32| {
        bytes[second + 8..second + 12].copy_from_slice(&size.to_le_bytes());
    };
    let right = u32::from_le_bytes(*parts[1][8..].first_chunk().expect("long"));
    for wrong in [
        right + 8,
        right + 20,
        right + 1_000,
        500_000,
        0x7FFF_FFFF,
        u32::MAX,
    ] {
        let mut bytes = file(&parts);
        size(&mut bytes, wrong);
        let found = read(&bytes);
        assert_eq!(found.messages, messages(0..60), "{wrong}");
        let behind = wrong - right;
        let error =
            format!("x.blf: container at byte {second}: {behind} bytes too many in a container");
        assert_eq!(found.errors, [error]);
    }
    let mut bytes = file(&parts);
    size(&mut bytes, right - 10);
    let found = read(&bytes);
    assert!(found.messages.ends_with(&messages(40..60)));
    assert!(found.messages.len() > 50, "{}", found.messages.len());
    assert_eq!(
        found.errors,
        [format!(
            "x.blf: container at byte {second}: compressed data end too early"
        )]
    );
    for wrong in [0, 16, 31] {
        let mut bytes = file(&parts);
        size(&mut bytes, wrong);
        let found = read(&bytes);
        assert_eq!(found.messages.len(), 40);
        assert_eq!(
            found.errors,
            [format!(
                "x.blf: byte {second}: an object of type 10 with a header of 16 and {wrong} bytes \
                 in all"
            )]
        );
    }
}

#[test]
fn the_inflated_size_in_a_container_is_not_trusted() {
    let right = container(6, &objects(&messages(0..20)));
    for wrong in [0_u32, 1, 959, 961, 100_000, u32::MAX] {
        let mut part = right.clone();
        part[24..28].copy_from_slice(&wrong.to_le_bytes());
        let parts = [part, container(0, &objects(&messages(20..22)))];
        assert_eq!(read(&file(&parts)), whole(messages(0..22)), "{wrong}");
    }
}

#[test]
fn an_unknown_compression_method_is_an_error() {
    let mut part = container(6, &objects(&messages(0..2)));
    part[16] = 1;
    let found = read(&file(&[part, container(6, &objects(&messages(2..4)))]));
    assert_eq!(found.messages, messages(2..4));
    assert_eq!(
        found.errors,
        ["x.blf: byte 144: unknown compression method 1"]
    );
}

#[test]
fn large_containers_are_read_piece_by_piece() {
    let few: Vec<_> = (0..9_000_u32).map(|n| message((n % 100) as u8)).collect();
    for level in [0, 1] {
        let found = read(&file(&[container(level, &objects(&few).repeat(10))]));
        assert_eq!(found.messages.len(), 90_000);
        assert!(found.messages.chunks(9_000).all(|part| part == few));
        assert_eq!((found.errors.len(), found.truncated), (0, false));
    }
}

#[test]
fn what_the_inflater_holds_back_is_not_forgotten() {
    // Nearly nothing when compressed: all of it is read long before the last of it is inflated.
    let many = objects(&[message(7)]).repeat(90_000);
    let found = read(&file(&[container(9, &many)]));
    assert_eq!(found.messages.len(), 90_000);
    assert_eq!((found.errors.len(), found.truncated), (0, false));
}

#[test]
fn a_search_finds_an_object_across_two_readings() {
    // The window is filled by 128 KiB; the signature stands across its end.
    for cut in 0..=4 {
        let garbage = vec![b'x'; (128 << 10) - 144 - cut];
        let found = read(&file(&[garbage, container(6, &objects(&messages(0..9)))]));
        assert_eq!(found.messages, messages(0..9), "{cut}");
        assert_eq!(found.errors.len(), 1, "{:?}", found.errors);
    }
}

#[test]
fn a_length_that_lies_costs_no_memory() {
    // A stored container that claims 4 GiB: its 8 MiB go through a small window.
    let mut head = container(0, &[]);
    head[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    let objects = objects(&messages(1..2)).into_iter().cycle();
    let content: Vec<u8> = objects.take(48 * 100).collect();
    let bytes = file(&[head, content]);
    let found = read(&bytes);
    assert_eq!(found.messages.len(), 100);
    assert!(found.truncated);
    assert_eq!(found.errors, [""; 0]);
}

#[test]
fn joined_files_are_read_with_the_time_of_each() {
    let first = file(&[container(6, &objects(&messages(0..2)))]);
    let mut second = file(&[container(6, &objects(&messages(2..3)))]);
    // 2000-01-01 00:00:00.000, a Saturday.
    second[40..48].copy_from_slice(&[0xD0, 7, 1, 0, 6, 0, 1, 0]);
    let found = read(&[first.clone(), second.clone()].concat());
    assert_eq!(found.messages[..2], messages(0..2));
    let time = found.messages[2].timestamp.as_nanos();
    assert_eq!(time, 946_684_800_000_000_000 + 2_000);
    assert!(!found.truncated);
    let padded = read(&[&first[..], &[0; 3], &second[..]].concat());
    assert_eq!(padded, found);
    let found = read(&[&first[..], &second[..50]].concat());
    assert_eq!((found.messages, found.truncated), (messages(0..2), true));
    let torn = file(&[container(6, &objects(&messages(0..2))[..90])]);
    let found = read(&[torn, second].concat());
    assert_eq!((found.messages.len(), found.truncated), (2, true));
}

#[test]
fn garbage_ends_and_gives_few_errors() {
    let good = file(&[
        container(6, &objects(&messages(0..20))),
        container(0, &objects(&messages(20..30))),
    ]);
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        (state >> 33) as usize
    };
    for _ in 0..400 {
        let mut bytes = good.clone();
        for _ in 0..=random() % 4 {
            let at = 72 + random() % (bytes.len() - 72);
            bytes[at] = random() as u8;
        }
        let found = read(&bytes);
        assert!(found.messages.len() <= 31);
        assert!(found.errors.len() <= 31, "{:?}", found.errors);
    }
    let noise: Vec<u8> = (0..10_000).map(|_| random() as u8).collect();
    let found = read(&file(std::slice::from_ref(&noise)));
    assert_eq!(found.errors.len(), 1);
    let signatures = SIGNATURE.repeat(1_000);
    for parts in [signatures.clone(), container(6, &signatures)] {
        let found = read(&file(&[parts]));
        assert_eq!(found.errors.len(), 1, "{:?}", found.errors);
    }
}

#[test]
fn the_reader_is_found_by_name_and_takes_a_time_zone() {
    let mut bytes = file(&[container(6, &objects(&messages(0..1)))]);
    bytes[40..48].copy_from_slice(&[0xD0, 7, 1, 0, 6, 0, 1, 0]);
    let start = |zone: &str| {
        let input = Input::new("x", std::io::Cursor::new(bytes.clone()));
        let mut log = formats::read(".blf", input, [("tz", zone)]).expect("opens");
        log.next()
            .expect("one")
            .expect("readable")
            .timestamp
            .as_nanos()
            / 1_000_000_000
    };
    assert_eq!(start("utc"), 946_684_800);
    assert_eq!(start("Europe/Berlin"), 946_684_800 - 3_600);
    let none: [(&str, &str); 0] = [];
    assert!(formats::read(".blf", Input::new("x", repeat(0).take(9)), none).is_err());
}
