//! A candleLight adapter (`gs_usb`) with two CAN FD channels on one wire: what it answers to control
//! requests, and what it does with frames. Whoever has a way to it carries the bytes.
//!
//! The kernel's own driver checks it (`tests/kernel`). The numbers are those of that driver
//! (`drivers/net/can/usb/gs_usb.c`).

use std::collections::VecDeque;
use std::time::Instant;

pub(crate) const CHANNELS: usize = 2;
/// The endpoint that frames come from, and the one that they go to.
pub(crate) const IN: u8 = 0x81;
pub(crate) const OUT: u8 = 0x02;

/// Features of the device (`GS_CAN_FEATURE_…`): listen-only, loopback, one-shot, hardware
/// timestamps, identify, CAN FD, extended bit timing limits, termination, bus error reporting, state.
const FEATURES: u32 =
    1 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13;
const CLOCK: u32 = 80_000_000;

/// Modes that a channel is started with (`GS_CAN_MODE_…`).
const LISTEN_ONLY: u32 = 1;
const LOOPBACK: u32 = 1 << 1;
const TIMESTAMPS: u32 = 1 << 4;

/// What a frame that was received has in place of an echo's number.
const RECEIVED: u32 = u32::MAX;
const FD_FRAME: u8 = 1 << 1;
const ERROR_FRAME: u32 = 0x2000_0000;

/// A control request as it stands in a setup packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) request_type: u8,
    pub(crate) request: u8,
    pub(crate) value: u16,
    pub(crate) length: u16,
}

/// What goes wrong with the next frame that a channel sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is sent, and the channel becomes error-passive.
    Passive,
    /// It is not sent; the channel goes off the bus until [`CandleLight::recover`].
    BusOff,
}

/// A frame on its way: a `struct gs_host_frame` without a time.
#[derive(Debug, Clone)]
struct HostFrame {
    echo: u32,
    id: u32,
    dlc: u8,
    flags: u8,
    data: Vec<u8>,
}

#[derive(Debug, Default)]
struct Channel {
    started: bool,
    off_the_bus: bool,
    /// The resistor between the wires, 120 ohms, is switched on.
    terminated: bool,
    modes: u32,
    /// Prescaler and quanta, which have to be the other's for both to understand each other.
    rate: Vec<u8>,
    fault: Option<Fault>,
    /// Frames that nobody has acknowledged.
    waiting: VecDeque<HostFrame>,
}

/// The adapter.
#[derive(Debug)]
pub(crate) struct CandleLight {
    channels: [Channel; CHANNELS],
    /// What the host has not fetched yet.
    outbox: VecDeque<Vec<u8>>,
    start: Instant,
}

impl CandleLight {
    pub(crate) fn new() -> CandleLight {
        CandleLight {
            channels: Default::default(),
            outbox: VecDeque::new(),
            start: Instant::now(),
        }
    }

    /// The answer to a control request; `None` refuses it (stall).
    pub(crate) fn control(&mut self, setup: Setup, data: &[u8]) -> Option<Vec<u8>> {
        match setup.request_type & 0x60 {
            0 => standard(setup),
            0x40 => self.vendor(setup, data),
            _ => None,
        }
    }

    fn vendor(&mut self, setup: Setup, data: &[u8]) -> Option<Vec<u8>> {
        let nothing = Some(Vec::new());
        match setup.request {
            // The byte order, to show which device it is, and the data phase's bit timing.
            0 | 7 | 10 => nothing,
            1 => {
                self.channels.get_mut(usize::from(setup.value))?.rate = data.to_vec();
                nothing
            }
            2 => {
                let word = |at: usize| Some(u32::from_le_bytes(*data.get(at..)?.first_chunk()?));
                let (start, modes) = (word(0)? == 1, word(4)?);
                let channel = self.channels.get_mut(usize::from(setup.value))?;
                (channel.started, channel.modes, channel.off_the_bus) = (start, modes, false);
                channel.waiting.clear();
                self.deliver();
                nothing
            }
            4 => Some(words(&LIMITS)),
            5 => {
                let count = CHANNELS as u8 - 1;
                Some([&[0, 0, 0, count][..], &words(&[2, 1])].concat())
            }
            6 => Some(self.now().to_le_bytes().to_vec()),
            11 => Some([words(&LIMITS), words(&[1, 32, 1, 16, 16, 1, 32, 1])].concat()),
            12 => {
                let on = *data.first()? == 1;
                self.channels.get_mut(usize::from(setup.value))?.terminated = on;
                nothing
            }
            13 => {
                let channel = self.channels.get(usize::from(setup.value))?;
                Some(words(&[u32::from(channel.terminated)]))
            }
            14 => Some(words(&[0, 0, 0])),
            _ => None,
        }
    }

    /// Whether the resistor of a channel is switched on.
    pub(crate) fn is_terminated(&self, channel: usize) -> bool {
        self.channels[channel].terminated
    }

