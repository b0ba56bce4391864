use super::*;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// Settings for a group on loopback that no other test and no other process uses.
fn settings() -> Settings {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    Settings {
        group: Ipv4Addr::new(
            239,
            (process / 250 % 250) as u8,
            (process % 250) as u8,
            number as u8 + 1,
        )
        .into(),
        port: 41_234,
        hop_limit: 1,
        interface: Some(Interface::find("127.0.0.1").expect("loopback")),
        receive_buffer: 1 << 20,
        hear_own: false,
    }
}

fn join(settings: &Settings) -> Multicast {
    Multicast::join(settings).expect("joins")
}

fn send(from: &Multicast, bytes: &[u8]) {
    from.send(bytes, None).expect("sends");
}

/// What is there, waiting up to a second for the first; then at most `max`.
fn receive(at: &Multicast, max: usize) -> Vec<Vec<u8>> {
    let mut batch = Batch::new();
    at.wait(Some(Duration::from_secs(1))).expect("waits");
    at.receive(&mut batch, max).expect("receives");
    batch
        .datagrams()
        .map(|datagram| datagram.bytes.to_vec())
        .collect()
}

#[test]
fn all_in_the_group_hear_a_datagram_and_the_sender_does_not() {
    let settings = settings();
    let members = [join(&settings), join(&settings), join(&settings)];
    send(&members[0], b"abc");
    for member in &members[1..] {
        assert_eq!(receive(member, 9), [b"abc"]);
    }
    if cfg!(target_os = "linux") {
        assert!(receive(&members[0], 9).is_empty());
    }
}

#[test]
fn the_sender_hears_itself_where_it_was_asked_for_and_by_its_address() {
    let mut settings = settings();
    let other = join(&settings);
    settings.hear_own = true;
    let own = join(&settings);
    send(&own, b"mine");
    send(&other, b"yours");
    assert!(own.wait(Some(Duration::from_secs(1))).expect("waits"));
    let mut batch = Batch::new();
    let mut heard = Vec::new();
    while own.receive(&mut batch, 9).expect("receives") > 0 {
        heard.extend(batch.datagrams().map(|datagram| {
            let is_own = datagram.sender == Some(own.own_address());
            (datagram.bytes.to_vec(), is_own)
        }));
    }
    assert_eq!(
        heard,
        [(b"mine".to_vec(), true), (b"yours".to_vec(), false)]
    );
    assert_eq!(own.own_address().ip(), Ipv4Addr::LOCALHOST);
    assert_ne!(own.own_address(), other.own_address());
    assert_ne!(own.own_address().port(), settings.port);
}

#[test]
fn other_groups_on_the_same_port_and_other_ports_are_not_heard() {
    let here = settings();
    let mut elsewhere = settings();
    assert_eq!(here.port, elsewhere.port);
    let member = join(&here);
    send(&join(&elsewhere), b"another group");
    elsewhere.group = here.group;
    elsewhere.port += 1;
    send(&join(&elsewhere), b"another port");
    send(&join(&here), b"right");
    assert_eq!(receive(&member, 9), [b"right"]);
}

#[test]
fn datagrams_come_in_order_with_their_time_and_at_most_so_many() {
    let settings = settings();
    let (from, to) = (join(&settings), join(&settings));
    let before = Timestamp::now();
    for number in 0..100_u8 {
        send(&from, &[number]);
    }
    let after = Timestamp::now();
    let mut batch = Batch::new();
    assert!(to.wait(Some(Duration::from_secs(1))).expect("waits"));
    assert_eq!(to.receive(&mut batch, 0).expect("receives"), 0);
    let mut expected = 0;
    let mut last = before.plus_nanos(-1_000_000);
    let mut most = 0;
    for max in [1, 3, usize::MAX].into_iter().chain([7; 100]) {
        let taken = to.receive(&mut batch, max).expect("receives");
        assert!(taken <= max);
        assert_eq!(batch.datagrams().count(), taken);
        most = most.max(taken);
        for datagram in batch.datagrams() {
            assert_eq!(datagram.bytes, [expected]);
            assert_eq!(datagram.sender, Some(from.own_address()));
            assert!(!datagram.cut_off);
            assert!(datagram.time >= last, "times step back");
            last = datagram.time;
            expected += 1;
        }
    }
    assert_eq!(expected, 100);
    if KERNEL_TIME {
        assert!(
            last <= after.plus_nanos(1_000_000),
            "not the time of arrival"
        );
        assert_eq!(most, MAX_BATCH);
    }
}

