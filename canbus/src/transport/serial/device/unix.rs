//! A serial port of POSIX: a file that is waited for by `poll`.
#![expect(unsafe_code, reason = "asking how much waits to be sent is an ioctl")]

use super::super::tcp::read_when_ready;
use super::super::{Read, Settings, Way};
use super::ModemLines;
use crate::deadline::Deadline;
use crate::transport::wake::{Until, Waited, Wake};
use serial2::SerialPort;
use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

/// How long closing waits until what was written has gone out.
const DRAIN: Duration = Duration::from_millis(500);

/// An open serial port, locked for this program.
#[derive(Debug)]
pub(in crate::transport::serial) struct Device {
    port: SerialPort,
    /// The same port, read and written without waiting.
    file: File,
    modem_lines: ModemLines,
    wake: Wake,
}

impl Device {
    pub(in crate::transport::serial) fn open(
        path: &str,
        settings: &Settings,
    ) -> io::Result<Device> {
        let (port, modem_lines) = super::open(path, settings)?;
        let file = File::from(port.as_fd().try_clone_to_owned()?);
        lock(&file)?;
        Ok(Device {
            port,
            file,
            modem_lines,
            wake: Wake::new()?,
        })
    }

    /// Bytes that have not gone out yet, as far as the system knows.
    fn waiting_to_go_out(&self) -> libc::c_int {
        let mut count: libc::c_int = 0;
        // SAFETY: the descriptor is open, and TIOCOUTQ writes one int, which lives long enough.
        let done = unsafe { libc::ioctl(self.file.as_raw_fd(), libc::TIOCOUTQ, &raw mut count) };
        if done == 0 { count } else { 0 }
    }
}

/// Two programs on one port would take each other's bytes. The lock ends with the file.
fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "another program, or another bus of this one, has it open",
        )),
        // Not everything that is read as a port can be locked.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

impl Way for Device {
    fn read(&self, buffer: &mut [u8], timeout: Option<Duration>) -> io::Result<Read> {
        read_when_ready(&self.wake, &self.file, buffer, timeout)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        (&self.file).write(bytes)
    }

    fn wait_for_room(&self, timeout: Option<Duration>) -> io::Result<Waited> {
        self.wake.wait(&self.file, Until::Writable, timeout)
    }

    fn wake(&self) {
        self.wake.wake();
    }
}

impl Drop for Device {
    /// The system waits at closing until everything has gone out, for half a minute where the other
    /// end takes nothing; so what has not gone out in a while is thrown away. A pseudo-terminal
    /// does not wait, and keeps what was written for its other end.
    fn drop(&mut self) {
        if !self.modem_lines.0 {
            return;
        }
        let deadline = Deadline::after(Some(DRAIN));
        while self.waiting_to_go_out() > 0 {
            if deadline.is_over() {
                // It is closed all the same.
                let _ = self.port.discard_output_buffer();
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
