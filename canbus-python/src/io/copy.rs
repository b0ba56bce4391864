//! From one log file to another without a single Python object.

use crate::errors::OrRaise;
use canbus::{Listener, Message, formats};
use pyo3::prelude::*;
use std::path::PathBuf;

/// How many messages are written between two looks at signals.
const BATCH: usize = 1 << 16;

/// Copies the messages of a log file to another; the suffixes tell the formats. Returns how many
/// there were.
#[pyfunction]
pub(crate) fn convert_log(py: Python<'_>, source: PathBuf, target: PathBuf) -> PyResult<u64> {
    let none: [(&str, &str); 0] = [];
    let mut reader = formats::open(source, none).or_raise(py)?;
    let mut writer = formats::create(target, none).or_raise(py)?;
    let mut count = 0;
    loop {
        let done = py
            .detach(|| copy_some(&mut reader, &mut writer))
            .or_raise(py)?;
        count += done as u64;
        if done == 0 {
            break;
        }
        py.check_signals()?;
    }
    py.detach(|| writer.finish()).or_raise(py)?;
    Ok(count)
}

fn copy_some(
    reader: &mut formats::LogReader,
    writer: &mut formats::LogWriter,
) -> canbus::Result<usize> {
    let mut count = 0;
    for message in reader.take(BATCH) {
        let message: Message = message?;
        writer.on_message(&message)?;
        count += 1;
    }
    Ok(count)
}
