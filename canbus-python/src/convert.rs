//! Python's `Message` and the library's [`Message`]: the one place where one becomes the other.

use crate::message::{Field, copy_bytes, create, get, is_message};
use crate::message::{bytes_of, flag, float, is_none, whole};
use canbus::formats::WrittenFrame;
use canbus::{Channel, Direction, Frame, Id, Kind, Message, Timestamp};
use canbus::{MAX_CLASSIC_LEN, MAX_FD_LEN};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyByteArrayMethods, PyFloat, PyInt, PyString};

/// The message that a Python object describes. Any object with the attributes will do.
///
/// # Errors
/// `ValueError` for what no frame can be, naming the attribute; `TypeError` for a value of the wrong
/// type; `AttributeError` for a missing one.
pub(crate) fn message_of(object: &Bound<'_, PyAny>) -> PyResult<Message> {
    if is_message(object)
        && let Some(mut message) = plain(object)
    {
        // Last: the name of a channel may be code of Python.
        message.channel = channel_in(object)?;
        return Ok(message);
    }
    let attribute = attributes_of(object);
    let seconds: f64 = attribute(Field::Timestamp)?.extract()?;
    let received = attribute(Field::IsRx)?.is_truthy()?;
    Ok(Message {
        frame: frame(&attribute)?,
        timestamp: Timestamp::from_seconds(seconds),
        channel: channel_of(&attribute(Field::Channel)?)?,
        direction: if received {
            Direction::Rx
        } else {
            Direction::Tx
        },
    })
}

/// The message of a data frame whose attributes are all of the types that they nearly always are:
/// what [`message_of`] makes of it but for the channel, at a fraction of the time. `None` for any
/// other.
fn plain(message: &Bound<'_, PyAny>) -> Option<Message> {
    let flag = |field| flag(message, field);
    if flag(Field::IsErrorFrame)? || flag(Field::IsRemoteFrame)? {
        return None;
    }
    let raw = whole(message, Field::ArbitrationId)?;
    let id = Id::new(raw, flag(Field::IsExtendedId)?).ok()?;
    let mut bytes = [0; MAX_FD_LEN];
    let len = bytes_of(message, Field::Data, &mut bytes)?;
    if whole(message, Field::Dlc)? as usize != len {
        return None;
    }
    let frame = if flag(Field::IsFd)? {
        let (brs, esi) = (
            flag(Field::BitrateSwitch)?,
            flag(Field::ErrorStateIndicator)?,
        );
        Frame::fd(id, &bytes[..len], brs, esi)
    } else {
        Frame::data(id, &bytes[..len])
    };
    Some(Message {
        frame: frame.ok()?,
        timestamp: Timestamp::from_seconds(float(message, Field::Timestamp)?),
        channel: None,
        direction: if flag(Field::IsRx)? {
            Direction::Rx
        } else {
            Direction::Tx
        },
    })
}

/// The channel of a message.
///
/// # Errors
/// As [`channel_of`].
fn channel_in(message: &Bound<'_, PyAny>) -> PyResult<Option<Channel>> {
    if is_none(message, Field::Channel) {
        return Ok(None);
    }
    match whole(message, Field::Channel) {
        Some(number) if number <= Channel::MAX_NUMBER => Ok(Some(Channel::number(number))),
        _ => channel_of(&get(message, Field::Channel)?),
    }
}

/// The frame that a Python object describes, without the circumstances.
///
/// # Errors
/// As [`message_of`].
pub(crate) fn frame_of(object: &Bound<'_, PyAny>) -> PyResult<Frame> {
    frame(&attributes_of(object))
}

fn attributes_of<'a, 'py>(
    object: &'a Bound<'py, PyAny>,
) -> impl Fn(Field) -> PyResult<Bound<'py, PyAny>> + 'a {
    let direct = is_message(object);
    move |field| {
        if direct {
            get(object, field)
        } else {
            object.getattr(field.name())
        }
    }
}

