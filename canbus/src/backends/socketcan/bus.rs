//! The bus itself: what is opened, what a frame becomes, and what the machine has.

use super::connection::Connection;
use super::filters::in_kernel_form;
use super::{BACKEND, controller, periodic, wire};
use crate::backends::Detected;
use crate::backends::taking::{Source, take};
use crate::driver::{
    Capabilities, Description, Driver, ErrorState, NativeTask, PeriodicSpec, TimestampSource,
};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Filter;
use crate::frame::Frame;
use crate::link::{Link, Mode};
use crate::message::{Channel, Direction, Message, Origin, Timestamp};
use crate::options::{Options, Value};
use crate::transport::can_socket::device::{Device, name_of};
use crate::transport::can_socket::{Batch, FD_SIZE, MAX_BATCH, Packed, Received, Settings};
use std::collections::HashMap;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

/// A device's clock that is nearer to the system's than this, in nanoseconds, is taken as it is.
const SAME_EPOCH: i64 = 50_000_000;

/// A bus over one CAN interface, or over all that there were when it was opened.
pub(super) struct SocketCan {
    description: Description,
    /// The one channel; `None` on a bus over all interfaces.
    channel: Option<Channel>,
    connection: Connection,
    /// Held while frames are moved, never while waiting.
    reader: Mutex<Reader>,
    filters: RwLock<Filters>,
    /// Periodic tasks are the kernel's.
    kernel_periodic: bool,
    malformed: AtomicU64,
}

/// The filters that the kernel applies; none where the bus does it.
#[derive(Default)]
struct Filters {
    list: Vec<Filter>,
    /// Frames may wait that came before these filters.
    settling: AtomicBool,
}

impl Filters {
    /// Whether the frame is one to deliver. The kernel lets error frames pass by all filters.
    fn pass(&self, frame: &Frame) -> bool {
        let sure = !frame.is_error() && !self.settling.load(Ordering::Relaxed);
        sure || Filter::pass(&self.list, frame)
    }
}

struct Reader {
    batch: Batch,
    frames: Interpreter,
}

/// What is needed to make a message of a frame.
struct Interpreter {
    channel: Option<Channel>,
    /// The channels of a bus over all interfaces, by number.
    channels: HashMap<u32, Channel>,
    /// What brings the device's clock to the Unix epoch, in nanoseconds; `None` before the first
    /// frame.
    clock: Option<i64>,
    chosen: Chosen,
}

/// Whose frames are delivered besides those that came over the wire.
#[derive(Clone, Copy)]
struct Chosen {
    /// This bus's own.
    own: bool,
    /// Those of other programs on this machine.
    local: bool,
}

impl Chosen {
    fn take(self, received: &Received<'_>) -> bool {
        if received.own {
            self.own
        } else {
            self.local || !received.local
        }
    }
}

/// Who sent it, as the kernel tells.
fn origin_of(received: &Received<'_>) -> Origin {
    match (received.own, received.local) {
        (true, _) => Origin::Own,
        (false, true) => Origin::Local,
        (false, false) => Origin::Remote,
    }
}

