//! What makes a message a valid frame, and when two of them say the same.

use super::ffi::{Field, get, is_message};
use super::make::sort;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};

/// Refuses what is no valid frame. The order is that of python-can, and numbers are compared by
/// Python, so that any kind of number is taken.
pub(super) fn check(message: &Bound<'_, PyAny>) -> PyResult<()> {
    let refuse = |why: String| Err(PyValueError::new_err(why));
    let flag = |field| get(message, field)?.is_truthy();
    check_time(message)?;
    let (remote, fd) = (flag(Field::IsRemoteFrame)?, flag(Field::IsFd)?);
    if remote && flag(Field::IsErrorFrame)? {
        return refuse("a message cannot be a remote and an error frame at the same time".into());
    }
    if remote && fd {
        return refuse("CAN FD does not support remote frames".into());
    }
    let id = get(message, Field::ArbitrationId)?;
    if id.lt(0)? {
        return refuse("arbitration IDs may not be negative".into());
    }
    if flag(Field::IsExtendedId)? {
        if id.gt(canbus::Id::MAX_EXTENDED)? {
            return refuse("Extended arbitration IDs must be less than 2^29".into());
        }
    } else if id.gt(canbus::Id::MAX_STANDARD)? {
        return refuse("Normal arbitration IDs must be less than 2^11".into());
    }
    check_length(message, remote, fd)?;
    if !fd {
        if flag(Field::BitrateSwitch)? {
            return refuse("bitrate switch is only allowed for CAN FD frames".into());
        }
        if flag(Field::ErrorStateIndicator)? {
            return refuse("error state indicator is only allowed for CAN FD frames".into());
        }
    }
    Ok(())
}

fn check_time(message: &Bound<'_, PyAny>) -> PyResult<()> {
    let timestamp = get(message, Field::Timestamp)?;
    if timestamp.lt(0.0)? {
        return Err(PyValueError::new_err("the timestamp may not be negative"));
    }
    let seconds: f64 = timestamp.extract()?;
    if seconds.is_infinite() {
        return Err(PyValueError::new_err("the timestamp may not be infinite"));
    }
    if seconds.is_nan() {
        return Err(PyValueError::new_err("the timestamp may not be NaN"));
    }
    Ok(())
}

fn check_length(message: &Bound<'_, PyAny>, remote: bool, fd: bool) -> PyResult<()> {
    let dlc = get(message, Field::Dlc)?;
    let (most, kind) = if fd {
        (canbus::MAX_FD_LEN, "CAN FD frames")
    } else {
        (canbus::MAX_CLASSIC_LEN, "normal CAN frames")
    };
    if dlc.lt(0)? {
        return Err(PyValueError::new_err("DLC may not be negative"));
    }
    if dlc.gt(most)? {
        let why = format!("DLC was {dlc} but it should be <= {most} for {kind}");
        return Err(PyValueError::new_err(why));
    }
    let length = get(message, Field::Data)?.len()?;
    if remote {
        if length != 0 {
            return Err(PyValueError::new_err(
                "remote frames may not carry any data",
            ));
        }
    } else if !dlc.eq(length)? {
        let why = "the DLC and the length of the data must match up for non remote frames";
        return Err(PyValueError::new_err(why));
    }
    Ok(())
}

/// What two messages must agree in, besides time, channel and direction.
const COMPARED: [Field; 9] = [
    Field::ArbitrationId,
    Field::IsExtendedId,
    Field::Dlc,
    Field::Data,
    Field::IsRemoteFrame,
    Field::IsErrorFrame,
    Field::IsFd,
    Field::BitrateSwitch,
    Field::ErrorStateIndicator,
];

/// `message.equals(other, timestamp_delta=1e-6, check_channel=True, check_direction=True)`.
pub(super) fn equals(
    message: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    named: Option<&Bound<'_, PyDict>>,
) -> PyResult<bool> {
    let py = message.py();
    let [other, delta, channel, direction] = sort("equals", names(py), args, named)?;
    let Some(other) = other else {
        return Err(PyTypeError::new_err(
            "equals() missing 1 required positional argument: 'other'",
        ));
    };
    if message.is(&other) {
        return Ok(true);
    }
    let differ = |field: Field| -> PyResult<bool> {
        let theirs = if is_message(&other) {
            get(&other, field)?
        } else {
            other.getattr(field.name())?
        };
        get(message, field)?.ne(theirs)
    };
    let asked =
        |argument: Option<Bound<'_, PyAny>>| argument.map_or(Ok(true), |one| one.is_truthy());
    if !near(message, &other, delta)? {
        return Ok(false);
    }
    for field in COMPARED {
        if differ(field)? {
            return Ok(false);
        }
    }
    Ok(!(asked(direction)? && differ(Field::IsRx)? || asked(channel)? && differ(Field::Channel)?))
}

/// Whether the times are near enough.
fn near(
    message: &Bound<'_, PyAny>,
    other: &Bound<'_, PyAny>,
    delta: Option<Bound<'_, PyAny>>,
) -> PyResult<bool> {
    let delta = match delta {
        None => 1e-6,
        Some(delta) if delta.is_none() => return Ok(true),
        Some(delta) => delta.extract()?,
    };
    let mine: f64 = get(message, Field::Timestamp)?.extract()?;
    let theirs: f64 = other.getattr(Field::Timestamp.name())?.extract()?;
    Ok((mine - theirs).abs() <= delta)
}

fn names(py: Python<'_>) -> &[Py<PyString>] {
    static NAMES: PyOnceLock<Vec<Py<PyString>>> = PyOnceLock::new();
    NAMES.get_or_init(py, || {
        let names = [
            "other",
            "timestamp_delta",
            "check_channel",
            "check_direction",
        ];
        names.map(|name| PyString::intern(py, name).unbind()).into()
    })
}