fn frame<'py>(attribute: &impl Fn(Field) -> PyResult<Bound<'py, PyAny>>) -> PyResult<Frame> {
    let flag = |field| attribute(field)?.is_truthy();
    let id = id(
        &attribute(Field::ArbitrationId)?,
        flag(Field::IsExtendedId)?,
    )?;
    let mut bytes = [0; MAX_FD_LEN];
    let data = attribute(Field::Data)?;
    let dlc = attribute(Field::Dlc)?;
    let fd = flag(Field::IsFd)?;
    let made = if flag(Field::IsErrorFrame)? {
        let len = fill(&mut bytes, &data)?;
        Frame::error(id, &bytes[..len])
    } else if flag(Field::IsRemoteFrame)? {
        let dlc = number(&dlc, "dlc", 15)? as u8;
        raw_dlc(Frame::remote(id, dlc.min(MAX_CLASSIC_LEN as u8)), dlc)
    } else {
        let given = fill(&mut bytes, &data)?;
        let dlc = number(&dlc, "dlc", MAX_FD_LEN as u32)? as usize;
        let most = if fd { dlc } else { MAX_CLASSIC_LEN.max(given) };
        let len = dlc.min(most);
        if given > len {
            let why = format!("dlc is {dlc}, but data has {given} bytes; shorten it, or raise dlc");
            return Err(PyValueError::new_err(why));
        }
        // What is missing in data is zeros on the wire, as in python-can.
        if fd {
            let (brs, esi) = (
                flag(Field::BitrateSwitch)?,
                flag(Field::ErrorStateIndicator)?,
            );
            Frame::fd(id, &bytes[..len], brs, esi)
        } else {
            raw_dlc(Frame::data(id, &bytes[..len]), dlc as u8)
        }
    };
    made.map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Classic frames may carry a code over 8, which means 8 bytes too.
fn raw_dlc(frame: canbus::Result<Frame>, dlc: u8) -> canbus::Result<Frame> {
    if usize::from(dlc) <= MAX_CLASSIC_LEN {
        return frame;
    }
    frame?.with_raw_dlc(dlc)
}

fn id(value: &Bound<'_, PyAny>, extended: bool) -> PyResult<Id> {
    let raw = number(value, "arbitration_id", u32::MAX)?;
    Id::new(raw, extended).map_err(|error| PyValueError::new_err(error.to_string()))
}

fn number(value: &Bound<'_, PyAny>, name: &str, most: u32) -> PyResult<u32> {
    let out_of_range = || {
        let why = format!("{name} is {value}, but expected a whole number from 0 to {most}");
        PyValueError::new_err(why)
    };
    match value.extract::<u32>() {
        Ok(number) if number <= most => Ok(number),
        Err(error) if error.is_instance_of::<PyTypeError>(value.py()) => Err(error),
        _ => Err(out_of_range()),
    }
}

/// Copies data into the buffer and returns how many bytes there are.
fn fill(buffer: &mut [u8; MAX_FD_LEN], data: &Bound<'_, PyAny>) -> PyResult<usize> {
    if let Some(len) = copy_bytes(data, buffer) {
        return Ok(len);
    }
    let bytes: Vec<u8> = if let Ok(array) = data.cast::<PyByteArray>() {
        array.to_vec()
    } else if data.is_none() {
        Vec::new()
    } else {
        let bytes = data.try_iter()?.map(|byte| byte?.extract());
        bytes.collect::<PyResult<_>>()?
    };
    let len = bytes.len();
    let target = buffer.get_mut(..len).ok_or_else(|| {
        let why = format!("data has {len} bytes, but a frame has at most {MAX_FD_LEN}");
        PyValueError::new_err(why)
    })?;
    target.copy_from_slice(&bytes);
    Ok(len)
}

/// A channel as Python gives it: a number, a name, or something else with a printed form.
///
/// # Errors
/// What its `__str__` raises.
pub(crate) fn channel_of(channel: &Bound<'_, PyAny>) -> PyResult<Option<Channel>> {
    if channel.is_none() {
        return Ok(None);
    }
    if let Ok(name) = channel.cast::<PyString>() {
        return Ok(Some(Channel::named(&name.to_cow()?)));
    }
    if let Ok(number) = channel.extract::<u32>()
        && number <= Channel::MAX_NUMBER
    {
        return Ok(Some(Channel::number(number)));
    }
    Ok(Some(Channel::named(&channel.str()?.to_cow()?)))
}

/// A channel as a Python object: a number or a name.
pub(crate) fn channel_object(py: Python<'_>, channel: Option<Channel>) -> Bound<'_, PyAny> {
    match channel {
        None => py.None().into_bound(py),
        Some(channel) => match channel.as_number() {
            Some(number) => PyInt::new(py, number).into_any(),
            None => PyString::new(py, channel.name().unwrap_or_default()).into_any(),
        },
    }
}

/// Makes Python messages of the library's, one after another; remembers the objects that are likely
/// to come again.
#[derive(Default)]
pub(crate) struct Maker {
    channel: Option<(Channel, Py<PyAny>)>,
    /// Whether `dlc` of a classic frame may be over 8, as buses give it. Files are read with what
    /// it means, as python-can's readers do.
    raw_dlc: bool,
}

impl Maker {
    /// For messages of a bus. Its user may have given an object as a channel.
    pub(crate) fn of_bus(channel: Option<(Channel, Py<PyAny>)>) -> Maker {
        Maker {
            channel,
            raw_dlc: true,
        }
    }

    /// The Python object for a message.
    ///
    /// # Errors
    /// `MemoryError`.
    pub(crate) fn make<'py>(
        &mut self,
        py: Python<'py>,
        message: &Message,
    ) -> PyResult<Bound<'py, PyAny>> {
        let frame = &message.frame;
        let (fd, brs, esi) = match frame.kind() {
            Kind::Fd { brs, esi } => (true, brs, esi),
            _ => (false, false, false),
        };
        let dlc = if self.raw_dlc && !fd {
            usize::from(frame.dlc())
        } else {
            frame.dlc_len()
        };
        let flag = |set: bool| PyBool::new(py, set).to_owned().into_any();
        create(
            py,
            [
                PyFloat::new(py, message.timestamp.as_seconds()).into_any(),
                PyInt::new(py, frame.id().raw()).into_any(),
                flag(frame.id().is_extended()),
                flag(frame.is_remote()),
                flag(frame.is_error()),
                self.channel(py, message.channel),
                PyInt::new(py, dlc).into_any(),
                PyByteArray::new(py, frame.payload()).into_any(),
                flag(fd),
                flag(message.direction == Direction::Rx),
                flag(brs),
                flag(esi),
            ],
        )
    }

    /// The Python object for a frame that CAN does not have.
    ///
    /// # Errors
    /// `MemoryError`.
    pub(crate) fn make_written<'py>(
        &mut self,
        py: Python<'py>,
        frame: &WrittenFrame,
    ) -> PyResult<Bound<'py, PyAny>> {
        let flag = |set: bool| PyBool::new(py, set).to_owned().into_any();
        let data = if frame.remote { &[] } else { frame.payload() };
        create(
            py,
            [
                PyFloat::new(py, frame.timestamp.as_seconds()).into_any(),
                PyInt::new(py, frame.id).into_any(),
                flag(frame.extended),
                flag(frame.remote),
                flag(frame.error),
                self.channel(py, frame.channel),
                PyInt::new(py, frame.length).into_any(),
                PyByteArray::new(py, data).into_any(),
                flag(frame.fd),
                flag(frame.direction == Direction::Rx),
                flag(frame.brs),
                flag(frame.esi),
            ],
        )
    }

    fn channel<'py>(&mut self, py: Python<'py>, channel: Option<Channel>) -> Bound<'py, PyAny> {
        let Some(wanted) = channel else {
            return py.None().into_bound(py);
        };
        match &self.channel {
            Some((known, object)) if *known == wanted => object.bind(py).clone(),
            _ => {
                let object = channel_object(py, channel);
                self.channel = Some((wanted, object.clone().unbind()));
                object
            }
        }
    }
}