#[test]
fn a_datagram_may_be_empty_or_too_long() {
    let settings = settings();
    let (from, to) = (join(&settings), join(&settings));
    for len in [0, MAX_DATAGRAM, MAX_DATAGRAM + 1] {
        send(&from, &vec![7; len]);
        assert!(to.wait(Some(Duration::from_secs(1))).expect("waits"));
        let mut batch = Batch::new();
        assert_eq!(to.receive(&mut batch, 1).expect("receives"), 1);
        let datagram = batch.datagrams().next().expect("one");
        assert_eq!(datagram.bytes, vec![7; len.min(MAX_DATAGRAM)]);
        assert_eq!(datagram.cut_off, len > MAX_DATAGRAM);
    }
    assert_eq!(to.dropped(), 0);
    // More than UDP can carry at all.
    let error = from.send(&vec![0; 70_000], None).expect_err("too long");
    assert_eq!(error.kind(), ErrorKind::OperationFailed);
    assert!(error.to_string().starts_with("cannot send: "), "{error}");
}

#[test]
fn what_finds_no_room_is_counted_exactly_beside_what_was_sent() {
    let mut settings = settings();
    let from = join(&settings);
    settings.receive_buffer = 4096;
    let to = join(&settings);
    if !COUNTS_DROPPED {
        return;
    }
    // Our own datagrams pass the same counter, and must not show in it.
    for number in 0..500_u32 {
        send(&from, &number.to_be_bytes());
        send(&to, b"own");
        send(&to, b"own");
    }
    let dropped = to.dropped();
    let mut received = 0;
    let mut batch = Batch::new();
    while to.receive(&mut batch, MAX_BATCH).expect("receives") > 0 {
        received += batch.datagrams().count() as u64;
    }
    assert!(
        received > 0 && dropped > 400,
        "{received} received, {dropped} dropped"
    );
    assert_eq!(received + dropped, 500);
    // Nothing has to follow a loss for it to be known, and it is not forgotten.
    assert_eq!(to.dropped(), dropped);
    assert_eq!(from.dropped(), 0);
    send(&from, b"room again");
    assert_eq!(receive(&to, 9), [b"room again"]);
    assert_eq!(to.dropped(), dropped);
    // A send that fails is no datagram.
    to.send(&vec![0; 70_000], None).expect_err("too long");
    assert_eq!(to.dropped(), dropped);
}

#[test]
fn losses_are_counted_where_own_datagrams_are_heard_too() {
    let mut settings = settings();
    settings.receive_buffer = 4096;
    settings.hear_own = true;
    let own = join(&settings);
    for _ in 0..300 {
        send(&own, b"own");
    }
    let mut received = 0;
    let mut batch = Batch::new();
    while own.receive(&mut batch, MAX_BATCH).expect("receives") > 0 {
        received += batch.datagrams().count() as u64;
    }
    if COUNTS_DROPPED {
        assert_eq!(received + own.dropped(), 300);
        assert!(own.dropped() > 200);
    }
}

#[test]
fn a_large_receive_buffer_holds_a_burst_for_a_reader_that_is_late() {
    let mut settings = settings();
    settings.receive_buffer = 8 << 20;
    let (from, to) = (join(&settings), join(&settings));
    // As much as the least that Linux systems grant holds (212,992 bytes), and then some that are
    // lost there, but counted.
    for number in 0..3_000_u32 {
        send(&from, &number.to_be_bytes());
    }
    let mut received = 0;
    let mut batch = Batch::new();
    while to.receive(&mut batch, MAX_BATCH).expect("receives") > 0 {
        received += batch.datagrams().count() as u64;
    }
    assert!(received >= 200, "only {received}");
    if COUNTS_DROPPED {
        assert_eq!(received + to.dropped(), 3_000);
    }
}

