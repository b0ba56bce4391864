//! UDP multicast: one socket that hears a group and one that sends to it.
//!
//! Two sockets, because all hearers of a group on one machine share its port: the sending socket's
//! own port tells our datagrams from those of the other programs here.

#[cfg_attr(target_os = "linux", path = "udp/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "udp/portable.rs")]
mod system;

pub(crate) use system::{Batch, COUNTS_DROPPED, KERNEL_TIME};

use crate::error::{Context, Error, ErrorKind, Result};
use crate::message::Timestamp;
use crate::transport::interface::Interface;
use crate::transport::sending::{Sent, in_time};
use crate::transport::wake::{Until, Waited, Wake};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::time::Duration;

/// The longest datagram that is taken; what is longer arrives cut off. As much as python-can takes.
pub(crate) const MAX_DATAGRAM: usize = 4096;

/// How many datagrams are taken at once at most.
#[cfg(target_os = "linux")]
pub(crate) use crate::transport::datagrams::MAX_BATCH;
#[cfg(not(target_os = "linux"))]
pub(crate) const MAX_BATCH: usize = 64;

/// What to hear and how.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The multicast group.
    pub(crate) group: IpAddr,
    /// The port of all who talk in the group.
    pub(crate) port: u16,
    /// How many routers pass a datagram on, plus one; 0 stays on this machine.
    pub(crate) hop_limit: u32,
    /// Where to hear and send; `None` leaves it to the routing table.
    pub(crate) interface: Option<Interface>,
    /// Bytes that the system should hold for the reader.
    pub(crate) receive_buffer: usize,
    /// Whether our own datagrams are heard too. If not, Linux keeps them away; elsewhere the reader
    /// tells them by [`Multicast::own_address`].
    pub(crate) hear_own: bool,
}

/// A datagram as it was received.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Datagram<'a> {
    /// What it carried.
    pub(crate) bytes: &'a [u8],
    /// Whether it was longer than [`MAX_DATAGRAM`].
    pub(crate) cut_off: bool,
    /// Who sent it, where the system says so.
    pub(crate) sender: Option<SocketAddr>,
    /// When it came.
    pub(crate) time: Timestamp,
}

/// Membership in a multicast group.
#[derive(Debug)]
pub(crate) struct Multicast {
    group: IpAddr,
    via: Via,
    hearing: UdpSocket,
    sending: UdpSocket,
    /// The address that our datagrams come from.
    own: SocketAddr,
    wake: Wake,
    losses: system::Losses,
}

/// An interface in the two forms that the socket options want; zeros leave it to the system.
#[derive(Debug, Clone, Copy)]
struct Via {
    v4: Ipv4Addr,
    index: u32,
}

impl Via {
    const ROUTED: Via = Via {
        v4: Ipv4Addr::UNSPECIFIED,
        index: 0,
    };

    fn new(settings: &Settings) -> Result<Via> {
        let Some(interface) = &settings.interface else {
            return Ok(Via::ROUTED);
        };
        let v4 = interface.v4();
        if settings.group.is_ipv4() && v4.is_none() {
            return Err(open_failed(format!(
                "network interface {} has no IPv4 address, which the IPv4 group {} needs",
                interface.name, settings.group
            )));
        }
        Ok(Via {
            v4: v4.unwrap_or(Ipv4Addr::UNSPECIFIED),
            index: interface.index,
        })
    }
}