impl SocketCan {
    /// Opens the bus.
    ///
    /// # Errors
    /// `BackendUnavailable` if the kernel has no CAN; `OpenFailed`.
    pub(super) fn open(options: &Options) -> Result<SocketCan> {
        let wanted = options.text("channel").unwrap_or_default().trim();
        let all = wanted.is_empty();
        let devices = if all {
            let mut devices = Device::all().map_err(|error| cannot_look(&error))?;
            devices.retain(|device| device.up);
            devices
        } else {
            controller::prepare(wanted, options)?;
            vec![find(wanted, options.flag("fd"))?]
        };
        let hardware_time = !all && devices.iter().all(Device::has_clock);
        let settings = Settings {
            index: if all { 0 } else { devices[0].index },
            own_messages: options.flag("receive_own_messages"),
            local_loopback: options.flag("local_loopback"),
            fd: options.flag("fd"),
            error_frames: !options.flag("ignore_rx_error_frames"),
            receive_buffer: options.count("receive_buffer").unwrap_or_default(),
            hardware_time,
            changes_of: wire::ids(options.text("changes_of").unwrap_or_default())?,
        };
        let chosen = Chosen {
            own: settings.own_messages,
            local: !options.flag("ignore_local_frames"),
        };
        let name = (!all).then(|| wanted.to_string());
        let connection = Connection::open(name, settings, options.flag("reconnect"))
            .map_err(|error| error.context(format!("socketcan: cannot open {}", shown(wanted))))?;
        let description = describe(wanted, &devices, &connection, options, hardware_time);
        let channel = (!all).then(|| Channel::named(wanted));
        Ok(SocketCan {
            description,
            channel,
            connection,
            reader: Mutex::new(Reader {
                batch: Batch::new(),
                frames: Interpreter {
                    channel,
                    channels: HashMap::new(),
                    clock: None,
                    chosen,
                },
            }),
            filters: RwLock::default(),
            kernel_periodic: options.flag("kernel_periodic") && options.flag("local_loopback"),
            malformed: AtomicU64::new(0),
        })
    }

    /// The number of the interface to send by; `None` where the socket has one only.
    fn index_of(&self, to: Option<Channel>) -> Result<Option<u32>> {
        if self.channel.is_some() {
            return Ok(None);
        }
        let to = to.or_else(|| self.description.channels.first().copied());
        let name = to.and_then(Channel::name).ok_or_else(|| {
            Error::invalid("socketcan: there was no CAN interface when the bus was opened")
        })?;
        let found = Device::find(name).map_err(|error| cannot_look(&error))?;
        let gone = || {
            Error::new(
                ErrorKind::DeviceLost,
                format!("socketcan: {name} was removed"),
            )
        };
        Ok(Some(found.ok_or_else(gone)?.index))
    }

    fn message(&self, received: &Received<'_>, frames: &mut Interpreter) -> Option<Message> {
        let message = frames.message(received);
        message.map_err(|error| self.count_malformed(&error)).ok()
    }

    /// What cannot be understood must not stop whoever reads the rest. So it counts as lost.
    fn count_malformed(&self, error: &Error) {
        if self.malformed.fetch_add(1, Ordering::Relaxed) == 0 {
            log::warn!(
                "{}: passed over a frame: {error} (counted as dropped, as will be others without \
                 another warning)",
                self.description.summary
            );
        }
    }
}

/// The interface of this name, if it can be opened.
fn find(name: &str, fd: bool) -> Result<Device> {
    let refused = |why: String| Err(Error::new(ErrorKind::OpenFailed, why));
    let found = Device::find(name).map_err(|error| cannot_look(&error))?;
    let Some(device) = found else {
        let all = Device::all().unwrap_or_default();
        let names: Vec<&str> = all.iter().map(|device| device.name.as_str()).collect();
        let known = match &names[..] {
            [] => "there is none".into(),
            names => format!("there are {}", names.join(", ")),
        };
        return refused(format!(
            "socketcan: no CAN interface is named {name}; {known}"
        ));
    };
    if !device.up {
        return refused(format!(
            "socketcan: {name} is down; an administrator sets it up: ip link set {name} up (a \
             controller needs its bit rate first)"
        ));
    }
    if fd && device.mtu < FD_SIZE {
        return refused(format!(
            "socketcan: {name} is set up for classic CAN only, but option fd is true; CAN FD is \
             switched on with ip link set {name} type can … fd on, on a virtual interface with ip \
             link set {name} mtu {FD_SIZE}"
        ));
    }
    Ok(device)
}

/// The kernel's word on its CAN interfaces, which is that it has none of this kind.
fn cannot_look(error: &io::Error) -> Error {
    let missing = matches!(
        error.raw_os_error(),
        Some(libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT)
    );
    let (kind, why) = if missing {
        let why = "this kernel has no CAN (its modules are can, can_raw and the adapter's)";
        (ErrorKind::BackendUnavailable, why)
    } else {
        (ErrorKind::OpenFailed, "cannot look for CAN interfaces")
    };
    Error::new(kind, format!("socketcan: {why}: {error}"))
}