#[test]
fn leaving_ends_waits_and_sends_and_keeps_what_had_come() {
    let settings = settings();
    let (from, to) = (join(&settings), join(&settings));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| from.wait(None));
        std::thread::sleep(Duration::from_millis(20));
        let start = Instant::now();
        from.leave();
        assert!(!waiting.join().expect("joins").expect("waits"));
        assert!(start.elapsed() < Duration::from_secs(5));
    });
    assert!(from.has_left() && !to.has_left());
    let error = from.send(b"late", None).expect_err("has left");
    assert_eq!(error.kind(), ErrorKind::Closed);
    let from = join(&settings);
    send(&from, b"before");
    to.leave();
    to.leave();
    send(&from, b"after");
    let mut batch = Batch::new();
    assert_eq!(to.receive(&mut batch, 9).expect("receives"), 1);
    assert_eq!(batch.datagrams().next().expect("one").bytes, b"before");
    assert_eq!(to.receive(&mut batch, 9).expect("receives"), 0);
}

#[test]
fn a_wait_ends_when_the_time_is_up_and_not_before() {
    let member = join(&settings());
    let start = Instant::now();
    assert!(!member.wait(Some(Duration::from_millis(30))).expect("waits"));
    assert!(start.elapsed() >= Duration::from_millis(30));
}

#[test]
fn an_interface_without_an_ipv4_address_is_refused_for_an_ipv4_group() {
    let mut settings = settings();
    settings.interface = Some(Interface {
        name: "tun7".into(),
        index: 7,
        addresses: Vec::new(),
    });
    let error = Multicast::join(&settings).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::OpenFailed);
    let said = error.to_string();
    assert!(
        said.starts_with("network interface tun7 has no IPv4 address"),
        "{said}"
    );
}

#[test]
fn advice_is_given_where_no_route_leads() {
    let unreachable = || io::Error::from(io::ErrorKind::NetworkUnreachable);
    let mut settings = settings();
    settings.group = Ipv4Addr::new(239, 1, 2, 3).into();
    let said = cannot_send(&settings, unreachable()).to_string();
    let start = "cannot send to the group 239.1.2.3 by this network interface: ";
    assert!(said.starts_with(start), "{said}");
    settings.group = "ff15::1".parse().expect("an address");
    let said = cannot_send(&settings, unreachable()).to_string();
    assert!(
        said.contains("ip -6 route add local ff00::/8 dev lo"),
        "{said}"
    );
    settings.interface = None;
    let error = cannot_send(&settings, unreachable());
    assert_eq!(error.kind(), ErrorKind::OpenFailed);
    let said = error.to_string();
    assert!(
        said.contains("name a network interface with the option"),
        "{said}"
    );
    let said = cannot_send(&settings, io::ErrorKind::PermissionDenied.into()).to_string();
    assert!(
        said.starts_with("cannot send to the group ff15::1: "),
        "{said}"
    );
    let said = cannot_deliver(unreachable()).to_string();
    assert!(said.contains("network_interface"), "{said}");
    let error = cannot_deliver(io::ErrorKind::PermissionDenied.into());
    assert_eq!(error.kind(), ErrorKind::OperationFailed);
    assert!(error.to_string().starts_with("cannot send: "), "{error}");
}

/// IPv6 multicast over loopback needs a route that only an administrator can add. So this joins
/// where there is one, and looks at the advice where there is none.
#[test]
#[expect(clippy::print_stdout, reason = "shows what was not tested, and why")]
fn an_ipv6_group_is_joined_or_the_way_to_it_is_told() {
    let mut settings = settings();
    settings.group = format!("ff15::{:x}", std::process::id() & 0xFFFF)
        .parse()
        .expect("an address");
    let Ok(interface) = Interface::find("::1") else {
        return println!("skipped: no IPv6 on loopback");
    };
    settings.interface = Some(interface);
    match Multicast::join(&settings) {
        Ok(from) => {
            let to = join(&settings);
            send(&from, b"six");
            assert_eq!(receive(&to, 9), [b"six"]);
            assert!(receive(&from, 9).is_empty());
        }
        Err(error) => {
            println!("skipped: {error}");
            assert_eq!(error.kind(), ErrorKind::OpenFailed);
            assert!(error.to_string().contains("dev lo"), "{error}");
        }
    }
}