    /// Microseconds since it was plugged in, modulo 2^32.
    fn now(&self) -> u32 {
        self.start.elapsed().as_micros() as u32
    }

    /// Takes a frame that the host wants sent.
    pub(crate) fn bulk_out(&mut self, bytes: &[u8]) {
        let Some((head, data)) = bytes.split_first_chunk::<12>() else {
            return;
        };
        let word =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let frame = HostFrame {
            echo: word(0),
            id: word(4),
            dlc: head[8],
            flags: head[10],
            data: data.to_vec(),
        };
        if let Some(channel) = self.channels.get_mut(usize::from(head[9])) {
            channel.waiting.push_back(frame);
        }
        self.deliver();
    }

    /// What the host fetches with a transfer of so many bytes; `None` while there is nothing.
    pub(crate) fn bulk_in(&mut self, max: usize) -> Option<Vec<u8>> {
        let mut bytes = self.outbox.pop_front()?;
        bytes.truncate(max);
        Some(bytes)
    }

    /// Has the next frame of a channel go wrong.
    pub(crate) fn fault(&mut self, channel: usize, fault: Fault) {
        self.channels[channel].fault = Some(fault);
    }

    /// Brings a channel back that went off the bus.
    pub(crate) fn recover(&mut self, channel: usize) {
        self.channels[channel].off_the_bus = false;
        self.report(channel, 0x100, [0; 8]);
        self.deliver();
    }

    /// Sends what can be sent: acknowledged by the other channel, which needs the same bit rate.
    fn deliver(&mut self) {
        for from in 0..CHANNELS {
            while self.is_heard(from) {
                let Some(frame) = self.channels[from].waiting.pop_front() else {
                    break;
                };
                self.send(from, frame);
            }
        }
    }

    fn is_heard(&self, from: usize) -> bool {
        let (sender, other) = (&self.channels[from], &self.channels[1 - from]);
        let able = sender.started && !sender.off_the_bus;
        let acknowledges = other.started
            && !other.off_the_bus
            && other.modes & LISTEN_ONLY == 0
            && other.rate == sender.rate;
        able && (acknowledges || sender.modes & LOOPBACK != 0)
    }

    fn send(&mut self, from: usize, frame: HostFrame) {
        match self.channels[from].fault.take() {
            None => {}
            // Controller and counters: CAN_ERR_CRTL, CAN_ERR_CRTL_TX_PASSIVE.
            Some(Fault::Passive) => self.report(from, 0x204, [0, 0x20, 0, 0, 0, 0, 136, 0]),
            Some(Fault::BusOff) => {
                self.channels[from].off_the_bus = true;
                // No acknowledge in the acknowledge slot, and bus-off.
                self.report(from, 0x40 | 0x20 | 0x08, [0, 0, 0x80, 0x19, 0, 0, 248, 0]);
                return;
            }
        }
        self.push(from, &frame);
        let received = HostFrame {
            echo: RECEIVED,
            ..frame
        };
        let to = if self.channels[from].modes & LOOPBACK == 0 {
            1 - from
        } else {
            from
        };
        self.push(to, &received);
    }

    fn report(&mut self, channel: usize, class: u32, data: [u8; 8]) {
        let frame = HostFrame {
            echo: RECEIVED,
            id: ERROR_FRAME | class,
            dlc: 8,
            flags: 0,
            data: data.to_vec(),
        };
        self.push(channel, &frame);
    }

    fn push(&mut self, channel: usize, frame: &HostFrame) {
        let mut bytes = words(&[frame.echo, frame.id]);
        bytes.extend([frame.dlc, channel as u8, frame.flags, 0]);
        let len = if frame.flags & FD_FRAME != 0 { 64 } else { 8 };
        bytes.extend(
            frame
                .data
                .iter()
                .copied()
                .chain(std::iter::repeat(0))
                .take(len),
        );
        if self.channels[channel].modes & TIMESTAMPS != 0 {
            bytes.extend(self.now().to_le_bytes());
        }
        self.outbox.push_back(bytes);
    }
}

/// Features, clock, and the limits of the bit timing: quanta before and behind the sample point,
/// jump width, prescaler from, to, in steps of.
const LIMITS: [u32; 10] = [FEATURES, CLOCK, 1, 256, 1, 128, 128, 1, 512, 1];

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The requests that every USB device answers (USB 2.0, chapter 9).
fn standard(setup: Setup) -> Option<Vec<u8>> {
    match setup.request {
        6 => descriptor((setup.value >> 8) as u8, setup.value as u8),
        // Status; the current alternative setting and configuration.
        0 => Some(vec![0, 0]),
        10 => Some(vec![0]),
        8 => Some(vec![1]),
        1 | 3 | 5 | 9 | 11 => Some(Vec::new()),
        _ => None,
    }
}

