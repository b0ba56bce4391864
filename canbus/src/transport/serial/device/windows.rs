//! A serial port of Windows, whose waits cannot be ended from outside: they are cut into slices.

use super::super::{Read, Settings, Way};
use crate::deadline::Deadline;
use crate::transport::wake::Waited;
use serial2::SerialPort;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How late a wait may notice that it was woken. Bytes that come end it at once.
const SLICE: Duration = Duration::from_millis(50);

/// The system opens no port twice.
#[derive(Debug)]
pub(in crate::transport::serial) struct Device {
    port: SerialPort,
    woken: AtomicBool,
}

impl Device {
    pub(in crate::transport::serial) fn open(
        path: &str,
        settings: &Settings,
    ) -> io::Result<Device> {
        // The prefix that ports from COM10 on need is put there below in any case.
        let name = path.strip_prefix(r"\\.\").unwrap_or(path);
        let (mut port, _) = super::open(name, settings)?;
        port.set_read_timeout(SLICE)?;
        port.set_write_timeout(SLICE)?;
        Ok(Device {
            port,
            woken: AtomicBool::new(false),
        })
    }

    fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }
}

impl Way for Device {
    fn read(&self, buffer: &mut [u8], timeout: Option<Duration>) -> io::Result<Read> {
        let deadline = Deadline::after(timeout);
        while !self.is_woken() {
            match self.port.read(buffer) {
                Ok(0) => return Ok(Read::Ended),
                Ok(count) => return Ok(Read::Some(count)),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
                Err(error) => return Err(error),
            }
            if deadline.is_over() {
                return Ok(Read::TimedOut);
            }
        }
        Ok(Read::Woken)
    }

    /// Waits for one slice where there is no room.
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.port.write(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => io::ErrorKind::WouldBlock.into(),
            _ => error,
        })
    }

    /// Writing waits itself.
    fn wait_for_room(&self, _timeout: Option<Duration>) -> io::Result<Waited> {
        Ok(if self.is_woken() {
            Waited::Woken
        } else {
            Waited::Ready
        })
    }

    fn wake(&self) {
        self.woken.store(true, Ordering::Release);
    }
}
