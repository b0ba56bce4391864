//! Making messages: from arguments, and as copies.

use super::check;
use super::ffi::{FIELDS, Field, create, get, set};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyByteArray, PyDict, PyDictMethods, PyFloat, PyInt, PyString, PyTuple};

/// The arguments: the attributes, and `check`.
const ARGUMENTS: usize = FIELDS + 1;
const CHECK: usize = FIELDS;

type Given<'py> = [Option<Bound<'py, PyAny>>; ARGUMENTS];

/// What `Message(…)` does: sets every attribute, from its argument or to its default.
pub(super) fn initialize(
    message: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    named: Option<&Bound<'_, PyDict>>,
) -> PyResult<()> {
    let py = message.py();
    let mut given: Given<'_> = sort("Message", names(py), args, named)?;
    let remote = match &given[Field::IsRemoteFrame as usize] {
        Some(remote) => remote.is_truthy()?,
        None => false,
    };
    let data = data_from(py, given[Field::Data as usize].take(), remote)?;
    let dlc = given[Field::Dlc as usize]
        .take()
        .filter(|dlc| !dlc.is_none());
    let dlc = dlc.unwrap_or_else(|| length(&data));
    given[Field::Data as usize] = Some(data.into_any());
    given[Field::Dlc as usize] = Some(dlc);
    for field in Field::ALL {
        let value = given[field as usize].take();
        set(message, field, value.unwrap_or_else(|| default(py, field)));
    }
    match &given[CHECK] {
        Some(check) if check.is_truthy()? => check::check(message),
        _ => Ok(()),
    }
}

/// What an attribute is if its argument is missing.
fn default(py: Python<'_>, field: Field) -> Bound<'_, PyAny> {
    match field {
        Field::Timestamp => PyFloat::new(py, 0.0).into_any(),
        Field::ArbitrationId => whole(py, 0),
        Field::IsExtendedId | Field::IsRx => PyBool::new(py, true).to_owned().into_any(),
        Field::Channel => py.None().into_bound(py),
        _ => PyBool::new(py, false).to_owned().into_any(),
    }
}

fn whole(py: Python<'_>, number: u32) -> Bound<'_, PyAny> {
    PyInt::new(py, number).into_any()
}

fn length<'py>(data: &Bound<'py, PyByteArray>) -> Bound<'py, PyAny> {
    PyInt::new(data.py(), data.len()).into_any()
}

/// The data: a bytearray itself, not a copy of it; anything else is copied.
fn data_from<'py>(
    py: Python<'py>,
    given: Option<Bound<'py, PyAny>>,
    remote: bool,
) -> PyResult<Bound<'py, PyByteArray>> {
    let Some(given) = given.filter(|data| !data.is_none() && !remote) else {
        return Ok(PyByteArray::new(py, &[]));
    };
    let given = match given.cast_into::<PyByteArray>() {
        Ok(data) => return Ok(data),
        Err(error) => error.into_inner(),
    };
    let class = py.get_type::<PyByteArray>();
    match class.call1((&given,)) {
        Ok(data) => Ok(data.cast_into::<PyByteArray>()?),
        Err(error) if error.is_instance_of::<PyTypeError>(py) => {
            let kind = given.get_type();
            let why = format!(
                "Couldn't create message from {} ({})",
                given.str()?,
                kind.repr()?
            );
            let explained = PyTypeError::new_err(why);
            explained.set_cause(py, Some(error));
            Err(explained)
        }
        Err(error) => Err(error),
    }
}

/// The names of the arguments as objects, which those of a call nearly always are themselves.
fn names(py: Python<'_>) -> &[Py<PyString>] {
    static NAMES: PyOnceLock<Vec<Py<PyString>>> = PyOnceLock::new();
    NAMES.get_or_init(py, || {
        let fields = Field::ALL.iter().map(|field| field.name());
        let names = fields.chain(["check"]);
        names
            .map(|name| PyString::intern(py, name).unbind())
            .collect()
    })
}

/// Puts arguments into the order of the names.
pub(super) fn sort<'py, const N: usize>(
    function: &str,
    names: &[Py<PyString>],
    args: &Bound<'py, PyTuple>,
    named: Option<&Bound<'py, PyDict>>,
) -> PyResult<[Option<Bound<'py, PyAny>>; N]> {
    let mut given = [const { None }; N];
    if args.len() > N {
        let count = args.len();
        let why = format!("{function}() takes at most {N} arguments ({count} given)");
        return Err(PyTypeError::new_err(why));
    }
    for (place, value) in given.iter_mut().zip(args.iter()) {
        *place = Some(value);
    }
    for (name, value) in named.into_iter().flat_map(PyDictMethods::iter) {
        let equal = |known: &Py<PyString>| name.eq(known).unwrap_or(false);
        let index = names
            .iter()
            .position(|known| known.is(&name))
            .or_else(|| names.iter().position(equal))
            .ok_or_else(|| {
                let why = format!("{function}() got an unexpected keyword argument '{name}'");
                PyTypeError::new_err(why)
            })?;
        if given[index].replace(value).is_some() {
            let why = format!("{function}() got multiple values for argument '{name}'");
            return Err(PyTypeError::new_err(why));
        }
    }
    Ok(given)
}

/// A message with the same values; the data is shared.
pub(super) fn copy<'py>(message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let mut values: Vec<Bound<'py, PyAny>> = Vec::with_capacity(FIELDS);
    for field in Field::ALL {
        values.push(get(message, field)?);
    }
    // An array of the same length.
    match <[Bound<'py, PyAny>; FIELDS]>::try_from(values) {
        Ok(values) => create(message.py(), values),
        Err(_) => Err(PyTypeError::new_err("a message has twelve attributes")),
    }
}

/// A message with the same values, of which data and channel are copies.
pub(super) fn deep_copy<'py>(
    message: &Bound<'py, PyAny>,
    memo: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = message.py();
    let copied = copy(message)?;
    let deepcopy = py.import("copy")?.getattr("deepcopy")?;
    for field in [Field::Channel, Field::Data] {
        let value = get(message, field)?;
        let value = match value.cast::<PyByteArray>() {
            Ok(data) if data.is_exact_instance_of::<PyByteArray>() => {
                PyByteArray::new(py, &data.to_vec()).into_any()
            }
            _ => deepcopy.call1((&value, memo))?,
        };
        set(&copied, field, value);
    }
    Ok(copied)
}