fn descriptor(kind: u8, index: u8) -> Option<Vec<u8>> {
    const DEVICE: [u8; 18] = [
        18, 1, 0x00, 0x02, 0, 0, 0, 64, 0x50, 0x1D, 0x6F, 0x60, 0, 0, 1, 2, 3, 1,
    ];
    const CONFIGURATION: [u8; 32] = [
        9, 2, 32, 0, 1, 1, 0, 0x80, 75, // one interface, 150 mA
        9, 4, 0, 0, 2, 0xFF, 0xFF, 0xFF, 0, // of two endpoints
        7, 5, IN, 2, 64, 0, 0, // bulk, 64 bytes
        7, 5, OUT, 2, 64, 0, 0,
    ];
    let text = |text: &str| {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [vec![units.len() as u8 + 2, 3], units].concat()
    };
    match (kind, index) {
        (1, _) => Some(DEVICE.to_vec()),
        (2, _) => Some(CONFIGURATION.to_vec()),
        (3, 0) => Some(vec![4, 3, 0x09, 0x04]),
        (3, 1) => Some(text("canbus")),
        (3, 2) => Some(text("candleLight of the tests")),
        (3, 3) => Some(text("0123456789")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vendor(adapter: &mut CandleLight, request: u8, value: u16, data: &[u8]) {
        let setup = Setup {
            request_type: 0x41,
            request,
            value,
            length: data.len() as u16,
        };
        assert!(adapter.control(setup, data).is_some(), "request {request}");
    }

    fn started(rates: [u8; 2]) -> CandleLight {
        let mut adapter = CandleLight::new();
        for (channel, rate) in (0..).zip(rates) {
            vendor(&mut adapter, 1, channel, &[rate; 20]);
            vendor(&mut adapter, 2, channel, &words(&[1, 0]));
        }
        adapter
    }

    const FRAME: [u8; 20] = [
        7, 0, 0, 0, 0x23, 0x01, 0, 0, 2, 0, 0, 0, 0xAB, 0xCD, 0, 0, 0, 0, 0, 0,
    ];

    #[test]
    fn a_frame_is_echoed_to_its_sender_and_received_by_the_other_channel() {
        let mut adapter = started([1, 1]);
        adapter.bulk_out(&FRAME);
        assert_eq!(adapter.bulk_in(64).as_deref(), Some(&FRAME[..]));
        let received = adapter.bulk_in(64).expect("the other channel's");
        assert_eq!(received[..4], [0xFF; 4]);
        assert_eq!((received[9], &received[12..14]), (1, &[0xAB, 0xCD][..]));
        assert_eq!(adapter.bulk_in(64), None);
    }

    #[test]
    fn a_frame_waits_until_somebody_acknowledges_it() {
        let mut adapter = started([1, 2]);
        adapter.bulk_out(&FRAME);
        assert_eq!(adapter.bulk_in(64), None, "another bit rate");
        vendor(&mut adapter, 1, 1, &[1; 20]);
        vendor(&mut adapter, 2, 1, &words(&[1, 0]));
        assert!(adapter.bulk_in(64).is_some());
    }

    #[test]
    fn off_the_bus_nothing_is_sent_until_it_recovers() {
        let mut adapter = started([1, 1]);
        adapter.fault(0, Fault::BusOff);
        adapter.bulk_out(&FRAME);
        let report = adapter.bulk_in(64).expect("an error frame");
        assert_eq!(report[4..8], (ERROR_FRAME | 0x68).to_le_bytes());
        adapter.bulk_out(&FRAME);
        assert_eq!(adapter.bulk_in(64), None);
        adapter.recover(0);
        assert_eq!(adapter.bulk_in(64).expect("restarted")[5], 0x01);
        assert_eq!(adapter.bulk_in(64).as_deref(), Some(&FRAME[..]));
        adapter.fault(0, Fault::Passive);
        adapter.bulk_out(&FRAME);
    }

    #[test]
    fn each_channel_has_a_resistor_to_switch() {
        let mut adapter = CandleLight::new();
        vendor(&mut adapter, 12, 1, &words(&[1]));
        assert!(adapter.is_terminated(1) && !adapter.is_terminated(0));
        vendor(&mut adapter, 12, 1, &words(&[0]));
        assert!(!adapter.is_terminated(1));
    }

    #[test]
    fn what_it_does_not_know_it_refuses() {
        let mut adapter = CandleLight::new();
        for (request_type, request) in [(0xC1, 99), (0x80, 99), (0xA1, 1)] {
            let setup = Setup {
                request_type,
                request,
                value: 0,
                length: 0,
            };
            assert_eq!(adapter.control(setup, &[]), None);
        }
        let setup = Setup {
            request_type: 0x80,
            request: 6,
            value: 0x0100,
            length: 18,
        };
        assert_eq!(
            adapter.control(setup, &[]).map(|answer| answer.len()),
            Some(usize::from(setup.length))
        );
    }
}
