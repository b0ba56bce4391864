//! `canbus._core.Reader` and `canbus._core.Writer`: log files of the library, as the classes of
//! `canbus.io` hold them.

mod copy;
mod file;
mod read;
mod write;

pub(crate) use copy::convert_log;
pub(crate) use read::Reader;
pub(crate) use write::Writer;

use crate::bus::option;
use canbus::formats::LogReader;
use canbus::{OptionSpec, Value};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::Path;

/// The formats: name, suffix, and the names of the options of reader and writer.
#[pyfunction]
pub(crate) fn formats() -> Vec<(
    &'static str,
    &'static str,
    Vec<&'static str>,
    Vec<&'static str>,
)> {
    let names = |options: Option<&'static [OptionSpec]>| {
        let options = options.unwrap_or_default().iter();
        options
            .flat_map(|option| std::iter::once(option.name).chain(option.aliases.iter().copied()))
            .collect()
    };
    canbus::formats::all()
        .iter()
        .map(|format| {
            let read = format.read.map(|reading| reading.options);
            let write = format.write.map(|writing| writing.options);
            (format.name, format.extension, names(read), names(write))
        })
        .collect()
}

/// Opens a log file by its suffix.
///
/// # Errors
/// As [`canbus::formats::open`].
pub(crate) fn open_by_name(
    path: &Path,
    options: Vec<(String, Value)>,
) -> canbus::Result<LogReader> {
    canbus::formats::open(path, options)
}

/// Options as the library takes them; paths become text, and those that are None are left out.
pub(crate) fn options(given: &Bound<'_, PyDict>) -> PyResult<Vec<(String, Value)>> {
    let mut options = Vec::new();
    for (name, value) in given.iter() {
        if value.is_none() {
            continue;
        }
        let name: String = name.extract()?;
        let value = if value.hasattr("__fspath__")? {
            value.call_method0("__fspath__")?
        } else {
            value
        };
        let value = option(&name, &value)?;
        options.push((name, value));
    }
    Ok(options)
}
