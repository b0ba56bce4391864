//! `canbus.read_columns`: a log as columns, which pandas, polars, pyarrow and `DuckDB` take by
//! Arrow's `PyCapsule` interface without a copy.

#[expect(unsafe_code, reason = "the structures of a C interface")]
mod ffi;

use crate::errors::OrRaise;
use crate::io::{open_by_name, options};
use crate::logging;
use canbus::formats::LogReader;
use canbus::{Direction, ErrorKind, Kind, Message, Value};
use ffi::{ArrowArray, ArrowArrayStream, ArrowSchema, Buffer, Pieces};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use std::ffi::CStr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How many rows come in one piece.
const ROWS: usize = 1 << 16;

/// How many damaged places are logged one by one.
const SHOWN: u64 = 10;

/// The columns: name, type in Arrow's letters, whether values may be missing.
const COLUMNS: [(&CStr, &CStr, bool); 12] = [
    (c"timestamp", c"tsn:UTC", false),
    (c"arbitration_id", c"I", false),
    (c"is_extended_id", c"b", false),
    (c"is_remote_frame", c"b", false),
    (c"is_error_frame", c"b", false),
    (c"channel", c"u", true),
    (c"dlc", c"C", false),
    (c"data", c"z", false),
    (c"is_fd", c"b", false),
    (c"is_rx", c"b", false),
    (c"bitrate_switch", c"b", false),
    (c"error_state_indicator", c"b", false),
];

/// The columns of a log file, of the names and meaning of a message's attributes; the time is one
/// of UTC in nanoseconds. `options` are those of the format's reader.
///
/// What comes back has `__arrow_c_stream__`, which reads the file as it is consumed: give it to
/// `pyarrow.table`, `polars.DataFrame`, or to a query of `DuckDB`. Whoever consumes it hears of a
/// damaged place as an error; with `on_error="skip"` all that is intact comes, what does not is
/// logged, and `skipped` counts it.
#[pyfunction]
#[pyo3(signature = (path, *, on_error="raise", **options))]
pub(crate) fn read_columns(
    py: Python<'_>,
    path: PathBuf,
    on_error: &str,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Columns> {
    let skip = match on_error {
        "raise" => false,
        "skip" => true,
        other => {
            let why = format!("on_error is {other:?}, but expected \"raise\" or \"skip\"");
            return Err(PyValueError::new_err(why));
        }
    };
    let options = options.map(self::options).transpose()?.unwrap_or_default();
    // What is wrong with the file or the options is told at once.
    let first = py
        .detach(|| open_by_name(&path, options.clone()))
        .or_raise(py)?;
    Ok(Columns {
        path,
        options,
        first: Mutex::new(Some(first)),
        skip,
        skipped: Arc::default(),
    })
}

/// The columns of a log file.
#[pyclass(frozen, module = "canbus")]
pub(crate) struct Columns {
    path: PathBuf,
    options: Vec<(String, Value)>,
    /// Opened already, for the first who asks.
    first: Mutex<Option<LogReader>>,
    /// Whether to go on behind damage.
    skip: bool,
    skipped: Arc<AtomicU64>,
}

#[pymethods]
impl Columns {
    /// A stream of the rows, from the first on.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // Whoever wants other types converts what comes, as the interface says.
        let _ = requested_schema;
        let first = self
            .first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let log = match first {
            Some(log) => log,
            None => py
                .detach(|| open_by_name(&self.path, self.options.clone()))
                .or_raise(py)?,
        };
        let skipped = Arc::clone(&self.skipped);
        skipped.store(0, Ordering::Relaxed);
        let stream = ArrowArrayStream::new(Log {
            log,
            skipped: self.skip.then_some(skipped),
        });
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }

    /// How many places of the log could not be read, as far as it was consumed; they are passed over
    /// with `on_error="skip"`.
    #[getter]
    fn skipped(&self, py: Python<'_>) -> u64 {
        logging::deliver(py);
        self.skipped.load(Ordering::Relaxed)
    }

    /// The types of the columns.
    #[expect(clippy::unused_self, reason = "they are the same for every log")]
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        PyCapsule::new_with_value(py, schema(), c"arrow_schema")
    }
}

fn schema() -> ArrowSchema {
    let columns = COLUMNS
        .map(|(name, format, nullable)| ArrowSchema::new(name, format, nullable, Vec::new()));
    ArrowSchema::new(c"", c"+s", false, columns.into())
}

struct Log {
    log: LogReader,
    /// Counts what is passed over; none if the first damage is the end.
    skipped: Option<Arc<AtomicU64>>,
}

