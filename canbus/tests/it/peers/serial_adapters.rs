//! Two adapters on one CAN bus, each at the far end of a serial line (TCP on loopback): what one
//! host sends the other hears. They take and give bytes as the devices do, and know no frames.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a device does with the bytes of its host.
pub(crate) trait Adapter: Send + 'static {
    /// Takes bytes of the host: gives the packets that go out on the bus, and appends what is
    /// answered to the host.
    fn take(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> Vec<Vec<u8>>;

    /// Whether the host gets a packet that another one sent.
    fn hears(&self, _packet: &[u8]) -> bool {
        true
    }
}

struct Side {
    adapter: Mutex<Box<dyn Adapter>>,
    host: Mutex<Host>,
}

enum Host {
    /// Its connection stands before `accept` has given it here; what comes meanwhile waits.
    Coming(Vec<u8>),
    There(TcpStream),
    Gone,
}

impl Side {
    fn give(&self, bytes: &[u8]) {
        match &mut *self.host.lock().expect("no panic") {
            Host::Coming(waiting) => waiting.extend_from_slice(bytes),
            // Whether it still listens is its own affair.
            Host::There(stream) => drop(stream.write_all(bytes)),
            Host::Gone => {}
        }
    }

    fn connected(&self, mut stream: TcpStream) {
        let mut host = self.host.lock().expect("no panic");
        if let Host::Coming(waiting) = &*host {
            drop(stream.write_all(waiting));
        }
        *host = Host::There(stream);
    }
}

/// Puts two adapters on one bus; returns what their lines are opened by.
pub(crate) fn joined(adapters: [Box<dyn Adapter>; 2]) -> [String; 2] {
    let sides = adapters.map(|adapter| {
        Arc::new(Side {
            adapter: Mutex::new(adapter),
            host: Mutex::new(Host::Coming(Vec::new())),
        })
    });
    [0, 1].map(|number| {
        let (own, other) = (Arc::clone(&sides[number]), Arc::clone(&sides[1 - number]));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let name = format!("socket://{}", listener.local_addr().expect("bound"));
        thread::spawn(move || serve(&listener, &own, &other));
        name
    })
}

fn serve(listener: &TcpListener, own: &Side, other: &Side) {
    let mut stream = listener.accept().expect("a host").0;
    stream.set_nodelay(true).expect("a socket");
    let host = stream.try_clone().expect("a second handle");
    own.connected(host);
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let mut answers = Vec::new();
        let mut adapter = own.adapter.lock().expect("no panic");
        let mut sent = adapter.take(&buffer[..count], &mut answers);
        drop(adapter);
        if !answers.is_empty() {
            own.give(&answers);
        }
        let listening = other.adapter.lock().expect("no panic");
        sent.retain(|packet| listening.hears(packet));
        drop(listening);
        other.give(&sent.concat());
    }
    *own.host.lock().expect("no panic") = Host::Gone;
}

/// A null modem: no adapter at all, bytes come out as they went in.
pub(crate) struct NullModem;

impl Adapter for NullModem {
    fn take(&mut self, bytes: &[u8], _answers: &mut Vec<u8>) -> Vec<Vec<u8>> {
        vec![bytes.to_vec()]
    }
}

/// A Robotell adapter: keeps settings and confirms them, and has a serial number.
#[derive(Default)]
pub(crate) struct Robotell(Vec<u8>);

/// `AA AA`, `55 55`, and what stands before such a byte inside of a packet.
const HEAD: u8 = 0xAA;
const TAIL: u8 = 0x55;
const ESCAPE: u8 = 0xA5;

impl Adapter for Robotell {
    fn take(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> Vec<Vec<u8>> {
        self.0.extend_from_slice(bytes);
        let mut sent = Vec::new();
        while let Some((packet, mut body)) = self.next() {
            // The channel of settings.
            if body[13] != 0xFF {
                sent.push(packet);
                continue;
            }
            match body[..4] {
                [0xF0, 0xFF, 0xFF, 0x01] => {
                    body[4..12].copy_from_slice(b"\x01\x02\x03\x04\xAA\x55\xA5\x08");
                }
                [0xF1, 0xFF, 0xFF, 0x01] => {
                    body[4..8].copy_from_slice(b"\x09\x0A\x0B\x0C");
                }
                _ => {}
            }
            body[16] = body[..16]
                .iter()
                .fold(0, |sum, byte| sum.wrapping_add(*byte));
            answers.extend([HEAD; 2]);
            for byte in body {
                if [HEAD, TAIL, ESCAPE].contains(&byte) {
                    answers.push(ESCAPE);
                }
                answers.push(byte);
            }
            answers.extend([TAIL; 2]);
        }
        sent
    }
}

impl Robotell {
    /// The next whole packet, and what is in it.
    fn next(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        let (mut body, mut at) = (Vec::new(), 2);
        loop {
            match *self.0.get(at)? {
                ESCAPE => {
                    body.push(*self.0.get(at + 1)?);
                    at += 2;
                }
                TAIL => break,
                byte => {
                    body.push(byte);
                    at += 1;
                }
            }
        }
        self.0.get(at + 1)?;
        assert_eq!((&self.0[..2], body.len()), (&[HEAD; 2][..], 17), "a packet");
        Some((self.0.drain(..at + 2).collect(), body))
    }
}

/// Seeed Studio's USB-CAN Analyzer: mute when it was told so, with its filter.
#[derive(Default)]
pub(crate) struct Analyzer {
    received: Vec<u8>,
    silent: bool,
    extended: bool,
    filter: u32,
    mask: u32,
}

impl Adapter for Analyzer {
    fn take(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> Vec<Vec<u8>> {
        self.received.extend_from_slice(bytes);
        let mut sent = Vec::new();
        while let Some(packet) = self.next() {
            match packet[1..3] {
                [TAIL, 0x12] => self.set_up(&packet),
                // Error counters of 1 and 2.
                [TAIL, 0x04] => {
                    answers.extend(b"\xAA\x55\x04\x01\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x07");
                }
                _ if self.silent => {}
                _ => sent.push(packet),
            }
        }
        sent
    }

    fn hears(&self, packet: &[u8]) -> bool {
        let extended = packet[1] & 0x20 != 0;
        let bytes = &packet[2..if extended { 6 } else { 4 }];
        let id = bytes
            .iter()
            .rev()
            .fold(0, |id, &byte| id << 8 | u32::from(byte));
        self.mask == 0 || (extended == self.extended && (id ^ self.filter) & self.mask == 0)
    }
}

impl Analyzer {
    fn next(&mut self) -> Option<Vec<u8>> {
        let kind = *self.received.get(1)?;
        assert_eq!(self.received[0], HEAD, "a packet");
        let data = if kind & 0x10 == 0 { kind & 0x0F } else { 0 };
        let len = match kind {
            TAIL => 20,
            _ if kind & 0x20 != 0 => 7 + usize::from(data),
            _ => 5 + usize::from(data),
        };
        (self.received.len() >= len).then(|| self.received.drain(..len).collect())
    }

    fn set_up(&mut self, command: &[u8]) {
        let word = |at: usize| u32::from_le_bytes(command[at..at + 4].try_into().expect("four"));
        self.extended = command[4] == 2;
        (self.filter, self.mask) = (word(5), word(9));
        self.silent = command[13] & 2 != 0;
    }
}
