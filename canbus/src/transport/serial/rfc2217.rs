//! A serial port of another machine, by telnet with the option COM-PORT: `rfc2217://`.

mod telnet;

use super::address::{Place, RemoteOptions};
use super::tcp::Tcp;
use super::{Read, Settings, Way};
use crate::deadline::Deadline;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::transport::wake::Waited;
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use telnet::{Said, Telnet};

/// How long to wait before looking again whether the server takes bytes.
const RETRY: Duration = Duration::from_millis(5);

/// A connection to a server that has a serial port.
#[derive(Debug)]
pub(super) struct Rfc2217 {
    tcp: Tcp,
    incoming: Mutex<Incoming>,
    outgoing: Mutex<Outgoing>,
    /// The server asked to wait with sending.
    suspended: AtomicBool,
}

#[derive(Debug)]
struct Incoming {
    telnet: Telnet,
    raw: Vec<u8>,
    /// Data that found no room in the reader's buffer.
    data: VecDeque<u8>,
}

#[derive(Debug, Default)]
struct Outgoing {
    /// What telnet has to say.
    replies: Vec<u8>,
    /// Whether a byte of 255 went out whose double has not yet: nothing may come between.
    inside_pair: bool,
}

impl Rfc2217 {
    /// Connects, agrees on the option and sets the port.
    pub(super) fn connect(
        place: &Place<'_>,
        options: RemoteOptions,
        settings: &Settings,
    ) -> Result<Rfc2217> {
        let failed = |error: io::Error| {
            let error = Error::from(error).with_kind(ErrorKind::OpenFailed);
            error.context("cannot connect")
        };
        let remote = Rfc2217 {
            tcp: Tcp::connect(place).map_err(failed)?,
            incoming: Mutex::new(Incoming {
                telnet: Telnet::new(),
                raw: vec![0; 4096],
                data: VecDeque::new(),
            }),
            outgoing: Mutex::default(),
            suspended: AtomicBool::new(false),
        };
        let opened = remote.open(options, settings);
        opened.map_err(|error| error.with_kind(ErrorKind::OpenFailed))?;
        Ok(remote)
    }

    fn open(&self, options: RemoteOptions, settings: &Settings) -> Result<()> {
        let deadline = Deadline::after(Some(options.timeout));
        self.say(&telnet::GREETING)?;
        let mut has_port = None;
        while has_port.is_none() {
            let heard = self.hear(deadline, |said| match said {
                Said::ComPort(has) => has_port = Some(has),
                Said::Done { .. } | Said::MaySend(_) => {}
            });
            heard.context("the server does not say whether it has a serial port (RFC 2217)")?;
        }
        if has_port == Some(false) {
            return Err(Error::new(
                ErrorKind::OpenFailed,
                "the server refuses to let a serial port be set (RFC 2217)",
            ));
        }
        self.set(options, settings)?;
        // What came before the port was set is not what the other end meant to say.
        lock(&self.incoming).data.clear();
        Ok(())
    }

    /// Sets the port and waits until the server has said yes to each setting.
    fn set(&self, options: RemoteOptions, settings: &Settings) -> Result<()> {
        let mut open = wanted(settings);
        for (command, value, _) in &open {
            self.say(&telnet::command(*command, value))?;
        }
        if options.ignore_set_control {
            open.retain(|&(command, _, _)| command != telnet::SET_CONTROL);
        }
        let deadline = Deadline::after(Some(options.timeout));
        while let Some((_, _, what)) = open.first() {
            let what = *what;
            let mut refused = None;
            let heard = self.hear(deadline, |said| {
                let Said::Done { command, value } = said else {
                    return;
                };
                if let Some(index) = open.iter().position(|&(open, _, _)| open == command) {
                    let (_, wanted, what) = open.remove(index);
                    // Of several settings under one command the answers come in turn.
                    if value != wanted && command != telnet::SET_CONTROL {
                        refused = Some(what);
                    }
                }
            });
            heard.context(format_args!("the server does not answer to {what}"))?;
            if let Some(what) = refused {
                return Err(Error::new(
                    ErrorKind::OpenFailed,
                    format!("the server does not take {what}"),
                ));
            }
        }
        Ok(())
    }

    /// Says something of telnet's, whole.
    fn say(&self, bytes: &[u8]) -> Result<()> {
        lock(&self.outgoing).replies.extend_from_slice(bytes);
        self.reply().map_err(Error::from)
    }

    /// Sends what telnet has to say, as far as there is room.
    fn reply(&self) -> io::Result<()> {
        lock(&self.outgoing).reply(&self.tcp)
    }

