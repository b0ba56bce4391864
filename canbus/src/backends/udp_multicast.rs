//! Buses between programs and machines: every bus in a UDP multicast group hears what the others
//! send. It speaks to buses of python-can (4.6.1) of the same name.
//!
//! On loopback alone, IPv4 groups need nothing; Linux carries IPv6 multicast there only with a route
//! that an administrator adds (`ip -6 route add local ff00::/8 dev lo`).
//!
//! The kernel's receive buffer is the only queue, so that a message takes no way through another
//! thread. A burst of 20,000 frames fits in what is asked for by default; an ordinary user may get
//! less (Linux: `net.core.rmem_max`), and then what found no room is counted exactly.

mod protocol;

use crate::backends::taking::{Source, take};
use crate::backends::{Backend, Detected};
use crate::driver::{Capabilities, Description, Driver, TimestampSource};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::frame::Frame;
use crate::message::{Channel, Direction, Message, Timestamp};
use crate::options::{OptionKind, OptionSpec, Options, Value};
use crate::transport::interface::Interface;
use crate::transport::udp::{
    Batch, COUNTS_DROPPED, Datagram, KERNEL_TIME, MAX_BATCH, MAX_DATAGRAM, Multicast, Settings,
};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The groups that buses of python-can meet in unless told otherwise: of IPv6 (site-local,
/// transient: `ff15::/16`) and IPv4 (administratively scoped, RFC 2365: 239.0.0.0/8).
const GROUP_V6: &str = "ff15:7079:7468:6f6e:6465:6d6f:6d63:6173";
const GROUP_V4: &str = "239.74.163.2";

/// The row of the table of backends.
pub(super) const BACKEND: Backend = Backend {
    name: "udp_multicast",
    summary: "buses between programs and machines by UDP multicast, as python-can's",
    options: OPTIONS,
    open,
    detect: Some(detect),
};

const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "channel",
        OptionKind::Text,
        "multicast group: an IPv6 or IPv4 address",
    )
    .or(GROUP_V6),
    OptionSpec::new(
        "port",
        OptionKind::Integer { min: 1, max: 65535 },
        "UDP port of the group",
    )
    .or("43113"),
    OptionSpec::new(
        "hop_limit",
        OptionKind::Integer { min: 0, max: 255 },
        "how far frames go (IPv4: TTL): 0 this machine, 1 the local network, more for routers",
    )
    .or("1"),
    OptionSpec::new(
        "network_interface",
        OptionKind::Text,
        "where to join and send: a name (lo, eth0) or a local address; if empty, the routing \
         table decides, and IPv4 without a route stays on loopback",
    )
    .or(""),
    OptionSpec::new("fd", OptionKind::Flag, "carry CAN FD frames").or("true"),
    OptionSpec::new(
        "receive_own_messages",
        OptionKind::Flag,
        "deliver sent frames to the sender too",
    )
    .or("false"),
    OptionSpec::new("listen_only", OptionKind::Flag, "refuse to send").or("false"),
    OptionSpec::new(
        "preserve_timestamps",
        OptionKind::Flag,
        "deliver the time that the sender gives instead of the time of arrival",
    )
    .or("false"),
    OptionSpec::new(
        "receive_buffer",
        OptionKind::Integer {
            min: 4096,
            max: 1 << 30,
        },
        "bytes that the system holds for the reader, about 800 for a frame; it may grant less \
         (Linux: sysctl net.core.rmem_max)",
    )
    .or("33554432"),
    OptionSpec::new(
        "bitrate",
        OptionKind::Integer {
            min: 1,
            max: i64::MAX,
        },
        "bit/s; accepted without effect, there is no wire",
    ),
    OptionSpec::new(
        "data_bitrate",
        OptionKind::Integer {
            min: 1,
            max: i64::MAX,
        },
        "bit/s of the data phase; accepted without effect, there is no wire",
    ),
];

struct UdpMulticast {
    description: Description,
    channel: Channel,
    multicast: Multicast,
    /// Where datagrams are received into; held only while they are moved, never while waiting.
    batch: Mutex<Batch>,
    receive_own_messages: bool,
    preserve_timestamps: bool,
    malformed: AtomicU64,
}

