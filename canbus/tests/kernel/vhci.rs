//! A USB device that this process plays, plugged into the kernel (`vhci`): transfers come and go
//! over a socket, in the form of USB/IP (`Documentation/usb/usbip_protocol.rst`).

use crate::candlelight::{CandleLight, IN, Setup};
use canbus::link;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, thread};

const ATTACH: &str = "/sys/devices/platform/vhci_hcd.0/attach";

/// What the kernel names the interfaces of the adapter's two channels.
const NAMES: [&str; 2] = ["can0", "can1"];

/// How long the kernel may take to find a device, or to let go of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the kernel may be told of a transfer.
const SUBMITTED: u32 = 3;
const UNLINKED: u32 = 4;
/// Refused (`EPIPE`), and given up (`ECONNRESET`).
const STALL: i32 = -32;
const GIVEN_UP: i32 = -104;

/// A candleLight that is plugged in as `can0` and `can1`; pulled out when dropped.
pub(crate) struct Plugged {
    shared: Arc<Shared>,
}

struct Shared {
    socket: UnixStream,
    state: Mutex<State>,
}

struct State {
    adapter: CandleLight,
    /// Transfers from the device that wait for something: their numbers and lengths.
    pending: VecDeque<(u32, usize)>,
}

impl Plugged {
    /// Plugs it in, and waits until the kernel has made its two interfaces.
    pub(crate) fn new() -> Plugged {
        assert!(
            fs::exists(ATTACH).unwrap_or(false),
            "this kernel has no place for emulated USB devices"
        );
        let (kernel, ours) = UnixStream::pair().expect("two ends");
        let shared = Arc::new(Shared {
            socket: ours,
            state: Mutex::new(State {
                adapter: CandleLight::new(),
                pending: VecDeque::new(),
            }),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || serving.serve());
        // Port, descriptor, number of the device on bus 1, speed: 2 is full speed.
        let line = format!("0 {} {} 2", kernel.as_raw_fd(), 0x1_0002);
        fs::write(ATTACH, line).expect("the port is free");
        wait_until("can0 and can1 do not come", || {
            NAMES.iter().all(|name| link::find(name).is_ok())
        });
        Plugged { shared }
    }

    /// Does something to the device, and lets it say what comes of that.
    pub(crate) fn with(&self, act: impl FnOnce(&mut CandleLight)) {
        let mut state = self.shared.state();
        act(&mut state.adapter);
        self.shared.hand_over(&mut state).expect("it is plugged in");
    }
}

impl Drop for Plugged {
    fn drop(&mut self) {
        let _ = self.shared.socket.shutdown(std::net::Shutdown::Both);
        // The port is free again for the next one; a test that failed has said why already.
        if !thread::panicking() {
            // One goes after the other: who sees one only may take an old one for a new one.
            wait_until("can0 and can1 do not go", || {
                NAMES.iter().all(|name| link::find(name).is_err())
            });
            wait_until("the port stays taken", || port_is_free() == Some(true));
        }
    }
}

/// The state of port 0: a line of `hub port sta …`, where 004 is free.
fn port_is_free() -> Option<bool> {
    let status = fs::read_to_string(ATTACH.replace("attach", "status")).ok()?;
    let line = status.lines().find(|line| line.contains(" 0000 "))?;
    line.split_whitespace().nth(2).map(|state| state == "004")
}

fn wait_until(otherwise: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{otherwise}");
        thread::sleep(Duration::from_millis(10));
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends with the connection.
    fn serve(&self) {
        while self.take_one().is_ok() {}
    }

    fn take_one(&self) -> io::Result<()> {
        let mut header = [0; 48];
        (&self.socket).read_exact(&mut header)?;
        let word = |at: usize| {
            let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
            u32::from_be_bytes(bytes)
        };
        let (command, number, from_device, endpoint) = (word(0), word(4), word(12) == 1, word(16));
        let mut state = self.state();
        if command == 2 {
            let wanted = word(20);
            let before = state.pending.len();
            state.pending.retain(|(number, _)| *number != wanted);
            let status = if state.pending.len() < before {
                GIVEN_UP
            } else {
                0
            };
            return self.answer(UNLINKED, number, status, 0, &[]);
        }
        let length = word(24) as usize;
        let mut data = Vec::new();
        if !from_device {
            data.resize(length, 0);
            (&self.socket).read_exact(&mut data)?;
        }
        if endpoint == 0 {
            return self.control(
                &mut state,
                number,
                &header[40..],
                from_device,
                length,
                &data,
            );
        }
        if from_device {
            assert_eq!(endpoint, u32::from(IN & 0x7F));
            state.pending.push_back((number, length));
        } else {
            state.adapter.bulk_out(&data);
            self.answer(SUBMITTED, number, 0, length, &[])?;
        }
        self.hand_over(&mut state)
    }

    fn control(
        &self,
        state: &mut State,
        number: u32,
        setup: &[u8],
        from_device: bool,
        length: usize,
        data: &[u8],
    ) -> io::Result<()> {
        let half = |at: usize| u16::from_le_bytes([setup[at], setup[at + 1]]);
        let setup = Setup {
            request_type: setup[0],
            request: setup[1],
            value: half(2),
            length: half(6),
        };
        match state.adapter.control(setup, data) {
            None => self.answer(SUBMITTED, number, STALL, 0, &[]),
            Some(answer) if from_device => {
                let cut = answer.len().min(length).min(usize::from(setup.length));
                self.answer(SUBMITTED, number, 0, cut, &answer[..cut])
            }
            Some(_) => self.answer(SUBMITTED, number, 0, data.len(), &[]),
        }?;
        self.hand_over(state)
    }

    /// Answers the waiting transfers with what the device has.
    fn hand_over(&self, state: &mut State) -> io::Result<()> {
        while let Some(&(number, length)) = state.pending.front() {
            let Some(bytes) = state.adapter.bulk_in(length) else {
                break;
            };
            state.pending.pop_front();
            self.answer(SUBMITTED, number, 0, bytes.len(), &bytes)?;
        }
        Ok(())
    }

    fn answer(
        &self,
        kind: u32,
        number: u32,
        status: i32,
        length: usize,
        data: &[u8],
    ) -> io::Result<()> {
        let mut bytes: Vec<u8> = [kind, number, 0, 0, 0]
            .iter()
            .flat_map(|word| word.to_be_bytes())
            .collect();
        bytes.extend(status.to_be_bytes());
        bytes.extend((length as u32).to_be_bytes());
        bytes.resize(48, 0);
        bytes.extend(data);
        (&self.socket).write_all(&bytes)
    }
}