impl Multicast {
    /// Joins the group. Sends nothing but what the system sends to join.
    ///
    /// # Errors
    /// `OpenFailed`, with what to do where no route leads to the group.
    pub(crate) fn join(settings: &Settings) -> Result<Multicast> {
        let mut via = Via::new(settings)?;
        let connected = match sender(settings, via) {
            // No route: other machines cannot be reached anyway, the programs on this one can.
            Err(error) if is_unreachable(&error) && settings.interface.is_none() => {
                via.v4 = Ipv4Addr::LOCALHOST;
                sender(settings, via)
            }
            // Groups that no router passes on are the same on every interface: one must be named.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput && via.index == 0 => {
                via.index = routed_interface(settings).unwrap_or(0);
                sender(settings, via)
            }
            connected => connected,
        };
        let sending = connected.map_err(|error| cannot_send(settings, error))?;
        let own = sending.local_addr();
        let own = own.map_err(|error| refused(error, "cannot tell our own address".into()))?;
        let hearing = hearer(settings, via, own).map_err(|error| {
            let (group, port) = (settings.group, settings.port);
            refused(error, format!("cannot hear the group {group} port {port}"))
        })?;
        Ok(Multicast {
            group: settings.group,
            via,
            hearing,
            sending,
            own,
            wake: Wake::new().context("cannot make a pipe")?,
            losses: system::Losses::new(!settings.hear_own),
        })
    }

    /// Whether a group could be joined, found out without telling the network.
    pub(crate) fn is_reachable(settings: &Settings) -> bool {
        let reachable = |via| sender(settings, via).is_ok();
        let loopback = Via {
            v4: Ipv4Addr::LOCALHOST,
            index: 0,
        };
        reachable(Via::ROUTED) || reachable(loopback)
    }

    /// The address that our datagrams come from.
    pub(crate) fn own_address(&self) -> SocketAddr {
        self.own
    }

    /// Whether a datagram from there is ours. Not by the whole address: that of a link (`fe80::`) has
    /// a scope in received datagrams and none in what the system says of our socket.
    pub(crate) fn is_own(&self, sender: SocketAddr) -> bool {
        (sender.ip(), sender.port()) == (self.own.ip(), self.own.port())
    }

    /// Takes what has arrived, at most `max` datagrams and [`MAX_BATCH`], without waiting, and
    /// returns how many. They are in the batch until the next call.
    ///
    /// # Errors
    /// `OperationFailed`.
    pub(crate) fn receive(&self, batch: &mut Batch, max: usize) -> Result<usize> {
        let taken = batch.fill(&self.hearing, max);
        taken.map_err(|error| operation_failed(error, "cannot receive"))
    }

    /// Waits until something has arrived (true) or the time is up or the group was left (false).
    ///
    /// # Errors
    /// `OperationFailed`.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> Result<bool> {
        let waited = self.wake.wait(&self.hearing, Until::Readable, timeout);
        let waited = waited.map_err(|error| operation_failed(error, "cannot wait"))?;
        Ok(waited == Waited::Ready)
    }

    /// Sends a datagram to the group, waiting for room if there is none.
    ///
    /// # Errors
    /// `Timeout` when there was no room in time; `Closed`; `OperationFailed`.
    pub(crate) fn send(&self, bytes: &[u8], timeout: Option<Duration>) -> Result<()> {
        let sent = in_time(&self.wake, &self.sending, timeout, || {
            self.losses.sending(|| self.sending.send(bytes))
        });
        match sent.map_err(cannot_deliver)? {
            Sent::Taken(_) => Ok(()),
            Sent::Late(error) => {
                let late = "the system had no room for the datagram in time";
                Err(Error::new(ErrorKind::Timeout, late).with_source(error))
            }
            Sent::Woken => Err(Error::new(ErrorKind::Closed, "the bus is closed")),
        }
    }

    /// How many datagrams of others the system had no room for, while it was asked often enough
    /// (its own counter has 32 bits).
    pub(crate) fn dropped(&self) -> u64 {
        self.losses.count(&self.hearing)
    }

    /// Leaves the group: nothing arrives any more, and all waits end.
    pub(crate) fn leave(&self) {
        if self.wake.wake() {
            // The group goes with the socket at the latest.
            let _ = match self.group {
                IpAddr::V4(group) => self.hearing.leave_multicast_v4(&group, &self.via.v4),
                IpAddr::V6(group) => self.hearing.leave_multicast_v6(&group, self.via.index),
            };
            // Makes the descriptor readable, for event loops: Linux does so although it says that
            // there is no connection.
            let _ = socket2::SockRef::from(&self.hearing).shutdown(std::net::Shutdown::Read);
        }
    }

    /// Whether the group was left.
    pub(crate) fn has_left(&self) -> bool {
        self.wake.is_woken()
    }

    /// What is readable while datagrams wait, and on Linux once the group was left.
    #[cfg(unix)]
    pub(crate) fn readiness(&self) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.hearing)
    }
}

