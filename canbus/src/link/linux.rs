//! Questions and orders to the kernel by netlink, and what its answers mean.

use super::{Controller, ControllerState, Counters, DelayCompensation, Link, Modes, Setup, Timing};
use crate::error::{Error, ErrorKind, Result};
use netlink_packet_core::{
    DefaultNla, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST, NetlinkMessage,
    NetlinkPayload, Nla,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    CanBitTiming, CanCtrlMode, CanCtrlModeFlags, CanTdc, InfoCan, InfoData, InfoKind, InfoVxcan,
    LinkAttribute, LinkFlags, LinkInfo, LinkLayerType, LinkMessage, Stats64,
};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use std::io;

/// The size of the largest frame that an interface carries, with CAN FD.
const FD_SIZE: u32 = 72;

/// The list of the resistors that can be chosen (`linux/can/netlink.h`).
const IFLA_CAN_TERMINATION_CONST: u16 = 12;

pub(super) fn list() -> Result<Vec<Link>> {
    let question = RouteNetlinkMessage::GetLink(LinkMessage::default());
    let answers =
        ask(question, NLM_F_DUMP).map_err(|error| failed("list the interfaces", error))?;
    let links = answers.iter().filter_map(|answer| match answer {
        RouteNetlinkMessage::NewLink(message) => link(message),
        _ => None,
    });
    Ok(links.collect())
}

pub(super) fn configure(name: &str, setup: &Setup) -> Result<()> {
    let message = about(name, InfoKind::Can, InfoData::Can(attributes(setup)));
    order(
        RouteNetlinkMessage::NewLink(message),
        0,
        &format!("set {name} up"),
    )
}

pub(super) fn set_up(name: &str, up: bool) -> Result<()> {
    let mut message = named(name);
    message.header.change_mask = LinkFlags::Up;
    if up {
        message.header.flags = LinkFlags::Up;
    }
    let what = format!("set {name} {}", if up { "up" } else { "down" });
    order(RouteNetlinkMessage::NewLink(message), 0, &what)
}

pub(super) fn restart(name: &str) -> Result<()> {
    let data = InfoData::Can(vec![InfoCan::Restart(1)]);
    let message = about(name, InfoKind::Can, data);
    order(
        RouteNetlinkMessage::NewLink(message),
        0,
        &format!("restart {name}"),
    )
}

pub(super) fn add(name: &str, peer: Option<&str>) -> Result<()> {
    let mut message = match peer {
        None => {
            let mut message = named(name);
            let kind = LinkInfo::Kind(InfoKind::Vcan);
            message.attributes.push(LinkAttribute::LinkInfo(vec![kind]));
            message
        }
        Some(peer) => {
            let mut peer = named(peer);
            peer.attributes.push(LinkAttribute::Mtu(FD_SIZE));
            about(
                name,
                InfoKind::Vxcan,
                InfoData::Vxcan(InfoVxcan::Peer(peer)),
            )
        }
    };
    message.attributes.push(LinkAttribute::Mtu(FD_SIZE));
    let flags = NLM_F_CREATE | NLM_F_EXCL;
    order(
        RouteNetlinkMessage::NewLink(message),
        flags,
        &format!("add {name}"),
    )
}

pub(super) fn delete(name: &str) -> Result<()> {
    let message = RouteNetlinkMessage::DelLink(named(name));
    order(message, 0, &format!("delete {name}"))
}

fn named(name: &str) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::IfName(name.into()));
    message
}

fn about(name: &str, kind: InfoKind, data: InfoData) -> LinkMessage {
    let mut message = named(name);
    let info = vec![LinkInfo::Kind(kind), LinkInfo::Data(data)];
    message.attributes.push(LinkAttribute::LinkInfo(info));
    message
}

/// A setup as the kernel takes it.
fn attributes(setup: &Setup) -> Vec<InfoCan> {
    let mut list = Vec::new();
    let chosen = |timing: Option<Timing>, bitrate: Option<u32>, sample_point: Option<u32>| {
        let by_rate = bitrate.map(|bitrate| {
            let mut timing = CanBitTiming::new(bitrate);
            timing.sample_point = sample_point.unwrap_or(0);
            timing
        });
        timing.map(in_quanta).or(by_rate)
    };
    let timing = chosen(setup.timing, setup.bitrate, setup.sample_point);
    let data = chosen(
        setup.data_timing,
        setup.data_bitrate,
        setup.data_sample_point,
    );
    // The modes first: the kernel takes a data bit rate only with CAN FD switched on.
    if !setup.modes.is_empty() {
        let mut mode = CanCtrlMode {
            mask: CanCtrlModeFlags::empty(),
            flags: CanCtrlModeFlags::empty(),
        };
        for (one, on) in &setup.modes {
            let bit = CanCtrlModeFlags::from_bits_retain(one.bit());
            mode.mask |= bit;
            mode.flags.set(bit, *on);
        }
        list.push(InfoCan::CtrlMode(mode));
    }
    list.extend(timing.map(InfoCan::BitTiming));
    list.extend(data.map(InfoCan::DataBitTiming));
    list.extend(setup.restart_ms.map(InfoCan::RestartMs));
    list.extend(setup.termination.map(InfoCan::Termination));
    list
}

