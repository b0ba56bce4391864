use super::*;

/// What a server's bytes give: data, replies, what was said.
fn heard(telnet: &mut Telnet, bytes: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<Said>) {
    let (mut data, mut replies, mut said) = (Vec::new(), Vec::new(), Vec::new());
    telnet.take(bytes, &mut data, &mut replies, |one| said.push(one));
    (data, replies, said)
}

fn done(command: u8, value: &[u8]) -> Said {
    Said::Done {
        command,
        value: value.to_vec(),
    }
}

/// What pyserial's `PortManager` says, with data between.
const CONVERSATION: &[u8] = &[
    b'a', IAC, WILL, 1, IAC, WILL, 3, IAC, DO, 3, IAC, WILL, 0, IAC, DO, 0, IAC, DO, 44, b'b', IAC,
    IAC, IAC, SB, 44, 101, 0, 1, 0xC2, 0, IAC, SE, IAC, SB, 44, 107, IAC, IAC, IAC, SE, b'c',
];

#[test]
fn data_options_and_answers_are_told_apart_in_any_split() {
    let whole = heard(&mut Telnet::new(), CONVERSATION);
    let (data, replies, said) = &whole;
    assert_eq!(data.as_slice(), [b'a', b'b', 255, b'c']);
    // Only what was neither offered nor asked for is answered: no echo, please.
    assert_eq!(replies.as_slice(), [IAC, DONT, 1]);
    let expected = [
        Said::ComPort(true),
        done(SET_BAUD_RATE, &[0, 1, 0xC2, 0]),
        done(7, &[255]),
    ];
    assert_eq!(said.as_slice(), expected);
    for size in 1..CONVERSATION.len() {
        let mut telnet = Telnet::new();
        let mut split = (Vec::new(), Vec::new(), Vec::new());
        for part in CONVERSATION.chunks(size) {
            let (data, replies, said) = heard(&mut telnet, part);
            split.0.extend(data);
            split.1.extend(replies);
            split.2.extend(said);
        }
        assert_eq!(split, whole, "in pieces of {size}");
    }
}

#[test]
fn what_is_known_is_agreed_to_once_and_the_rest_refused() {
    let mut telnet = Telnet::new();
    let mut replies = |bytes: &[u8]| heard(&mut telnet, bytes).1;
    assert_eq!(replies(&[IAC, WILL, 44]), [IAC, DO, 44]);
    assert!(replies(&[IAC, WILL, 44]).is_empty());
    assert_eq!(replies(&[IAC, DO, 24]), [IAC, WONT, 24]);
    assert_eq!(replies(&[IAC, WILL, 24]), [IAC, DONT, 24]);
    assert!(replies(&[IAC, DONT, 24, IAC, WONT, 24]).is_empty());
    assert_eq!(replies(&[IAC, DONT, 0]), [IAC, WONT, 0]);
    assert!(replies(&[IAC, DONT, 0]).is_empty());
    assert_eq!(replies(&[IAC, DO, 0]), [IAC, WILL, 0]);
}

#[test]
fn a_server_without_a_port_and_one_that_is_busy_are_heard() {
    let mut telnet = Telnet::new();
    let mut said = |bytes: &[u8]| heard(&mut telnet, bytes).2;
    assert_eq!(said(&[IAC, DONT, 44]), [Said::ComPort(false)]);
    assert_eq!(said(&[IAC, SB, 44, 108, IAC, SE]), [Said::MaySend(false)]);
    assert_eq!(said(&[IAC, SB, 44, 109, IAC, SE]), [Said::MaySend(true)]);
}

#[test]
fn what_makes_no_sense_is_passed_over_and_takes_no_room() {
    let mut telnet = Telnet::new();
    let mut endless = vec![IAC, SB, 44, 101];
    endless.extend(std::iter::repeat_n(7, 100_000));
    assert_eq!(heard(&mut telnet, &endless).2, []);
    assert!(telnet.subnegotiation.len() <= LONGEST + 1);
    let (data, _, said) = heard(&mut telnet, &[IAC, SE, b'x']);
    assert_eq!((data.as_slice(), said.as_slice()), (&b"x"[..], &[][..]));
    // No option, another option, a client's command, a lone command.
    let odd = [
        IAC, SB, IAC, SE, IAC, SB, 24, 1, IAC, SE, IAC, SB, 44, 1, IAC, SE, IAC, 241, b'y',
    ];
    let (data, replies, said) = heard(&mut telnet, &odd);
    assert_eq!(data, b"y");
    assert!(replies.is_empty() && said.is_empty());
}

#[test]
fn what_is_sent_doubles_the_bytes_that_would_be_commands() {
    assert_eq!(escape(&[1, 255, 2, 255]), [1, 255, 255, 2, 255, 255]);
    // 255 bit/s is the least rate that needs it.
    let set = command(SET_BAUD_RATE, &255_u32.to_be_bytes());
    assert_eq!(set, [255, 250, 44, 1, 0, 0, 0, 255, 255, 255, 240]);
    assert_eq!(command(PURGE_DATA, &[3]), [255, 250, 44, 12, 3, 255, 240]);
}
