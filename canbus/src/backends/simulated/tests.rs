use super::inbox::AT_ONE_GO;
use super::*;
use crate::frame::{Id, Kind};
use crate::message::Direction;

type Bus = Box<dyn Driver>;

fn try_open(given: &[(&str, &str)]) -> Result<Bus> {
    let options = Options::check("simulated", OPTIONS, given.iter().copied())?;
    open(&options)
}

fn bus(given: &[(&str, &str)]) -> Bus {
    try_open(given).expect("opens")
}

/// A bus that gives its frames as fast as they are read, from the epoch on.
fn quick(given: &[(&str, &str)]) -> Bus {
    bus(&[&[("realtime", "no"), ("start", "0")], given].concat())
}

fn frame(raw: u32, data: &[u8]) -> Frame {
    Frame::data(Id::standard(raw).expect("fits"), data).expect("valid")
}

fn take(bus: &Bus, count: usize) -> Vec<Message> {
    let mut out = Vec::new();
    while out.len() < count {
        let left = count - out.len();
        assert!(bus.recv_batch(&mut out, left, None).expect("open") > 0);
    }
    out
}

/// As `open` makes it, for looking inside.
fn inbox(given: &[(&str, &str)], capacity: usize) -> Inbox {
    let options = Options::check("simulated", OPTIONS, given.iter().copied()).expect("valid");
    let view = View {
        channel: Channel::named("car"),
        epoch: Timestamp::from_nanos(1000),
        capacity,
        receive_own_messages: options.flag("receive_own_messages"),
    };
    Inbox::new(Schedule::new(plan(&options).expect("valid")), view)
}

const SECOND: u64 = 1_000_000_000;

#[test]
fn the_vehicle_drives_by_default_and_is_the_same_by_single_frames_and_batches() {
    let one = quick(&[]);
    let (many, other) = (take(&quick(&[]), 500), take(&quick(&[("seed", "2")]), 500));
    for message in &many {
        let received = one.recv(None).expect("open").expect("a message");
        assert_eq!(&received, message);
        assert_eq!(message.direction, Direction::Rx);
        assert_eq!(message.channel, Some(Channel::named("car")));
    }
    assert_ne!(many, other);
    assert!(
        many.windows(2)
            .all(|pair| pair[0].timestamp < pair[1].timestamp)
    );
    assert!(many.iter().any(|message| message.frame.is_fd()));
    assert!(many.iter().any(|message| message.frame.id().is_extended()));
}

#[test]
fn times_begin_at_the_start_that_was_given_or_now() {
    let first = |given: &[(&str, &str)]| take(&bus(given), 1)[0].timestamp;
    let at_zero = first(&[("realtime", "no"), ("start", "0")]);
    let later = first(&[("realtime", "no"), ("start", "1600000000.5")]);
    assert_eq!(later.nanos_since(at_zero), 1_600_000_000_500_000_000);
    assert!((0..5_000_000).contains(&at_zero.as_nanos()));
    let before = Timestamp::now();
    let now = first(&[("realtime", "no")]);
    assert!((0..1_000_000_000).contains(&now.nanos_since(before)));
}

#[test]
fn frames_come_when_they_are_due_and_not_before() {
    let opened = Instant::now();
    let bus = bus(&[("start", "0"), ("load", "90"), ("bitrate", "1000000")]);
    for _ in 0..200 {
        let message = bus.recv(None).expect("open").expect("a message");
        assert!(message.timestamp.as_nanos() <= opened.elapsed().as_nanos() as i64);
    }
    // About 7000 in a second.
    assert!(opened.elapsed() > Duration::from_millis(10));
}

#[test]
fn speed_lets_the_time_of_the_vehicle_pass_faster() {
    let bus = bus(&[("start", "0"), ("speed", "100")]);
    let opened = Instant::now();
    let last = take(&bus, 4000)[3999].timestamp;
    assert!(last > Timestamp::from_seconds(1.5), "{last:?}");
    assert!(opened.elapsed() < Duration::from_millis(1500));
    assert!(opened.elapsed() > Duration::from_millis(10));
}

#[test]
fn a_pace_follows_the_clock() {
    let pace = Pace::Clock {
        opened: Instant::now(),
        speed: 2.0,
    };
    let now = pace.now();
    assert!(now < SECOND);
    let wait = pace.until(now + 20 * SECOND);
    assert!((9.0..=10.0).contains(&wait.as_secs_f64()), "{wait:?}");
    assert_eq!(pace.until(0), BEAT);
    assert_eq!(
        (Pace::AsRead.now(), Pace::AsRead.until(5)),
        (u64::MAX, BEAT)
    );
}

