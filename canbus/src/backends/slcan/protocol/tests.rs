use super::*;

/// What bytes give: frames, answers, what is garbage, how many are lost.
#[derive(Debug, Default, PartialEq)]
struct Found {
    frames: Vec<Frame>,
    answers: Vec<Answer>,
    garbage: Vec<String>,
    lost: u64,
}

fn take(lines: &mut Lines, bytes: &[u8], found: &mut Found) {
    lines.take(bytes, &mut |heard| match heard {
        Heard::Frame(frame) => found.frames.push(frame),
        Heard::Answer(answer) => found.answers.push(answer),
        Heard::Garbage(why) => found.garbage.push(why),
        Heard::Lost(count) => found.lost += count,
        Heard::Message(message) => panic!("{message:?}"),
    });
}

fn found(bytes: &[u8]) -> Found {
    let mut found = Found::default();
    take(&mut Lines::default(), bytes, &mut found);
    found
}

fn standard(raw: u32) -> Id {
    Id::standard(raw).expect("fits")
}

fn extended(raw: u32) -> Id {
    Id::extended(raw).expect("fits")
}

fn data(id: Id, data: &[u8]) -> Frame {
    Frame::data(id, data).expect("valid")
}

fn fd(id: Id, data: &[u8], brs: bool) -> Frame {
    Frame::fd(id, data, brs, false).expect("valid")
}

/// Lines and their frames: examples of LAWICEL's CAN232 manual, of Linux's slcan driver, of
/// python-can's tests of its backend, and of the CANable 2's list of commands.
fn vectors() -> Vec<(String, Frame)> {
    let sixty_four: Vec<u8> = (0..64).collect();
    let digits: String = (0..64).map(|byte| format!("{byte:02X}")).collect();
    let remote = |id, dlc| Frame::remote(id, dlc).expect("valid");
    [
        ("t10021133".into(), data(standard(0x100), &[0x11, 0x33])),
        (
            "T0000010021133".into(),
            data(extended(0x100), &[0x11, 0x33]),
        ),
        ("r1002".into(), remote(standard(0x100), 2)),
        ("R000001002".into(), remote(extended(0x100), 2)),
        ("t1230".into(), data(standard(0x123), &[])),
        (
            "t4563112233".into(),
            data(standard(0x456), &[0x11, 0x22, 0x33]),
        ),
        (
            "T12ABCDEF2AA55".into(),
            data(extended(0x12AB_CDEF), &[0xAA, 0x55]),
        ),
        ("r1230".into(), remote(standard(0x123), 0)),
        ("r7FF8".into(), remote(standard(0x7FF), 8)),
        (
            "T1FFFFFFF80102030405060708".into(),
            data(extended(0x1FFF_FFFF), &[1, 2, 3, 4, 5, 6, 7, 8]),
        ),
        ("d1230".into(), fd(standard(0x123), &[], false)),
        (
            "D00000123811223344556677FF".into(),
            fd(
                extended(0x123),
                &[0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0xFF],
                false,
            ),
        ),
        (
            "b1239AABBCCDDEEFF001122334455".into(),
            fd(
                standard(0x123),
                &[
                    0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0, 0x11, 0x22, 0x33, 0x44, 0x55,
                ],
                true,
            ),
        ),
        (
            format!("B18DAF110F{digits}"),
            fd(extended(0x18DA_F110), &sixty_four, true),
        ),
    ]
    .into()
}

#[test]
fn frames_are_read_from_and_written_as_the_lines_of_the_manuals() {
    for (line, frame) in vectors() {
        let mut written = Vec::new();
        write(&frame, &mut written);
        assert_eq!(written, format!("{line}\r").as_bytes());
        for line in [line.clone(), format!("\n{line}")] {
            let line = format!("{line}\r");
            assert_eq!(found(line.as_bytes()).frames, [frame], "{line:?}");
        }
        // Small digits, and a time behind the frame.
        let (letter, rest) = line.split_at(1);
        for time in ["", "0000", "EA5F", "0012d687"] {
            let line = format!("{letter}{}{time}\r", rest.to_ascii_lowercase());
            let found = found(line.as_bytes());
            assert_eq!(found.frames, [frame], "{line:?}");
            assert!(found.garbage.is_empty());
        }
    }
    // What can-utils' slcanpty sends for a remote frame, with and without a time.
    for line in ["r12380000000000000000\r", "r12380000000000000000EA5F\r"] {
        let remote = Frame::remote(standard(0x123), 8).expect("valid");
        assert_eq!(found(line.as_bytes()).frames, [remote]);
    }
    // The CANdapter's other letter.
    let found = found(b"x12ABCDEF2AA55\r");
    assert_eq!(found.frames, [data(extended(0x12AB_CDEF), &[0xAA, 0x55])]);
}