fn shown(channel: &str) -> &str {
    if channel.is_empty() {
        "all interfaces"
    } else {
        channel
    }
}

fn describe(
    channel: &str,
    devices: &[Device],
    connection: &Connection,
    options: &Options,
    hardware_time: bool,
) -> Description {
    let links: Vec<Option<Link>> = devices
        .iter()
        .map(|device| controller::look(&device.name))
        .collect();
    let all = |is: &dyn Fn(&Link) -> bool| {
        let is = |link: &Option<Link>| link.as_ref().is_some_and(is);
        !links.is_empty() && links.iter().all(is)
    };
    // A controller would take an error frame for a frame to be sent, and most do not know of
    // DLCs over 8.
    let all_virtual = all(&controller::is_virtual);
    let raw_dlc =
        all(&|link| controller::is_virtual(link) || controller::is_in(link, Mode::RawDlc));
    let hears_only = all(&|link| controller::is_in(link, Mode::ListenOnly));
    let channels: Vec<Channel> = devices
        .iter()
        .map(|device| Channel::named(&device.name))
        .collect();
    Description {
        backend: BACKEND.name,
        channels,
        summary: format!("SocketCAN {}", shown(channel)),
        capabilities: Capabilities {
            fd: options.flag("fd"),
            esi: true,
            remote: true,
            send_error: all_virtual && !options.flag("ignore_rx_error_frames"),
            raw_dlc,
            own_messages: true,
            counts_dropped: connection.counts_dropped(),
            ordered: true,
        },
        timestamps: if hardware_time {
            TimestampSource::Hardware
        } else {
            TimestampSource::Kernel
        },
        // The kernel drops in silence what a controller that only listens is to send.
        listen_only: options.flag("listen_only") || hears_only,
    }
}

impl Interpreter {
    fn message(&mut self, received: &Received<'_>) -> Result<Message> {
        Ok(Message {
            frame: wire::unpack(received.bytes)?,
            timestamp: self.time(received),
            channel: self.channel_of(received.index),
            // Frames of other programs on this machine are received ones.
            direction: if received.own {
                Direction::Tx
            } else {
                Direction::Rx
            },
        })
    }

    /// The device's time if there is one, brought to the Unix epoch.
    fn time(&mut self, received: &Received<'_>) -> Timestamp {
        let Some(hardware) = received.hardware_time else {
            return received.time;
        };
        let offset = *self.clock.get_or_insert_with(|| {
            let offset = received.time.nanos_since(hardware);
            if offset.abs() < SAME_EPOCH { 0 } else { offset }
        });
        hardware.plus_nanos(offset)
    }

    fn channel_of(&mut self, index: u32) -> Option<Channel> {
        if self.channel.is_some() {
            return self.channel;
        }
        if let Some(&channel) = self.channels.get(&index) {
            return Some(channel);
        }
        let channel = Channel::named(&name_of(index)?);
        self.channels.insert(index, channel);
        Some(channel)
    }
}

impl Source for SocketCan {
    type Item = (Message, Origin);

    fn ended(&self) -> Option<Error> {
        self.connection.ended()
    }

    fn take_waiting(&self, max: usize, each: &mut dyn FnMut(Option<Self::Item>)) -> Result<usize> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let Reader { batch, frames } = &mut *reader;
        // Held so that they do not change between what is received and what is said of it.
        let filters = self.filters.read().unwrap_or_else(PoisonError::into_inner);
        let received = self.connection.receive(batch, max)?;
        for frame in batch.frames() {
            let chosen = frames.chosen.take(&frame);
            let message = chosen.then(|| self.message(&frame, frames)).flatten();
            let passed = message.filter(|message| filters.pass(&message.frame));
            each(passed.map(|message| (message, origin_of(&frame))));
        }
        if received == 0 && max > 0 {
            filters.settling.store(false, Ordering::Relaxed);
        }
        Ok(received)
    }

    fn wait(&self, timeout: Option<Duration>) -> Result<bool> {
        self.connection.wait(timeout)
    }
}