#[test]
fn waits_end_with_the_timeout_and_zero_polls() {
    let silent = bus(&[("load", "0")]);
    let start = Instant::now();
    assert_eq!(silent.recv(Some(Duration::ZERO)).expect("open"), None);
    let wait = Duration::from_millis(40);
    assert_eq!(silent.recv(Some(wait)).expect("open"), None);
    assert_eq!(
        silent
            .recv_batch(&mut Vec::new(), 5, Some(wait))
            .expect("open"),
        0
    );
    assert!(start.elapsed() >= 2 * wait);
    assert!(start.elapsed() < 20 * wait);
}

#[test]
fn after_the_last_frame_that_was_asked_for_nothing_comes() {
    let bus = quick(&[("frames", "300"), ("load", "10")]);
    let messages = take(&bus, 300);
    assert_eq!(messages.len(), 300);
    // What may follow are answers to the tester's last request only.
    let rest = bus.recv(Some(Duration::from_millis(5))).expect("open");
    assert!(rest.is_none_or(|message| message.frame.id().raw() == obd::ANSWER));
    assert_eq!(
        bus.recv(Some(Duration::from_millis(5))).expect("open"),
        None
    );
}

#[test]
fn close_wakes_all_who_wait() {
    let bus = bus(&[("load", "0")]);
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..4).map(|_| scope.spawn(|| bus.recv(None))).collect();
        std::thread::sleep(Duration::from_millis(30));
        bus.close().expect("closes");
        for thread in waiting {
            let error = thread.join().expect("joins").expect_err("closed");
            assert_eq!(error.kind(), ErrorKind::Closed);
        }
    });
    bus.close().expect("closes again");
    let closed = |error: Error| assert_eq!(error.kind(), ErrorKind::Closed);
    closed(bus.send(&frame(1, &[]), None, None).expect_err("closed"));
    closed(bus.recv(Some(Duration::ZERO)).expect_err("closed"));
    closed(
        bus.recv_batch(&mut Vec::new(), 1, None)
            .expect_err("closed"),
    );
}

#[test]
fn what_was_ready_is_delivered_after_closing() {
    let bus = quick(&[("receive_own_messages", "yes"), ("load", "0")]);
    // One more than may wait for the wire: the first is pushed over it and made ready.
    for raw in 0..=SEND_QUEUE_SIZE as u32 {
        bus.send(&frame(raw, &[]), None, None).expect("sent");
    }
    bus.close().expect("closes");
    let first = bus.recv(None).expect("it was ready").expect("a message");
    assert_eq!(first.frame.id().raw(), 0);
    assert_eq!(
        bus.recv(None).expect_err("closed").kind(),
        ErrorKind::Closed
    );
}

#[test]
fn four_threads_share_the_frames() {
    let bus = quick(&[("frames", "4000")]);
    let wait = Some(Duration::from_millis(50));
    let mut times: Vec<Timestamp> = std::thread::scope(|scope| {
        let read = || {
            let messages = std::iter::from_fn(|| bus.recv(wait).expect("open"));
            messages
                .map(|message| message.timestamp)
                .collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(read)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("joins"))
            .collect()
    });
    let all = times.len();
    times.sort_unstable();
    times.dedup();
    assert_eq!(times.len(), all, "a frame came twice");
    // Answers of the engine control unit are not among the 4000.
    assert!((4000..4010).contains(&all), "{all}");
}

#[test]
fn a_slow_reader_loses_the_oldest_and_they_are_counted_exactly() {
    let mut whole = inbox(&[], 1 << 20);
    whole.fill(SECOND, usize::MAX);
    let mut short = inbox(&[], 10);
    short.fill(SECOND / 2, usize::MAX);
    short.fill(SECOND, usize::MAX);
    assert_eq!(whole.dropped, 0);
    assert_eq!(short.ready.len(), 10);
    assert_eq!(short.dropped, whole.ready.len() as u64 - 10);
    let last: Vec<&Message> = whole.ready.iter().skip(whole.ready.len() - 10).collect();
    assert!(short.ready.iter().eq(last));
}

#[test]
fn the_count_of_dropped_frames_can_be_read_and_is_zero_as_fast_as_read() {
    let slow = bus(&[("rx_queue_size", "5"), ("speed", "1000")]);
    std::thread::sleep(Duration::from_millis(5));
    slow.recv(None).expect("open").expect("a message");
    assert!(slow.dropped() > 1000, "{}", slow.dropped());
    let quick = quick(&[("rx_queue_size", "5")]);
    take(&quick, 100);
    assert_eq!(quick.dropped(), 0);
}

