//! Packets in a stream of bytes: put together however the line cut them, with what stands between
//! them and belongs to none passed over.

use crate::backends::serial_line::{Heard, Line};
use crate::error::Result;
use crate::frame::Frame;
use std::time::Duration;

/// What stands at the front of some bytes.
pub(super) enum Front<A> {
    /// A packet of so many bytes, and what it holds.
    Packet(usize, Heard<A>),
    /// So many bytes in which no packet begins, and what was expected there. What is passed over
    /// up to the next packet is told once.
    Garbage(usize, &'static str),
    /// So many bytes of a packet that certainly was one and is damaged. Each is told.
    Damaged(usize, &'static str),
    /// Perhaps the beginning of a packet; more bytes will tell.
    Incomplete,
}

/// The bytes that are no whole packet yet.
#[derive(Debug, Default)]
pub(super) struct Packets {
    held: Vec<u8>,
    /// What has been passed over since the last packet was told of.
    told: bool,
}

impl Packets {
    /// Takes more bytes. `look` says what stands at the front of bytes, of which there is at least
    /// one; it must decide by the bytes of the packet alone, so that no cut changes anything.
    pub(super) fn take<A>(
        &mut self,
        bytes: &[u8],
        look: impl Fn(&[u8]) -> Front<A>,
        each: &mut dyn FnMut(Heard<A>),
    ) {
        self.held.extend_from_slice(bytes);
        let mut at = 0;
        while at < self.held.len() {
            let (len, heard) = match look(&self.held[at..]) {
                Front::Packet(len, heard) => {
                    self.told = false;
                    (len, Some(heard))
                }
                Front::Garbage(len, why) => {
                    let known = std::mem::replace(&mut self.told, true);
                    (len, (!known).then(|| Heard::Garbage(why.into())))
                }
                Front::Damaged(len, why) => {
                    self.told = true;
                    (len, Some(Heard::Garbage(why.into())))
                }
                Front::Incomplete => break,
            };
            heard.into_iter().for_each(&mut *each);
            at += len.max(1);
        }
        self.held.drain(..at.min(self.held.len()));
    }
}

/// Sends frames, each as the packet that `encode` appends, in as few writes as the line allows, and
/// delivers them to this bus too if that is wanted. Returns how many were taken.
pub(super) fn send<A: Send + 'static>(
    line: &Line<A>,
    frames: &[Frame],
    own_messages: bool,
    timeout: Option<Duration>,
    mut encode: impl FnMut(&Frame, &mut Vec<u8>),
) -> Result<usize> {
    let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(frames.len()));
    for frame in frames {
        encode(frame, &mut bytes);
        ends.push(bytes.len());
    }
    let taken = line.send_packets(&bytes, &ends, timeout)?;
    if own_messages {
        line.echo(&frames[..taken]);
    }
    Ok(taken)
}

/// For tests: what a receiver finds in these bytes, which is the same when they come in pieces of
/// this length, and for each frame the same when the packet that `encode` makes is read again.
#[cfg(any(test, fuzzing))]
pub(super) fn read_in_pieces<P: crate::backends::serial_line::Parser>(
    bytes: &[u8],
    piece: usize,
    receiver: impl Fn() -> P,
    encode: impl Fn(&Heard<P::Answer>) -> Option<Vec<u8>>,
) -> Vec<Heard<P::Answer>>
where
    P::Answer: std::fmt::Debug,
{
    let read = |bytes: &[u8], piece: usize| {
        let (mut receiver, mut found) = (receiver(), Vec::new());
        for piece in bytes.chunks(piece.max(1)) {
            receiver.take(piece, &mut |heard| found.push(heard));
        }
        found
    };
    let whole = read(bytes, bytes.len());
    assert_eq!(format!("{whole:?}"), format!("{:?}", read(bytes, piece)));
    for heard in &whole {
        if let Some(packet) = encode(heard) {
            let again = read(&packet, packet.len());
            assert_eq!(format!("{again:?}"), format!("[{heard:?}]"));
        }
    }
    whole
}