/// A socket that sends to the group, from a port that no other program has.
fn sender(settings: &Settings, via: Via) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(SocketAddr::new(settings.group, 0)),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    match settings.group {
        IpAddr::V4(_) => {
            socket.set_multicast_if_v4(&via.v4)?;
            socket.set_multicast_ttl_v4(settings.hop_limit)?;
        }
        IpAddr::V6(_) => {
            socket.set_multicast_if_v6(via.index)?;
            socket.set_multicast_hops_v6(settings.hop_limit)?;
        }
    }
    // Sends nothing: it finds the route, and with it the address that we send from.
    socket.connect(&address(settings, via))?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// A socket that hears the group, on that interface only, along with other programs.
fn hearer(settings: &Settings, via: Via, own: SocketAddr) -> io::Result<UdpSocket> {
    let group = address(settings, via);
    let socket = Socket::new(group.domain(), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    system::prepare(&socket, settings, own)?;
    // Bound to the group, so that other groups on the same port are not heard. Windows binds to
    // local addresses only.
    if cfg!(windows) {
        let any: IpAddr = match settings.group {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        socket.bind(&SocketAddr::new(any, settings.port).into())?;
    } else {
        socket.bind(&group)?;
    }
    match settings.group {
        IpAddr::V4(group) => socket.join_multicast_v4(&group, &via.v4)?,
        IpAddr::V6(group) => socket.join_multicast_v6(&group, via.index)?,
    }
    Ok(socket.into())
}

/// The number of the interface that the routing table has for IPv6 multicast, as it says for the same
/// group with a wider scope (RFC 4291, 2.7: 5 is the site).
fn routed_interface(settings: &Settings) -> Option<u32> {
    let IpAddr::V6(group) = settings.group else {
        return None;
    };
    let mut segments = group.segments();
    segments[0] = segments[0] & 0xFFF0 | 5;
    let wide = Settings {
        group: IpAddr::V6(segments.into()),
        ..settings.clone()
    };
    let own = sender(&wide, Via::ROUTED).ok()?.local_addr().ok()?;
    let interface = Interface::find(&own.ip().to_string()).ok()?;
    Some(interface.index)
}

fn address(settings: &Settings, via: Via) -> SockAddr {
    match settings.group {
        IpAddr::V4(group) => SocketAddrV4::new(group, settings.port).into(),
        IpAddr::V6(group) => SocketAddrV6::new(group, settings.port, 0, via.index).into(),
    }
}

fn is_unreachable(error: &io::Error) -> bool {
    use io::ErrorKind::{HostUnreachable, NetworkUnreachable};
    matches!(error.kind(), NetworkUnreachable | HostUnreachable)
}

/// The advice for who has no route, which is the ordinary reason.
fn cannot_send(settings: &Settings, error: io::Error) -> Error {
    let group = settings.group;
    let mut what = format!("cannot send to the group {group}");
    if is_unreachable(&error) || error.kind() == io::ErrorKind::InvalidInput {
        what.push_str(match settings.interface {
            None => {
                ": no route leads there; name a network interface with the option network_interface"
            }
            Some(_) => " by this network interface",
        });
        if group.is_ipv6() {
            what.push_str(
                " (loopback carries IPv6 multicast only with a route that an administrator adds: \
                 ip -6 route add local ff00::/8 dev lo; IPv4 groups need none)",
            );
        }
    }
    refused(error, what)
}

fn cannot_deliver(error: io::Error) -> Error {
    let what = if is_unreachable(&error) {
        "cannot send: no route leads to the group any more; the option network_interface names \
         the interface to send by"
    } else {
        "cannot send"
    };
    operation_failed(error, what)
}

fn open_failed(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::OpenFailed, message)
}

fn refused(error: io::Error, what: String) -> Error {
    let error = Error::from(error).with_kind(ErrorKind::OpenFailed);
    error.context(what)
}

fn operation_failed(error: io::Error, what: &str) -> Error {
    let error = Error::from(error).with_kind(ErrorKind::OperationFailed);
    error.context(what)
}

#[cfg(test)]
mod tests;