#[test]
fn frames_are_made_in_goes_of_limited_length() {
    let mut inbox = inbox(&[], 1 << 20);
    inbox.fill(100 * SECOND, usize::MAX);
    assert_eq!(inbox.ready.len(), AT_ONE_GO);
    inbox.fill(100 * SECOND, usize::MAX);
    assert_eq!(inbox.ready.len(), 2 * AT_ONE_GO);
    inbox.fill(100 * SECOND, 2 * AT_ONE_GO + 7);
    assert_eq!(inbox.ready.len(), 2 * AT_ONE_GO + 7);
}

#[test]
fn a_frame_on_the_wire_comes_when_it_has_ended() {
    let mut inbox = inbox(&[("load", "0"), ("receive_own_messages", "yes")], 9);
    assert_eq!(inbox.next_moment(), None);
    // 53 bits of 2 µs each, by can-utils.
    inbox.schedule.send(frame(0, &[]), 500);
    assert_eq!(inbox.next_moment(), Some(500));
    assert!(!inbox.step(106_499));
    assert_eq!(inbox.next_moment(), Some(106_500));
    assert!(inbox.step(106_500));
    let message = inbox.ready[0];
    assert_eq!(message.timestamp, Timestamp::from_nanos(1000 + 106_500));
    assert_eq!(
        (message.direction, message.frame),
        (Direction::Tx, frame(0, &[]))
    );
}

#[test]
fn own_messages_come_back_only_when_asked_for() {
    for (asked, expected) in [("yes", vec![1, 2, 3]), ("no", vec![])] {
        let bus = quick(&[("load", "0"), ("receive_own_messages", asked)]);
        for raw in 1..=3 {
            bus.send(&frame(raw, &[raw as u8]), None, None)
                .expect("sent");
        }
        let received =
            std::iter::from_fn(|| bus.recv(Some(Duration::from_millis(5))).expect("open"));
        let ids: Vec<u32> = received.map(|message| message.frame.id().raw()).collect();
        assert_eq!(ids, expected);
    }
}

#[test]
fn a_sent_frame_wakes_the_reader() {
    let bus = bus(&[("load", "0"), ("receive_own_messages", "yes")]);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| bus.recv(None));
        std::thread::sleep(Duration::from_millis(20));
        bus.send(&frame(5, &[]), None, None).expect("sent");
        let message = reader
            .join()
            .expect("joins")
            .expect("open")
            .expect("a message");
        assert_eq!(message.frame.id().raw(), 5);
    });
}

#[test]
fn a_diagnostic_request_is_answered_within_5_ms() {
    for raw in [0x7DF, 0x7E0] {
        let bus = quick(&[("receive_own_messages", "yes"), ("seed", "3")]);
        bus.send(&frame(raw, &[2, 1, 0x05, 0, 0, 0, 0, 0]), None, None)
            .expect("sent");
        let messages = take(&bus, 200);
        let asked = messages
            .iter()
            .find(|message| message.direction == Direction::Tx)
            .expect("own");
        let answer = messages
            .iter()
            .find(|message| message.frame.id().raw() == 0x7E8 && message.frame.payload()[2] == 0x05)
            .expect("answered");
        assert_eq!(answer.direction, Direction::Rx);
        assert_eq!(answer.frame.payload()[..3], [3, 0x41, 0x05]);
        let after = answer.timestamp.nanos_since(asked.timestamp);
        assert!((2_000_000..5_000_000).contains(&after), "{after}");
    }
}

#[test]
fn what_only_looks_like_a_request_is_not_answered() {
    let bus = quick(&[("load", "0")]);
    let request = [2, 1, 0x05, 0, 0, 0, 0, 0];
    let extended = Frame::data(Id::extended(0x7DF).expect("fits"), &request).expect("valid");
    let fd = Frame::fd(Id::standard(0x7DF).expect("fits"), &request, true, false).expect("valid");
    for frame in [extended, fd] {
        bus.send(&frame, None, None).expect("sent");
    }
    assert_eq!(
        bus.recv(Some(Duration::from_millis(5))).expect("open"),
        None
    );
}