fn open(options: &Options) -> Result<Box<dyn Driver>> {
    let opened = settings(options).and_then(|settings| {
        let multicast = Multicast::join(&settings)?;
        Ok((settings, multicast))
    });
    let (settings, multicast) = opened.context(BACKEND.name)?;
    let channel = Channel::named(&settings.group.to_string());
    Ok(Box::new(UdpMulticast {
        description: describe(channel, &settings, &multicast, options),
        channel,
        multicast,
        batch: Mutex::new(Batch::new()),
        receive_own_messages: settings.hear_own,
        preserve_timestamps: options.flag("preserve_timestamps"),
        malformed: AtomicU64::new(0),
    }))
}

fn settings(options: &Options) -> Result<Settings> {
    let given = options.text("channel").unwrap_or_default().trim();
    let group = given.parse().ok().filter(IpAddr::is_multicast);
    let group = group.ok_or_else(|| {
        Error::invalid(format!(
            "option channel is {given}, but expected a multicast address: 224.0.0.0 to \
             239.255.255.255, or one that begins with ff; for instance {GROUP_V4}"
        ))
    })?;
    let interface = options.text("network_interface").unwrap_or_default().trim();
    let interface = match interface {
        "" => None,
        text => Some(Interface::find(text).context("option network_interface")?),
    };
    // Their ranges are declared above.
    let number = |name| options.integer(name).unwrap_or_default();
    Ok(Settings {
        group,
        port: number("port") as u16,
        hop_limit: number("hop_limit") as u32,
        interface,
        receive_buffer: options.count("receive_buffer").unwrap_or_default(),
        hear_own: options.flag("receive_own_messages"),
    })
}

fn describe(
    channel: Channel,
    settings: &Settings,
    multicast: &Multicast,
    options: &Options,
) -> Description {
    let port = settings.port;
    let own = multicast.own_address().ip();
    let by = match &settings.interface {
        Some(interface) => format!("network interface {}", interface.name),
        None => own.to_string(),
    };
    // Only loopback promises the order; a network may change it.
    let loopback = settings.interface.as_ref().map(Interface::is_loopback);
    let ordered = loopback.unwrap_or_else(|| own.is_loopback());
    Description {
        backend: BACKEND.name,
        channels: vec![channel],
        summary: format!("UDP multicast group {channel} port {port} by {by}"),
        capabilities: Capabilities {
            fd: options.flag("fd"),
            esi: true,
            remote: true,
            send_error: true,
            raw_dlc: false,
            own_messages: true,
            counts_dropped: COUNTS_DROPPED,
            ordered,
        },
        timestamps: if options.flag("preserve_timestamps") {
            TimestampSource::Sender
        } else if KERNEL_TIME {
            TimestampSource::Kernel
        } else {
            TimestampSource::ReadTime
        },
        listen_only: options.flag("listen_only"),
    }
}

impl Source for UdpMulticast {
    type Item = Message;

    fn ended(&self) -> Option<Error> {
        let closed = || Error::new(ErrorKind::Closed, "udp_multicast: the bus is closed");
        self.multicast.has_left().then(closed)
    }

    fn take_waiting(&self, max: usize, each: &mut dyn FnMut(Option<Message>)) -> Result<usize> {
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        let received = self.multicast.receive(&mut batch, max)?;
        batch
            .datagrams()
            .for_each(|datagram| each(self.message(&datagram)));
        Ok(received)
    }

    fn wait(&self, timeout: Option<Duration>) -> Result<bool> {
        self.multicast.wait(timeout).context(BACKEND.name)
    }
}