impl Driver for SocketCan {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, timeout: Option<Duration>) -> Result<Option<Message>> {
        let received = self.recv_with_origin(timeout)?;
        Ok(received.map(|(message, _)| message))
    }

    fn recv_with_origin(&self, timeout: Option<Duration>) -> Result<Option<(Message, Origin)>> {
        let mut received = None;
        take(self, 1, timeout, |taken| received = Some(taken))?;
        Ok(received)
    }

    fn recv_batch(
        &self,
        out: &mut Vec<Message>,
        max: usize,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        out.reserve(max.min(MAX_BATCH));
        take(self, max, timeout, |(message, _)| out.push(message))
    }

    fn send(&self, frame: &Frame, to: Option<Channel>, timeout: Option<Duration>) -> Result<()> {
        let index = self.index_of(to)?;
        self.connection.send(&[wire::pack(frame)], index, timeout)?;
        Ok(())
    }

    fn send_batch(
        &self,
        frames: &[Frame],
        to: Option<Channel>,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        let index = self.index_of(to)?;
        let deadline = crate::deadline::Deadline::after(timeout);
        let mut sent = 0;
        for batch in frames.chunks(MAX_BATCH) {
            let packed: Vec<Packed> = batch.iter().map(wire::pack).collect();
            let mut rest = &packed[..];
            while !rest.is_empty() {
                match self.connection.send(rest, index, deadline.remaining()) {
                    Ok(taken) => (sent, rest) = (sent + taken, &rest[taken..]),
                    // What was taken counts; the error comes again with the next call.
                    Err(_) if sent > 0 => return Ok(sent),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(sent)
    }

    fn close(&self) -> Result<()> {
        self.connection.close()
    }

    fn set_filters(&self, filters: &[Filter]) -> Result<bool> {
        let mut current = self.filters.write().unwrap_or_else(PoisonError::into_inner);
        let taken = self.connection.set_filters(in_kernel_form(filters))?;
        *current = Filters {
            list: if taken { filters.to_vec() } else { Vec::new() },
            settling: AtomicBool::new(true),
        };
        Ok(taken)
    }

    /// The kernel's own scheduler always lets other programs hear.
    fn send_periodic(&self, task: &PeriodicSpec) -> Result<Option<Box<dyn NativeTask>>> {
        if !self.kernel_periodic {
            return Ok(None);
        }
        let to = task
            .to
            .or(self.channel)
            .or(self.description.channels.first().copied());
        let name = to.and_then(Channel::name).unwrap_or_default();
        match Device::find(name).map_err(|error| cannot_look(&error))? {
            Some(device) => periodic::prepare(task, device.index),
            None => Err(Error::new(
                ErrorKind::DeviceLost,
                format!("socketcan: {name} was removed"),
            )),
        }
    }

    /// What the kernel had no room for, and what could not be understood.
    fn dropped(&self) -> u64 {
        self.connection.dropped() + self.malformed.load(Ordering::Relaxed)
    }

    fn error_state(&self) -> Result<ErrorState> {
        match self.channel.and_then(Channel::name) {
            Some(name) => controller::error_state(name),
            None => Err(self
                .description
                .cannot("tell one error state of several interfaces")),
        }
    }

    fn readiness(&self) -> Option<BorrowedFd<'_>> {
        Some(self.connection.readiness())
    }
}

/// The CAN interfaces of this machine; none where the kernel has no CAN.
pub(super) fn detect() -> Result<Vec<Detected>> {
    let devices = match Device::all() {
        Ok(devices) => devices,
        Err(error) => {
            let error = cannot_look(&error);
            return match error.kind() {
                ErrorKind::BackendUnavailable => Ok(Vec::new()),
                _ => Err(error),
            };
        }
    };
    let found = devices.into_iter().map(|device| Detected {
        interface: BACKEND.name,
        state: Some(controller::state(&device)),
        options: vec![("channel".into(), Value::from(device.name))],
    });
    Ok(found.collect())
}
