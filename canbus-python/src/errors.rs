//! Errors of the library as the exceptions that python-can's users catch.

use canbus::{Error, ErrorKind};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use std::error::Error as _;

/// The exception classes of `canbus.exceptions`, looked up once.
struct Classes {
    operation: Py<PyType>,
    initialization: Py<PyType>,
    not_implemented: Py<PyType>,
    timeout: Py<PyType>,
    unsupported: Py<PyType>,
}

static CLASSES: PyOnceLock<Classes> = PyOnceLock::new();

fn classes(py: Python<'_>) -> PyResult<&Classes> {
    CLASSES.get_or_try_init(py, || {
        let module = py.import("canbus.exceptions")?;
        let class = |name: &str| -> PyResult<Py<PyType>> {
            Ok(module.getattr(name)?.cast_into::<PyType>()?.unbind())
        };
        Ok(Classes {
            operation: class("CanOperationError")?,
            initialization: class("CanInitializationError")?,
            not_implemented: class("CanInterfaceNotImplementedError")?,
            timeout: class("CanTimeoutError")?,
            unsupported: class("CanUnsupportedError")?,
        })
    })
}

/// The exception for an error of the library.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    if let Some(raised) = raised(py, error) {
        return raised;
    }
    let class = match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::Malformed => {
            return PyValueError::new_err(error.to_string());
        }
        ErrorKind::Io => return os_error(error),
        kind => classes(py).map(|classes| match kind {
            ErrorKind::BackendUnavailable => &classes.not_implemented,
            ErrorKind::OpenFailed => &classes.initialization,
            ErrorKind::Timeout => &classes.timeout,
            ErrorKind::Unsupported => &classes.unsupported,
            _ => &classes.operation,
        }),
    };
    class
        .and_then(|class| {
            let named = PyDict::new(py);
            named.set_item("error_code", error.code())?;
            let exception = class.bind(py).call((error.message(),), Some(&named))?;
            Ok(PyErr::from_value(exception))
        })
        .unwrap_or_else(|failure| failure)
}

/// What a file object raised while the library read or wrote it.
fn raised(py: Python<'_>, error: &Error) -> Option<PyErr> {
    let source = error.source()?.downcast_ref::<std::io::Error>()?;
    let raised = source.get_ref()?.downcast_ref::<PyErr>()?;
    Some(raised.clone_ref(py))
}

/// With the system's number where there is one, so that Python chooses `FileNotFoundError` and the
/// like.
fn os_error(error: &Error) -> PyErr {
    let number = error
        .source()
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .and_then(std::io::Error::raw_os_error);
    match number {
        Some(number) => PyOSError::new_err((number, error.message().to_string())),
        None => PyOSError::new_err(error.message().to_string()),
    }
}

/// Turns results of the library into results of Python.
pub(crate) trait OrRaise<T> {
    /// The value, or the exception for the error.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for canbus::Result<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| exception(py, &error))
    }
}