impl Log {
    /// The next message; what is to be passed over is.
    #[inline]
    fn message(&mut self) -> Result<Option<Message>, String> {
        loop {
            let error = match self.log.next() {
                None => return Ok(None),
                Some(Ok(message)) => return Ok(Some(message)),
                Some(Err(error)) => error,
            };
            let damage = matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Unsupported);
            match &self.skipped {
                Some(skipped) if damage => match skipped.fetch_add(1, Ordering::Relaxed) {
                    ..SHOWN => log::warn!("passed over: {error}"),
                    SHOWN => log::warn!("passed over: what follows is only counted"),
                    _ => {}
                },
                _ => return Err(error.to_string()),
            }
        }
    }
}

impl Pieces for Log {
    fn schema(&self) -> ArrowSchema {
        schema()
    }

    fn next(&mut self) -> Result<Option<ArrowArray>, String> {
        let mut rows = Rows::default();
        while rows.count < ROWS
            && let Some(message) = self.message()?
        {
            rows.push(&message)?;
        }
        Ok((rows.count > 0).then(|| rows.finish()))
    }
}

/// Bits, eight to a byte, the first one lowest.
#[derive(Default)]
struct Bits(Vec<u8>);

impl Bits {
    #[inline]
    fn push(&mut self, row: usize, bit: bool) {
        if row.is_multiple_of(8) {
            self.0.push(0);
        }
        if let Some(byte) = self.0.last_mut() {
            *byte |= u8::from(bit) << (row % 8);
        }
    }
}

/// Values of different lengths, one behind another, and where each begins.
struct Pieced {
    starts: Vec<i32>,
    bytes: Vec<u8>,
}

impl Default for Pieced {
    fn default() -> Pieced {
        Pieced {
            starts: vec![0],
            bytes: Vec::new(),
        }
    }
}

impl Pieced {
    #[inline]
    fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.bytes.extend_from_slice(bytes);
        let end = i32::try_from(self.bytes.len()).map_err(|_| "too much text in one piece")?;
        self.starts.push(end);
        Ok(())
    }
}

/// Rows in the making, column by column.
#[derive(Default)]
struct Rows {
    count: usize,
    timestamp: Vec<i64>,
    id: Vec<u32>,
    /// In the order of the columns, without those that are no flags.
    flags: [Bits; 7],
    channel: Pieced,
    has_channel: Bits,
    no_channel: usize,
    dlc: Vec<u8>,
    data: Pieced,
}

impl Rows {
    #[inline]
    fn push(&mut self, message: &Message) -> Result<(), String> {
        let frame = &message.frame;
        let row = self.count;
        self.count += 1;
        self.timestamp.push(message.timestamp.as_nanos());
        self.id.push(frame.id().raw());
        self.dlc.push(frame.dlc_len() as u8);
        self.data.push(frame.payload())?;
        let (fd, brs, esi) = match frame.kind() {
            Kind::Fd { brs, esi } => (true, brs, esi),
            _ => (false, false, false),
        };
        let flags = [
            frame.id().is_extended(),
            frame.is_remote(),
            frame.is_error(),
            fd,
            message.direction == Direction::Rx,
            brs,
            esi,
        ];
        for (bits, flag) in self.flags.iter_mut().zip(flags) {
            bits.push(row, flag);
        }
        self.has_channel.push(row, message.channel.is_some());
        match message.channel {
            None => {
                self.no_channel += 1;
                self.channel.push(&[])
            }
            Some(channel) => match (channel.as_number(), channel.name()) {
                (Some(number @ 0..=9), _) => self.channel.push(&[b'0' + number as u8]),
                (Some(number), _) => self.channel.push(number.to_string().as_bytes()),
                (None, name) => self.channel.push(name.unwrap_or_default().as_bytes()),
            },
        }
    }

    fn finish(self) -> ArrowArray {
        let count = self.count;
        let plain = |buffer| ArrowArray::new(count, 0, vec![Buffer::none(), buffer], Vec::new());
        let [extended, remote, error, fd, rx, brs, esi] =
            self.flags.map(|bits| plain(Buffer::of(bits.0)));
        let channel = vec![
            Buffer::of(self.has_channel.0),
            Buffer::of(self.channel.starts),
            Buffer::of(self.channel.bytes),
        ];
        let data = vec![
            Buffer::none(),
            Buffer::of(self.data.starts),
            Buffer::of(self.data.bytes),
        ];
        let columns = vec![
            plain(Buffer::of(self.timestamp)),
            plain(Buffer::of(self.id)),
            extended,
            remote,
            error,
            ArrowArray::new(count, self.no_channel, channel, Vec::new()),
            plain(Buffer::of(self.dlc)),
            ArrowArray::new(count, 0, data, Vec::new()),
            fd,
            rx,
            brs,
            esi,
        ];
        ArrowArray::new(count, 0, vec![Buffer::none()], columns)
    }
}