    /// Waits for bytes and takes them apart; data is kept for the reader.
    fn hear(&self, deadline: Deadline, each: impl FnMut(Said)) -> Result<()> {
        match self.fill(deadline.remaining(), each)? {
            Read::Some(_) => Ok(()),
            Read::TimedOut | Read::Woken => {
                Err(Error::new(ErrorKind::Timeout, "no answer in time"))
            }
            Read::Ended => Err(Error::new(ErrorKind::DeviceLost, "it hung up")),
        }
    }

    fn fill(&self, timeout: Option<Duration>, mut each: impl FnMut(Said)) -> io::Result<Read> {
        let mut incoming = lock(&self.incoming);
        let Incoming { telnet, raw, data } = &mut *incoming;
        let read = self.tcp.read(raw, timeout)?;
        if let Read::Some(count) = read {
            let (mut came, mut replies) = (Vec::new(), Vec::new());
            telnet.take(&raw[..count], &mut came, &mut replies, |said| {
                if let Said::MaySend(may) = said {
                    self.suspended.store(!may, Ordering::Release);
                }
                each(said);
            });
            data.extend(came);
            if !replies.is_empty() {
                lock(&self.outgoing).replies.extend(replies);
                self.reply()?;
            }
        }
        Ok(read)
    }
}

type Wanted = (u8, Vec<u8>, &'static str);

/// The settings of a port, in the order in which they are made.
fn wanted(settings: &Settings) -> Vec<Wanted> {
    let (none, rtscts, dtr_on, rts_on) = (1, 3, 8, 11);
    let flow_control = if settings.rtscts { rtscts } else { none };
    let mut wanted: Vec<Wanted> = vec![
        (
            telnet::SET_BAUD_RATE,
            settings.baud_rate.to_be_bytes().to_vec(),
            "the baud rate",
        ),
        (telnet::SET_DATA_SIZE, vec![8], "8 data bits"),
        (telnet::SET_PARITY, vec![1], "no parity"),
        (telnet::SET_STOP_SIZE, vec![1], "1 stop bit"),
        (telnet::SET_CONTROL, vec![flow_control], "flow control"),
        (telnet::SET_CONTROL, vec![dtr_on], "DTR"),
    ];
    if !settings.rtscts {
        wanted.push((telnet::SET_CONTROL, vec![rts_on], "RTS"));
    }
    let both_buffers = 3;
    wanted.push((
        telnet::PURGE_DATA,
        vec![both_buffers],
        "emptying its buffers",
    ));
    wanted
}

impl Outgoing {
    fn reply(&mut self, tcp: &Tcp) -> io::Result<()> {
        while !self.inside_pair && !self.replies.is_empty() {
            match tcp.write(&self.replies) {
                Ok(count) => drop(self.replies.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Way for Rfc2217 {
    fn read(&self, buffer: &mut [u8], timeout: Option<Duration>) -> io::Result<Read> {
        let deadline = Deadline::after(timeout);
        loop {
            let count = take_front(&mut lock(&self.incoming).data, buffer);
            if count > 0 {
                return Ok(Read::Some(count));
            }
            match self.fill(deadline.remaining(), |_| {})? {
                // It may have been nothing but negotiation.
                Read::Some(_) => {}
                end => return Ok(end),
            }
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        if self.suspended.load(Ordering::Acquire) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut outgoing = lock(&self.outgoing);
        outgoing.reply(&self.tcp)?;
        if !outgoing.inside_pair && !outgoing.replies.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = self.tcp.write(bytes)?;
        let pairs = bytes[..count].iter().filter(|&&byte| byte == telnet::IAC);
        outgoing.inside_pair ^= pairs.count() % 2 == 1;
        Ok(count)
    }

    fn wait_for_room(&self, timeout: Option<Duration>) -> io::Result<Waited> {
        if self.suspended.load(Ordering::Acquire) {
            // Rare, and ended by what the reading thread hears.
            std::thread::sleep(timeout.map_or(RETRY, |timeout| timeout.min(RETRY)));
        }
        self.tcp.wait_for_room(timeout)
    }

    fn wake(&self) {
        self.tcp.wake();
    }

    fn escaped(&self, packet: &[u8]) -> Option<Vec<u8>> {
        Some(telnet::escape(packet))
    }
}

fn take_front(data: &mut VecDeque<u8>, buffer: &mut [u8]) -> usize {
    let count = buffer.len().min(data.len());
    for (slot, byte) in buffer.iter_mut().zip(data.drain(..count)) {
        *slot = byte;
    }
    count
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