#[test]
fn answers_are_told_apart() {
    let found = found(b"\r\x07z\rZ\r\nV1013\rNA123\rF24\rA\rCANable-v2 (slcan)\r");
    let expected = [
        Answer::Done,
        Answer::Refused,
        Answer::Done,
        Answer::Done,
        Answer::Version("1013".into()),
        Answer::SerialNumber("A123".into()),
        Answer::Flags(0x24),
        Answer::Done,
        Answer::Text("CANable-v2 (slcan)".into()),
    ];
    assert_eq!(found.answers, expected);
    assert!(found.garbage.is_empty(), "{found:?}");
}

#[test]
fn what_is_no_line_is_told_and_takes_no_good_frame_with_it() {
    let good = "t1231AA\r";
    let long = "t".repeat(100_000);
    for bad in [
        "t12",
        "t123",
        "t1233AABB",
        "t1239AABBCCDDEEFF001122",
        "tXYZ0",
        "t8000",
        "T200000000",
        "T1234",
        "r1239",
        "t1231AG",
        "t1231AAt1231AA",
        "t1231AA123456789",
        "r1231AA123456789",
        "d1239AA",
        "b123G",
        "AA55",
        "1231AA",
        "\u{1}\u{2}\u{ff}",
        "e1q",
        "e5a",
        "e9",
        "sa1",
        "sx000000",
        "sa00000x",
        "sa+1+1+1",
        long.as_str(),
    ] {
        let bytes = format!("{good}{bad}\r{good}");
        let found = found(bytes.as_bytes());
        assert_eq!(found.frames.len(), 2, "{:.40}: {found:?}", bad);
        assert_eq!(found.garbage.len(), 1, "{:.40}: {found:?}", bad);
        assert!(found.garbage[0].len() < 400);
    }
    // A refusal in the middle of a line ends it.
    let found = found(b"t12\x07t1231AA\r");
    assert_eq!((found.frames.len(), found.garbage.len()), (1, 1));
    assert_eq!(found.answers, [Answer::Refused]);
}

#[test]
fn any_split_gives_the_same() {
    let mut bytes = Vec::new();
    for (line, _) in vectors() {
        bytes.extend(line.bytes());
        bytes.extend(b"\rz\r\x07garbage\re1a\rsp128000\rV1013\r");
    }
    bytes.extend(b"t".repeat(500));
    bytes.extend(b"\rt1230\r");
    let whole = found(&bytes);
    assert!(whole.frames.len() > 20 && whole.garbage.len() == 1);
    for size in [1, 2, 3, 7, 13, 64, 199, 200, 201] {
        let (mut lines, mut split) = (Lines::default(), Found::default());
        for part in bytes.chunks(size) {
            take(&mut lines, part, &mut split);
        }
        assert_eq!(split, whole, "in pieces of {size}");
        assert!(lines.begun.is_empty());
    }
}

#[test]
fn errors_become_the_error_frames_that_linux_makes_of_them() {
    let frame = |class, data: [u8; 8]| Frame::error(extended(class), &data).expect("valid");
    for (line, expected, lost) in [
        ("e1a", frame(0xA8, [0, 0, 0, 0x19, 0, 0, 0, 0]), 0),
        ("e3bcO", frame(0x8C, [0, 2, 9, 8, 0, 0, 0, 0]), 0),
        ("e3Bfs", frame(0x88, [0, 0, 0x16, 0, 0, 0, 0, 0]), 0),
        ("e1o", frame(0x8C, [0, 1, 0, 0, 0, 0, 0, 0]), 1),
        ("e0", frame(0x88, [0; 8]), 0),
        ("sw057133", frame(0x204, [0, 0x08, 0, 0, 0, 0, 133, 57]), 0),
        ("sw100100", frame(0x204, [0, 0x0C, 0, 0, 0, 0, 100, 100]), 0),
        ("sp200033", frame(0x204, [0, 0x10, 0, 0, 0, 0, 33, 200]), 0),
        ("sb256256", frame(0x40, [0; 8]), 0),
    ] {
        let found = found(format!("{line}\r").as_bytes());
        assert_eq!(found.frames, [expected], "{line}");
        assert_eq!(found.lost, lost, "{line}");
    }
}

#[test]
fn a_state_is_news_when_it_changes_and_refusals_are_counted() {
    let reports = Arc::new(Reports::default());
    let mut lines = Lines::new(Arc::clone(&reports));
    assert_eq!(reports.state(), None);
    let mut news = |line: &str| {
        let mut found = Found::default();
        take(&mut lines, line.as_bytes(), &mut found);
        (found.frames.len(), reports.state())
    };
    assert_eq!(news("sa000000\r"), (0, Some(ErrorState::Active)));
    assert_eq!(news("sp128000\r"), (1, Some(ErrorState::Passive)));
    assert_eq!(news("sp129000\r"), (0, Some(ErrorState::Passive)));
    assert_eq!(news("sb128256\r"), (1, Some(ErrorState::BusOff)));
    assert_eq!(news("sw097000\r"), (1, Some(ErrorState::Active)));
    assert_eq!(news("sa000000\r"), (1, Some(ErrorState::Active)));
    assert_eq!(news("\x07\r\x07"), (0, Some(ErrorState::Active)));
    assert_eq!(reports.refused(), 2);
    reports.forget_refused();
    assert_eq!(reports.refused(), 0);
}