impl UdpMulticast {
    /// The message in a datagram; `None` for what this bus does not deliver.
    fn message(&self, datagram: &Datagram<'_>) -> Option<Message> {
        let own = datagram
            .sender
            .is_some_and(|sender| self.multicast.is_own(sender));
        if own && !self.receive_own_messages {
            return None;
        }
        let decoded = if datagram.cut_off {
            Err(Error::malformed(format!(
                "longer than {MAX_DATAGRAM} bytes"
            )))
        } else {
            protocol::decode(datagram.bytes)
        };
        let received = decoded
            .map_err(|error| self.count_malformed(datagram, &error))
            .ok()?;
        // A classic controller does not understand a CAN FD frame.
        if received.frame.is_fd() && !self.description.capabilities.fd {
            return None;
        }
        let time = received.time.filter(|_| self.preserve_timestamps);
        Some(Message {
            frame: received.frame,
            timestamp: time.unwrap_or(datagram.time),
            channel: Some(self.channel),
            direction: if own { Direction::Tx } else { Direction::Rx },
        })
    }

    /// One bad datagram must not stop whoever reads the good ones. So it counts as lost.
    fn count_malformed(&self, datagram: &Datagram<'_>, error: &Error) {
        if self.malformed.fetch_add(1, Ordering::Relaxed) == 0 {
            let sender = datagram.sender.map(|sender| format!(" from {sender}"));
            log::warn!(
                "{}: passed over a datagram{}: {error} (counted as dropped, as will be others \
                 without another warning)",
                self.description.summary,
                sender.unwrap_or_default(),
            );
        }
    }

    fn send_at(
        &self,
        frame: &Frame,
        time: Timestamp,
        channel: Option<Channel>,
        timeout: Option<Duration>,
    ) -> Result<()> {
        let datagram = protocol::encode(frame, time, channel);
        let sent = datagram.and_then(|datagram| self.multicast.send(&datagram, timeout));
        sent.context(BACKEND.name)
    }
}

impl Driver for UdpMulticast {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, timeout: Option<Duration>) -> Result<Option<Message>> {
        let mut message = None;
        take(self, 1, timeout, |taken| message = Some(taken))?;
        Ok(message)
    }

    fn recv_batch(
        &self,
        out: &mut Vec<Message>,
        max: usize,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        out.reserve(max.min(MAX_BATCH));
        take(self, max, timeout, |message| out.push(message))
    }

    fn send(&self, frame: &Frame, _to: Option<Channel>, timeout: Option<Duration>) -> Result<()> {
        self.send_at(frame, Timestamp::now(), None, timeout)
    }

    /// With the message's own time and channel, for whoever asks for them.
    fn forward(
        &self,
        message: &Message,
        _to: Option<Channel>,
        timeout: Option<Duration>,
    ) -> Result<()> {
        self.send_at(&message.frame, message.timestamp, message.channel, timeout)
    }

    fn close(&self) -> Result<()> {
        self.multicast.leave();
        Ok(())
    }

    /// What the system had no room for, and datagrams that held no CAN frame.
    fn dropped(&self) -> u64 {
        self.multicast.dropped() + self.malformed.load(Ordering::Relaxed)
    }

    #[cfg(unix)]
    fn readiness(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        Some(self.multicast.readiness())
    }
}

/// What a datagram says, and what is read from the datagram that is written of that.
#[cfg(fuzzing)]
pub fn fuzz_datagram(datagram: &[u8]) -> Option<(Frame, Frame)> {
    let frame = protocol::decode(datagram).ok()?.frame;
    let written = protocol::encode(&frame, Timestamp::ZERO, None).expect("it can be written");
    let again = protocol::decode(&written).expect("what was written can be read");
    Some((frame, again.frame))
}

/// The default groups, as far as there is a way to them. Nothing is sent or joined.
fn detect(_timeout: Duration) -> Result<Vec<Detected>> {
    let found = [GROUP_V6, GROUP_V4].into_iter().filter(|group| {
        let given = [("channel", *group)];
        Options::check(BACKEND.name, OPTIONS, given)
            .and_then(|options| settings(&options))
            .is_ok_and(|settings| Multicast::is_reachable(&settings))
    });
    Ok(found
        .map(|group| Detected {
            interface: BACKEND.name,
            options: vec![("channel".into(), Value::from(group))],
            state: None,
        })
        .collect())
}

#[cfg(test)]
mod tests;
