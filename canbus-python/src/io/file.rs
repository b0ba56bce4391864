//! A file object of Python as the library reads and writes it: bytes, or text, which is UTF-8 on
//! the way.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use std::io::{self, Read, Seek, SeekFrom, Write};

/// A file object.
pub(super) struct File {
    object: Py<PyAny>,
    /// Whether it is written as text.
    text: bool,
    /// How it is read: by `read`, or by what does not wait for more than there is.
    method: &'static str,
    /// What was read and not yet asked for.
    rest: Vec<u8>,
    given: usize,
}

impl File {
    /// A file object, and whether it takes text.
    pub(super) fn to_write(object: &Bound<'_, PyAny>, text: bool) -> File {
        File {
            object: object.clone().unbind(),
            text,
            method: "read",
            rest: Vec::new(),
            given: 0,
        }
    }

    /// A file object, and whether what comes from it may be long in coming.
    ///
    /// # Errors
    /// What it raises.
    pub(super) fn to_read(object: &Bound<'_, PyAny>) -> PyResult<(File, bool)> {
        let seekable =
            object.hasattr("seekable")? && object.call_method0("seekable")?.is_truthy()?;
        let method = if seekable {
            "read"
        } else if object.hasattr("read1")? {
            "read1"
        } else if object.hasattr("encoding")? {
            "readline"
        } else {
            "read"
        };
        let file = File {
            method,
            ..File::to_write(object, false)
        };
        Ok((file, !seekable))
    }

    /// Whether it can be rewritten.
    pub(super) fn is_seekable(&self, py: Python<'_>) -> bool {
        let answer = self.object.call_method0(py, "seekable");
        answer.is_ok_and(|answer| answer.is_truthy(py).unwrap_or(false))
    }
}

/// Runs what calls Python. Nothing is called any more when the interpreter is at its end.
fn with_python<T>(body: impl FnOnce(Python<'_>) -> PyResult<T>) -> io::Result<T> {
    let done = Python::try_attach(|py| body(py).map_err(io::Error::other));
    done.unwrap_or_else(|| Err(io::Error::other("the Python interpreter has ended")))
}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.rest.len() {
            self.rest = with_python(|py| {
                let read = self.object.bind(py);
                let read = match self.method {
                    "readline" => read.call_method0("readline")?,
                    method => read.call_method1(method, (buffer.len(),))?,
                };
                if let Ok(text) = read.cast::<PyString>() {
                    return Ok(text.to_string_lossy().into_owned().into_bytes());
                }
                match read.cast::<PyBytes>() {
                    Ok(bytes) => Ok(bytes.as_bytes().to_vec()),
                    Err(_) => Err(PyTypeError::new_err(format!(
                        "expected bytes or text from the file, not {}",
                        read.get_type()
                    ))),
                }
            })?;
            self.given = 0;
        }
        let count = (&self.rest[self.given..]).read(buffer)?;
        self.given += count;
        Ok(count)
    }
}

impl Write for File {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        with_python(|py| {
            let object = self.object.bind(py);
            if !self.text {
                let written = object.call_method1("write", (PyBytes::new(py, buffer),))?;
                // A raw file may take a part only; what says nothing took all.
                return Ok(written.extract().unwrap_or(buffer.len()));
            }
            // A line of another encoding, or a piece that ends within a character.
            let (text, len) = match std::str::from_utf8(buffer) {
                Ok(text) => (text, buffer.len()),
                Err(error) if error.valid_up_to() > 0 => {
                    let len = error.valid_up_to();
                    (std::str::from_utf8(&buffer[..len]).unwrap_or_default(), len)
                }
                Err(_) => ("\u{FFFD}", 1),
            };
            object.call_method1("write", (text,))?;
            Ok(len)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        with_python(|py| {
            let object = self.object.bind(py);
            if object.hasattr("flush")? {
                object.call_method0("flush")?;
            }
            Ok(())
        })
    }
}

impl Seek for File {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let (offset, whence) = match position {
            SeekFrom::Start(offset) => (offset as i64, 0),
            SeekFrom::Current(offset) => (offset, 1),
            SeekFrom::End(offset) => (offset, 2),
        };
        with_python(|py| {
            let at = self.object.call_method1(py, "seek", (offset, whence))?;
            at.extract(py)
        })
    }
}
