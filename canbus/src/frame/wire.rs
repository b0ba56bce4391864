//! How long a frame holds the wire: its bits, stuff bits counted exactly, and their time.
//!
//! Field widths and stuffing are those of ISO 11898-1:2015 (clauses 10.4 and 10.5).

use super::{Frame, Kind};

/// The bits of a frame on the wire, from start of frame to the end of the intermission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct WireBits {
    /// Bits at the nominal bit rate.
    pub(crate) nominal: u32,
    /// Bits at the data bit rate: those of a CAN FD frame with bit rate switch.
    pub(crate) data: u32,
}

/// The bit rates of a bus, in bit/s.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BitRates {
    pub(crate) nominal: u32,
    pub(crate) data: u32,
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// Acknowledge slot and delimiter, end of frame (7), intermission (3).
const TAIL: u32 = 1 + 1 + 7 + 3;
/// Error flag (6) with the other nodes' flags (6), error delimiter (8), intermission (3).
pub(crate) const ERROR_FRAME: u32 = 6 + 6 + 8 + 3;
/// The generator polynomial of classic frames, without its highest power.
const CRC_15: u16 = 0x4599;

impl BitRates {
    /// The time of these bits in nanoseconds, each part rounded up.
    pub(crate) fn nanos(self, bits: WireBits) -> u64 {
        let part =
            |bits: u32, rate: u32| (u64::from(bits) * NANOS_PER_SECOND).div_ceil(u64::from(rate));
        part(bits.nominal, self.nominal) + part(bits.data, self.data)
    }
}

/// Bits that are subject to stuffing: after five equal bits comes one of the other value.
#[derive(Default)]
struct Stuffed {
    /// Bits so far, stuff bits among them.
    count: u32,
    crc: u16,
    last: Option<bool>,
    run: u8,
}

impl Stuffed {
    fn push(&mut self, value: u32, width: u32) {
        for at in (0..width).rev() {
            let bit = value >> at & 1 == 1;
            // Only now, not as soon as there are five: the last bits before a CRC of CAN FD are
            // followed by a fixed stuff bit instead.
            self.stuff();
            self.run = if self.last == Some(bit) {
                self.run + 1
            } else {
                1
            };
            self.last = Some(bit);
            self.count += 1;
            let feedback = bit != (self.crc & 0x4000 != 0);
            self.crc = (self.crc << 1 & 0x7FFF) ^ if feedback { CRC_15 } else { 0 };
        }
    }

    fn stuff(&mut self) {
        if self.run == 5 {
            self.count += 1;
            self.last = self.last.map(|bit| !bit);
            self.run = 1;
        }
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.push(u32::from(byte), 8);
        }
    }

    /// Start of frame and identifier, with the bits that stand between and right after.
    fn start(frame: &Frame) -> Stuffed {
        let mut bits = Stuffed::default();
        let (raw, remote) = (frame.id().raw(), u32::from(frame.is_remote()));
        bits.push(0, 1);
        if frame.id().is_extended() {
            bits.push(raw >> 18, 11);
            bits.push(0b11, 2); // SRR, IDE
            bits.push(raw & 0x3_FFFF, 18);
            bits.push(remote, 1);
        } else {
            bits.push(raw, 11);
            bits.push(remote << 1, 2); // RTR, IDE
        }
        bits
    }
}

/// The bits of this frame.
pub(crate) fn wire_bits(frame: &Frame) -> WireBits {
    match frame.kind() {
        Kind::Fd { brs, esi } => fd_bits(frame, brs, esi),
        Kind::Error => WireBits {
            nominal: ERROR_FRAME,
            data: 0,
        },
        Kind::Data | Kind::Remote => classic_bits(frame),
    }
}

fn classic_bits(frame: &Frame) -> WireBits {
    let mut bits = Stuffed::start(frame);
    // Reserved: FDF, and after an extended identifier one more.
    bits.push(0, if frame.id().is_extended() { 2 } else { 1 });
    bits.push(u32::from(frame.dlc()), 4);
    bits.push_bytes(frame.payload());
    bits.push(u32::from(bits.crc), 15);
    bits.stuff();
    let crc_delimiter = 1;
    WireBits {
        nominal: bits.count + crc_delimiter + TAIL,
        data: 0,
    }
}

fn fd_bits(frame: &Frame, brs: bool, esi: bool) -> WireBits {
    let mut bits = Stuffed::start(frame);
    bits.push(0b10, 2); // FDF, res
    bits.push(u32::from(brs), 1);
    let arbitration = bits.count;
    bits.push(u32::from(esi), 1);
    bits.push(u32::from(frame.dlc()), 4);
    bits.push_bytes(frame.payload());
    let rest = bits.count - arbitration + checked_bits(frame);
    let (slow, data) = if brs { (0, rest) } else { (rest, 0) };
    WireBits {
        nominal: arbitration + slow + TAIL,
        data,
    }
}

