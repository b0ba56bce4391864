//! The two printed forms of a message: the line for people, and the expression that makes it again.

use super::ffi::{Field, get};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyFloat, PyInt};
use std::fmt::Write;

/// How wide the column of the data is: eight bytes.
const DATA_WIDTH: usize = 24;

/// The line that `str()` gives, in the columns of python-can 4.6.
pub(super) fn line(message: &Bound<'_, PyAny>) -> PyResult<String> {
    let flag = |field, set: &'static str| -> PyResult<&'static str> {
        let is_set = get(message, field)?.is_truthy()?;
        Ok(if is_set { set } else { &"  "[..set.len()] })
    };
    let either = |field, yes, no| -> PyResult<&'static str> {
        Ok(if get(message, field)?.is_truthy()? {
            yes
        } else {
            no
        })
    };
    let extended = get(message, Field::IsExtendedId)?.is_truthy()?;
    let id = match (plain(message, Field::ArbitrationId)?, extended) {
        (Some(id), true) => format!("{id:08x}"),
        (Some(id), false) => format!("{id:03x}"),
        (None, true) => formatted(message, Field::ArbitrationId, "08x")?,
        (None, false) => formatted(message, Field::ArbitrationId, "03x")?,
    };
    let dlc = match plain(message, Field::Dlc)? {
        Some(dlc) => format!("{dlc:2}"),
        None => formatted(message, Field::Dlc, "2d")?,
    };
    let data = data(message)?;
    let mut text = format!(
        "Timestamp: {}    ID: {id:>8}    {} {} {} {} {} {} {}    DL: {dlc}    ",
        time(message)?,
        if extended { "X" } else { "S" },
        either(Field::IsRx, "Rx", "Tx")?,
        flag(Field::IsErrorFrame, "E")?,
        flag(Field::IsRemoteFrame, "R")?,
        flag(Field::IsFd, "F")?,
        flag(Field::BitrateSwitch, "BS")?,
        flag(Field::ErrorStateIndicator, "EI")?,
    );
    let start = text.len();
    for (index, byte) in data.iter().enumerate() {
        let gap = if index == 0 { "" } else { " " };
        let _ = write!(text, "{gap}{byte:02x}");
    }
    let width = (text.len() - start).max(DATA_WIDTH);
    text.extend(std::iter::repeat_n(' ', start + width - text.len()));
    if !data.is_empty() && data.iter().all(u8::is_ascii_alphanumeric) {
        let _ = write!(text, "    '{}'", String::from_utf8_lossy(&data));
    }
    let channel = get(message, Field::Channel)?;
    if !channel.is_none() {
        let _ = write!(text, "    Channel: {}", channel.str()?);
    }
    text.truncate(text.trim_end().len());
    Ok(text)
}

/// The expression that `repr()` gives.
pub(super) fn expression(message: &Bound<'_, PyAny>) -> PyResult<String> {
    let mut text = format!(
        "can.Message(timestamp={}, arbitration_id={}, is_extended_id={}",
        get(message, Field::Timestamp)?.str()?,
        formatted(message, Field::ArbitrationId, "#x")?,
        get(message, Field::IsExtendedId)?.str()?,
    );
    let flags = |text: &mut String, fields: &[(Field, bool)]| -> PyResult<()> {
        for &(field, usual) in fields {
            let value = get(message, field)?;
            if value.is_truthy()? != usual {
                let _ = write!(text, ", {}={}", field.name(), value.str()?);
            }
        }
        Ok(())
    };
    let first = [
        (Field::IsRx, true),
        (Field::IsRemoteFrame, false),
        (Field::IsErrorFrame, false),
    ];
    flags(&mut text, &first)?;
    let channel = get(message, Field::Channel)?;
    if !channel.is_none() {
        let _ = write!(text, ", channel={}", channel.repr()?);
    }
    let bytes = data(message)?;
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:#x}")).collect();
    let dlc = get(message, Field::Dlc)?;
    let _ = write!(text, ", dlc={}, data=[{}]", dlc.str()?, bytes.join(", "));
    let last = [
        (Field::IsFd, false),
        (Field::BitrateSwitch, false),
        (Field::ErrorStateIndicator, false),
    ];
    flags(&mut text, &last)?;
    text.push(')');
    Ok(text)
}

/// The time; by Python where it is no plain number.
fn time(message: &Bound<'_, PyAny>) -> PyResult<String> {
    let timestamp = get(message, Field::Timestamp)?;
    match timestamp.cast_exact::<PyFloat>() {
        Ok(seconds) if seconds.value().is_finite() => Ok(format!("{:>15.6}", seconds.value())),
        _ => formatted(message, Field::Timestamp, ">15.6f"),
    }
}

/// A whole number; `None` where it is no plain one, and Python is to format it.
fn plain(message: &Bound<'_, PyAny>, field: Field) -> PyResult<Option<u32>> {
    let value = get(message, field)?;
    let number = value.cast_exact::<PyInt>().ok();
    Ok(number.and_then(|number| number.extract().ok()))
}

/// An attribute as Python formats it; whatever its type can do.
fn formatted(message: &Bound<'_, PyAny>, field: Field, spec: &str) -> PyResult<String> {
    let text = get(message, field)?.call_method1("__format__", (spec,))?;
    text.extract()
}

fn data(message: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let data = get(message, Field::Data)?;
    match data.cast::<PyByteArray>() {
        Ok(data) => Ok(data.to_vec()),
        // Whatever was put there: bytes, a list of numbers.
        Err(_) => data.try_iter()?.map(|byte| byte?.extract()).collect(),
    }
}
