//! The native half of the Python package canbus: what is slow in Python or stands in Rust already.
//!
//! The Python files in `python/canbus` give the shape of the module tree; here is what they call.
//! Whatever may wait does so without Python's interpreter lock.

mod bus;
mod columns;
mod convert;
mod errors;
mod fork;
mod io;
mod logging;
mod message;
mod settings;
mod timing;
mod wait;

use pyo3::prelude::*;

/// The module `canbus._core`.
#[pymodule]
mod _core {
    use super::{Bound, PyModule, PyResult, fork, logging, message};
    use pyo3::types::PyModuleMethods;

    #[pymodule_export]
    use super::bus::{Bus, PeriodicTask, backends, detect};

    #[pymodule_export]
    use super::columns::{Columns, read_columns};

    #[pymodule_export]
    use super::io::{Reader, Writer, convert_log, formats};

    #[pymodule_export]
    use super::settings::{file_section, guess};

    #[pymodule_export]
    use super::timing::{Timing, TimingFd};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        fork::register(module)?;
        logging::init();
        module.add("Message", message::class(module.py())?)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