/// The bits of a frame as this one if its content were the worst for stuffing: a stuff bit for
/// every four bits after the first (Davis and others, Real-Time Systems 35, 2007).
pub(crate) fn most_wire_bits(frame: &Frame) -> WireBits {
    let stuff = |bits: u32| (bits - 1) / 4;
    let data = 8 * frame.len() as u32;
    let extended = frame.id().is_extended();
    match frame.kind() {
        Kind::Error => wire_bits(frame),
        Kind::Data | Kind::Remote => {
            // Up to the CRC; then its delimiter.
            let bits = data + if extended { 54 } else { 34 };
            WireBits {
                nominal: bits + stuff(bits) + 1 + TAIL,
                data: 0,
            }
        }
        Kind::Fd { brs, .. } => {
            let arbitration = if extended { 36 } else { 17 };
            let first = arbitration + stuff(arbitration);
            let bits = arbitration + 1 + 4 + data;
            let rest = bits + stuff(bits) - first + checked_bits(frame);
            let (slow, fast) = if brs { (0, rest) } else { (rest, 0) };
            WireBits {
                nominal: first + slow + TAIL,
                data: fast,
            }
        }
    }
}

/// Stuff count (4) and CRC of CAN FD, with a fixed stuff bit before every fourth bit of them; CRC
/// delimiter.
fn checked_bits(frame: &Frame) -> u32 {
    let crc: u32 = if frame.len() > 16 { 21 } else { 17 };
    4 + crc + (4 + crc).div_ceil(4) + 1
}

#[cfg(test)]
mod tests {
    use super::super::Id;
    use super::*;

    fn id(raw: u32, extended: bool) -> Id {
        Id::new(raw, extended).expect("fits")
    }

    fn classic(raw: u32, extended: bool, data: &[u8]) -> u32 {
        let bits = wire_bits(&Frame::data(id(raw, extended), data).expect("valid"));
        assert_eq!(bits.data, 0);
        bits.nominal
    }