#[test]
fn the_tester_of_the_vehicle_is_answered_too() {
    let messages = take(&quick(&[]), 4000);
    let of = |id| {
        messages
            .iter()
            .filter(move |message| message.frame.id().raw() == id)
    };
    let asked: Vec<u8> = of(0x7DF)
        .map(|message| message.frame.payload()[2])
        .collect();
    let answered: Vec<u8> = of(0x7E8)
        .map(|message| message.frame.payload()[2])
        .collect();
    assert_eq!(asked[..3], [0x0C, 0x0D, 0x05]);
    assert_eq!(asked[..answered.len()], answered);
    assert!(answered.len() >= 3);
    assert!(of(0x5E5).any(|message| message.frame.kind() == Kind::Remote));
}

#[test]
fn a_full_queue_of_frames_to_send_is_a_timeout() {
    let bus = bus(&[("bitrate", "10000"), ("load", "0")]);
    let zero = Some(Duration::ZERO);
    let full =
        (0..100 * SEND_QUEUE_SIZE).find_map(|_| bus.send(&frame(1, &[0x55; 8]), None, zero).err());
    assert_eq!(full.expect("full").kind(), ErrorKind::Timeout);
    // A frame takes about 11 ms: there soon is room, also when nobody reads.
    bus.send(&frame(1, &[]), None, Some(Duration::from_secs(5)))
        .expect("sent");
    let wait = Duration::from_millis(2);
    let start = Instant::now();
    assert!((0..1000).any(|_| bus.send(&frame(1, &[]), None, Some(wait)).is_err()));
    assert!(start.elapsed() >= wait);
    bus.flush_tx().expect("flushed");
    bus.send(&frame(1, &[]), None, zero).expect("there is room");
}

#[test]
fn as_fast_as_read_sending_never_waits() {
    let bus = quick(&[("load", "0"), ("receive_own_messages", "yes")]);
    for _ in 0..3 * SEND_QUEUE_SIZE {
        bus.send(&frame(1, &[]), None, Some(Duration::ZERO))
            .expect("sent");
    }
    assert_eq!(take(&bus, 3 * SEND_QUEUE_SIZE).len(), 3 * SEND_QUEUE_SIZE);
}

#[test]
fn options_that_do_not_fit_are_refused_by_name() {
    let refusal = |name, value| {
        try_open(&[(name, value)])
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(
        refusal("load", "90.1").as_deref(),
        Some("simulated: option load is 90.1, but expected a number from 0 to 90")
    );
    assert_eq!(refusal("load", "90"), None);
    assert_eq!(
        refusal("data_bitrate", "499999").as_deref(),
        Some("simulated: option data_bitrate is 499999, but expected at least the bitrate, 500000")
    );
    assert_eq!(refusal("data_bitrate", "500000"), None);
    assert_eq!(
        refusal("speed", "1001").as_deref(),
        Some("simulated: option speed is 1001, but expected a number from 0.001 to 1000")
    );
    assert_eq!(refusal("speed", "1000"), None);
    // A twentieth of the time for frames of 23 bits.
    assert_eq!(
        refusal("error_rate", "1087").as_deref(),
        Some(
            "simulated: option error_rate is 1087, but expected a number from 0 to 1086 at this bitrate"
        )
    );
    assert_eq!(refusal("error_rate", "1086"), None);
    assert!(refusal("bitrtae", "1").is_some_and(|error| error.contains("did you mean bitrate?")));
}

#[test]
fn the_description_follows_the_options() {
    let plain = bus(&[]);
    assert_eq!(plain.describe().channels, [Channel::named("car")]);
    assert_eq!(plain.describe().summary, "Simulated vehicle channel car");
    assert!(plain.describe().capabilities.fd && !plain.describe().listen_only);
    assert_eq!(plain.error_state().expect("known"), ErrorState::Active);
    let other = bus(&[("channel", "3"), ("fd", "no"), ("listen_only", "yes")]);
    assert_eq!(other.describe().channels, [Channel::number(3)]);
    assert!(!other.describe().capabilities.fd && other.describe().listen_only);
    let error = other
        .describe()
        .check_sendable(&frame(1, &[]), None)
        .expect_err("listens");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(
        !take(&other, 2000)
            .iter()
            .any(|message| message.frame.is_fd())
    );
}

#[test]
fn error_frames_are_messages() {
    let bus = quick(&[("error_rate", "100")]);
    let errors = take(&bus, 1900);
    let errors = errors.iter().filter(|message| message.frame.is_error());
    assert!((90..115).contains(&errors.count()));
}

#[test]
fn there_always_is_one_to_be_found() {
    let found = detect(Duration::ZERO).expect("found");
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["interface=simulated channel=car"]);
}