/// The kernel takes quanta where no bit rate is given.
fn in_quanta(timing: Timing) -> CanBitTiming {
    let mut given = CanBitTiming::new(0);
    given.tq = timing.quantum_ns;
    given.prop_seg = timing.propagation;
    given.phase_seg1 = timing.phase1;
    given.phase_seg2 = timing.phase2;
    given.sjw = timing.jump;
    given
}

/// The CAN interface that a message describes, if it is one.
fn link(message: &LinkMessage) -> Option<Link> {
    if message.header.link_layer_type != LinkLayerType::Can {
        return None;
    }
    let mut link = Link {
        name: String::new(),
        up: message.header.flags.contains(LinkFlags::Up),
        kind: None,
        fd: false,
        controller: None,
        counters: Counters::default(),
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::Mtu(mtu) => link.fd = *mtu >= FD_SIZE,
            LinkAttribute::Stats64(stats) => link.counters = counters(stats),
            LinkAttribute::LinkInfo(infos) => {
                for info in infos {
                    match info {
                        LinkInfo::Kind(kind) => link.kind = Some(kind.to_string()),
                        LinkInfo::Data(InfoData::Can(list)) => {
                            link.controller = Some(controller(list));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Some(link)
}

fn counters(stats: &Stats64) -> Counters {
    Counters {
        received: stats.rx_packets,
        sent: stats.tx_packets,
        receive_errors: stats.rx_errors,
        send_errors: stats.tx_errors,
        receive_dropped: stats.rx_dropped,
        send_dropped: stats.tx_dropped,
        overruns: stats.rx_over_errors,
    }
}

fn controller(list: &[InfoCan]) -> Controller {
    let mut controller = Controller::default();
    for one in list {
        match one {
            InfoCan::State(state) => controller.state = state_of(*state),
            InfoCan::Clock(clock) => controller.clock = clock.freq,
            InfoCan::BitTiming(timing) => controller.timing = timing_of(timing),
            InfoCan::DataBitTiming(timing) => controller.data_timing = timing_of(timing),
            InfoCan::CtrlMode(mode) => controller.modes = Modes(mode.flags.bits()),
            InfoCan::RestartMs(restart) => controller.restart_ms = *restart,
            InfoCan::BerrCounter(counters) => {
                controller.error_counters = Some((counters.txerr, counters.rxerr));
            }
            InfoCan::Termination(ohms) => controller.termination = Some(*ohms),
            InfoCan::Tdc(list) => controller.delay_compensation = Some(delay_compensation(list)),
            InfoCan::Other(other) if other.kind() == IFLA_CAN_TERMINATION_CONST => {
                controller.terminations = numbers_in(other);
            }
            _ => {}
        }
    }
    controller
}

fn delay_compensation(list: &[CanTdc]) -> DelayCompensation {
    let mut found = DelayCompensation::default();
    for one in list {
        match one {
            CanTdc::Tdcv(value) => found.value = Some(*value),
            CanTdc::Tdco(offset) => found.offset = Some(*offset),
            CanTdc::Tdcf(filter) => found.filter = Some(*filter),
            CanTdc::TdcvMax(value) => found.max[0] = Some(*value),
            CanTdc::TdcoMax(offset) => found.max[1] = Some(*offset),
            CanTdc::TdcfMax(filter) => found.max[2] = Some(*filter),
            _ => {}
        }
    }
    found
}

/// An attribute that is a list of 16-bit numbers.
fn numbers_in(attribute: &DefaultNla) -> Vec<u16> {
    let mut bytes = vec![0; attribute.value_len()];
    attribute.emit_value(&mut bytes);
    let pairs = bytes.chunks_exact(2);
    pairs
        .map(|pair| u16::from_ne_bytes([pair[0], pair[1]]))
        .collect()
}

/// The numbers of `enum can_state`.
fn state_of(number: u32) -> Option<ControllerState> {
    const STATES: [ControllerState; 6] = [
        ControllerState::Active,
        ControllerState::Warning,
        ControllerState::Passive,
        ControllerState::BusOff,
        ControllerState::Stopped,
        ControllerState::Sleeping,
    ];
    STATES.get(number as usize).copied()
}

/// Zeros mean that none was set.
fn timing_of(timing: &CanBitTiming) -> Option<Timing> {
    (timing.bitrate != 0).then_some(Timing {
        bitrate: timing.bitrate,
        sample_point: timing.sample_point,
        quantum_ns: timing.tq,
        propagation: timing.prop_seg,
        phase1: timing.phase_seg1,
        phase2: timing.phase_seg2,
        jump: timing.sjw,
        prescaler: timing.brp,
    })
}

fn order(message: RouteNetlinkMessage, flags: u16, what: &str) -> Result<()> {
    match ask(message, NLM_F_ACK | flags) {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(what, error)),
    }
}

/// What an error means for whoever wanted this.
fn failed(what: &str, error: io::Error) -> Error {
    let advice = match error.raw_os_error() {
        Some(libc::EPERM) => " (it needs the capability CAP_NET_ADMIN, as an administrator has it)",
        Some(libc::EOPNOTSUPP) => " (the driver cannot do that)",
        Some(libc::EINVAL | libc::ERANGE | libc::EDOM) => {
            " (the driver does not take these values)"
        }
        Some(libc::EEXIST) => " (the name is taken)",
        _ => "",
    };
    let message = format!("cannot {what}: {error}{advice}");
    Error::new(ErrorKind::OperationFailed, message).with_source(error)
}

/// Sends a request and takes the answers, up to the last one or the acknowledgement.
fn ask(message: RouteNetlinkMessage, flags: u16) -> io::Result<Vec<RouteNetlinkMessage>> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    let mut request = NetlinkMessage::from(message);
    request.header.flags = NLM_F_REQUEST | flags;
    request.header.sequence_number = 1;
    request.finalize();
    let mut bytes = vec![0; request.buffer_len()];
    request.serialize(&mut bytes);
    socket.send(&bytes, 0)?;
    let mut answers = Vec::new();
    loop {
        let (bytes, _) = socket.recv_from_full()?;
        if !read(&bytes, &mut answers)? {
            return Ok(answers);
        }
    }
}

/// Reads a datagram of answers; false behind the last one.
fn read(mut bytes: &[u8], answers: &mut Vec<RouteNetlinkMessage>) -> io::Result<bool> {
    let malformed = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    while !bytes.is_empty() {
        let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(bytes);
        let answer = answer.map_err(malformed)?;
        match answer.payload {
            NetlinkPayload::Done(_) => return Ok(false),
            NetlinkPayload::Error(error) if error.code.is_none() => return Ok(false),
            NetlinkPayload::Error(error) => return Err(error.to_io()),
            NetlinkPayload::InnerMessage(message) => answers.push(message),
            _ => {}
        }
        // Messages begin at multiples of four bytes.
        let len = (answer.header.length as usize).next_multiple_of(4).max(16);
        bytes = bytes.get(len..).unwrap_or_default();
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::Mode;
    use super::*;

    #[test]
    fn a_setup_is_told_to_the_kernel_with_its_modes_first() {
        let setup = Setup {
            sample_point: Some(800),
            restart_ms: Some(100),
            ..Setup::bitrate(500_000)
                .with_data_bitrate(2_000_000)
                .with(Mode::ListenOnly, false)
        };
        let list = attributes(&setup);
        let InfoCan::CtrlMode(mode) = &list[0] else {
            panic!("{list:?}");
        };
        assert_eq!((mode.mask.bits(), mode.flags.bits()), (0x22, 0x20));
        let InfoCan::BitTiming(timing) = &list[1] else {
            panic!("{list:?}");
        };
        assert_eq!((timing.bitrate, timing.sample_point), (500_000, 800));
        assert!(matches!(&list[2], InfoCan::DataBitTiming(timing) if timing.bitrate == 2_000_000));
        assert_eq!(list[3], InfoCan::RestartMs(100));
    }

    #[test]
    fn quanta_stand_in_place_of_a_bit_rate() {
        let timing = Timing {
            quantum_ns: 125,
            propagation: 6,
            phase1: 7,
            phase2: 2,
            jump: 1,
            ..Timing::default()
        };
        let setup = Setup {
            timing: Some(timing),
            ..Setup::bitrate(1)
        };
        let [InfoCan::BitTiming(given)] = &attributes(&setup)[..] else {
            panic!("one attribute");
        };
        assert_eq!(
            (given.bitrate, given.tq, given.prop_seg, given.sjw),
            (0, 125, 6, 1)
        );
    }

    #[test]
    fn resistors_and_the_compensation_of_the_delay_are_read() {
        let choices = [0_u16, 120].map(u16::to_ne_bytes).concat();
        let list = [
            InfoCan::Termination(120),
            InfoCan::Other(DefaultNla::new(IFLA_CAN_TERMINATION_CONST, choices)),
            InfoCan::Tdc(vec![
                CanTdc::TdcoMax(127),
                CanTdc::Tdcv(11),
                CanTdc::Tdco(28),
                CanTdc::TdcoMin(0),
            ]),
        ];
        let controller = controller(&list);
        assert_eq!(controller.termination, Some(120));
        assert_eq!(controller.terminations, [0, 120]);
        let expected = DelayCompensation {
            value: Some(11),
            offset: Some(28),
            filter: None,
            max: [None, Some(127), None],
        };
        assert_eq!(controller.delay_compensation, Some(expected));
    }

    #[test]
    fn the_machines_interfaces_can_be_asked_for() {
        // None of CAN on most machines, but the kernel answers.
        let links = list().expect("everybody may look");
        assert!(links.iter().all(|link| !link.name.is_empty()));
    }

    #[test]
    fn what_is_refused_names_the_capability() {
        let error = failed("set can0 up", io::Error::from_raw_os_error(libc::EPERM));
        assert!(error.to_string().contains("CAP_NET_ADMIN"), "{error}");
    }
}