    /// Lengths by can-utils' `can_frame_length(…, CFL_EXACT, CAN_MTU)`.
    #[test]
    fn classic_frames_are_as_long_as_can_utils_says() {
        assert_eq!(classic(0x123, false, &[]), 48);
        assert_eq!(classic(0x000, false, &[]), 53);
        assert_eq!(classic(0x000, false, &[0; 8]), 127);
        assert_eq!(classic(0x7FF, false, &[0xFF; 8]), 126);
        assert_eq!(classic(0x555, false, &[0x55; 8]), 112);
        assert_eq!(classic(0x0F0, false, &[0x0F, 0x1E, 0x3C]), 72);
        assert_eq!(classic(0x078, false, &[0x3C; 8]), 131);
        assert_eq!(classic(0x7DF, false, &[2, 1, 0x0C, 0, 0, 0, 0, 0]), 123);
        let counting = [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF];
        assert_eq!(classic(0x321, false, &counting), 115);
        let ccvs1 = [0xFF, 0, 0x1F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        assert_eq!(classic(0x18FE_F100, true, &ccvs1), 147);
        let eec1 = [0xF0, 0x7D, 0x7D, 0x68, 0x13, 0, 0xFF, 0x7D];
        assert_eq!(classic(0x0CF0_0400, true, &eec1), 141);
        assert_eq!(classic(0, true, &[0; 8]), 150);
        assert_eq!(classic(0x1FFF_FFFF, true, &[]), 74);
    }

    /// Also by can-utils, with a DLC of 0: what a remote frame asks for is not on the wire.
    #[test]
    fn remote_frames_carry_no_data_bits() {
        let remote = |raw, extended, dlc| {
            wire_bits(&Frame::remote(id(raw, extended), dlc).expect("valid")).nominal
        };
        assert_eq!(remote(0x123, false, 0), 48);
        assert_eq!(remote(0x12345, true, 0), 70);
        assert!((47..=55).contains(&remote(0x123, false, 8)));
    }

    /// The limits that Davis and others give (Real-Time Systems 35, 2007): 47 + 8n bits without
    /// and 55 + 10n with the most stuffing, 67 + 8n and 80 + 10n with 29-bit identifiers.
    #[test]
    fn classic_lengths_lie_between_the_published_limits() {
        for (extended, least, most) in [(false, 47, 55), (true, 67, 80)] {
            for len in 0..=8_u32 {
                for pattern in [0, 0x55, 0x0F, 0x1F, 0x3C, 0x87, 0xFF] {
                    for raw in [0, 0x0F, 0x2A5, 0x555, 0x7FF] {
                        let bits = classic(raw, extended, &[pattern; 8][..len as usize]);
                        let range = least + 8 * len..=most + 10 * len;
                        assert!(range.contains(&bits), "{raw:x} {pattern:x} {len}: {bits}");
                    }
                }
            }
        }
        // Without any stuff bit but one, 111 at least; the most for 8 bytes are 135 and 160.
        assert_eq!((47 + 64, 55 + 80, 80 + 80), (111, 135, 160));
    }

    fn fd(raw: u32, extended: bool, data: &[u8], brs: bool) -> (u32, u32) {
        let bits = wire_bits(&Frame::fd(id(raw, extended), data, brs, false).expect("valid"));
        (bits.nominal, bits.data)
    }

    /// Without stuff bits a CAN FD frame has 29 bits (48 with 29-bit identifiers) at the nominal
    /// rate; at the data rate 33 + 8n, and 5 more over 16 bytes: the 28 of Bordoloi and Samii
    /// (2014) and the 5 of ISO's stuff count. What is more here are stuff bits, counted by hand.
    #[test]
    fn fd_frames_are_as_long_as_the_standard_says() {
        // 0 10101010101 0 0 1 0 1: no run of five. ESI 0 DLC 1000, then 01010101…: none either.
        assert_eq!(fd(0x555, false, &[0x55; 8], true), (29, 33 + 64));
        assert_eq!(fd(0x555, false, &[0x55; 16], true), (29, 33 + 128));
        assert_eq!(fd(0x555, false, &[0x55; 20], true), (29, 38 + 160));
        // ESI and DLC 1111.
        assert_eq!(fd(0x555, false, &[0x55; 64], true), (29, 38 + 512));
        // BRS 0 makes res 0 BRS 0 ESI 0 of DLC 1000: no run of five either.
        assert_eq!(fd(0x555, false, &[0x55; 8], false), (29 + 33 + 64, 0));
        // 10101010101 1 1 010101010101010101 0 1 0 1.
        assert_eq!(fd(0x1555_5555, true, &[0x55; 8], true), (48, 33 + 64));
        // 0 00000000000 0 0, then 1: a stuff bit after the 5th and the 10th of 14 zeros.
        assert_eq!(fd(0, false, &[0x55; 8], true).0, 29 + 2);
        // Behind the 1 of DLC 1000 come 67 zeros: a stuff bit after each five: 13.
        assert_eq!(fd(0x555, false, &[0; 8], true).1, 33 + 64 + 13);
    }

    #[test]
    fn no_frame_is_longer_than_the_worst_of_its_kind() {
        let most = |frame: &Frame| most_wire_bits(frame);
        let classic = Frame::data(id(0x123, false), &[1; 8]).expect("valid");
        assert_eq!(most(&classic).nominal, 55 + 80);
        let classic = Frame::data(id(0x123, true), &[1; 8]).expect("valid");
        assert_eq!(most(&classic).nominal, 80 + 80);
        for data in [
            &[][..],
            &[0; 8],
            &[0; 16],
            &[0; 20],
            &[0x3C; 64],
            &[0x55; 12],
        ] {
            for extended in [false, true] {
                for brs in [false, true] {
                    let frame = Frame::fd(id(0, extended), data, brs, false).expect("valid");
                    let (real, most) = (wire_bits(&frame), most(&frame));
                    assert!(
                        real.nominal + real.data <= most.nominal + most.data,
                        "{frame:?}"
                    );
                    assert!(real.nominal <= most.nominal, "{frame:?}");
                    // Nor is the worst beyond all measure.
                    assert!(most.data + most.nominal <= (real.nominal + real.data) * 5 / 4 + 6);
                }
            }
        }
        let error = Frame::error(id(0, true), &[]).expect("valid");
        assert_eq!(most(&error), wire_bits(&error));
    }

    #[test]
    fn five_equal_bits_before_the_checksum_of_a_fd_frame_get_no_dynamic_stuff_bit() {
        // ESI 0, DLC 0001, then 0x5F: 0 1 0 1 1 1 1 1.
        assert_eq!(fd(0x555, false, &[0x5F], true).1, 33 + 8);
        // With another byte behind them they do.
        assert_eq!(fd(0x555, false, &[0x5F, 0x55], true).1, 33 + 16 + 1);
    }

    #[test]
    fn the_esi_bit_counts_among_equal_bits() {
        let frame = Frame::fd(id(0x555, false), &[0x55; 64], true, true).expect("valid");
        // ESI 1 and DLC 1111 behind BRS 1: one stuff bit, then 1 0 1 0….
        assert_eq!(wire_bits(&frame).data, 38 + 512 + 1);
    }

    #[test]
    fn an_error_frame_has_flags_delimiter_and_intermission() {
        let frame = Frame::error(id(0x88, false), &[0; 8]).expect("valid");
        assert_eq!(
            wire_bits(&frame),
            WireBits {
                nominal: 23,
                data: 0
            }
        );
    }

    #[test]
    fn bits_become_nanoseconds_rounded_up() {
        let nanos = |nominal, data, rates: (u32, u32)| {
            let rates = BitRates {
                nominal: rates.0,
                data: rates.1,
            };
            rates.nanos(WireBits { nominal, data })
        };
        assert_eq!(nanos(111, 0, (500_000, 2_000_000)), 222_000);
        assert_eq!(nanos(29, 97, (500_000, 2_000_000)), 58_000 + 48_500);
        assert_eq!(nanos(10, 0, (33_333, 2_000_000)), 300_004);
        assert_eq!(nanos(10, 7, (500_000, 3_000_000)), 20_000 + 2_334);
    }
}
