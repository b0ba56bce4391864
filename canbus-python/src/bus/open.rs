//! What there is to open, and the options it takes.

use crate::errors::{OrRaise, exception};
use canbus::Value;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};
use std::time::Duration;

/// Options as the library takes them; those that are None are left out.
pub(super) fn options(given: &Bound<'_, PyDict>) -> PyResult<Vec<(String, Value)>> {
    let mut options = Vec::new();
    for (name, value) in given.iter() {
        if !value.is_none() {
            let name: String = name.extract()?;
            let value = option(&name, &value)?;
            options.push((name, value));
        }
    }
    Ok(options)
}

/// A value of an option.
pub(crate) fn option(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    // True is a number in Python.
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(Value::Flag(flag.is_true()));
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(Value::Integer(value.extract()?));
    }
    if value.is_instance_of::<PyFloat>() {
        return Ok(Value::Number(value.extract()?));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Value::Text(text.to_cow()?.into_owned()));
    }
    Err(PyTypeError::new_err(format!(
        "option {name} is {}, but expected a flag, a number or text",
        value.repr()?
    )))
}

/// A value of an option as a Python object.
pub(crate) fn object<'py>(py: Python<'py>, value: &Value) -> Bound<'py, PyAny> {
    match value {
        Value::Flag(flag) => PyBool::new(py, *flag).to_owned().into_any(),
        Value::Integer(number) => PyInt::new(py, *number).into_any(),
        Value::Number(number) => PyFloat::new(py, *number).into_any(),
        Value::Text(text) => PyString::new(py, text).into_any(),
    }
}

/// The backends: name, one line about it, names of its options.
#[pyfunction]
pub(crate) fn backends() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let options = |backend: &canbus::backends::Backend| {
        let options = backend.options.iter();
        options
            .flat_map(|option| std::iter::once(option.name).chain(option.aliases.iter().copied()))
            .collect()
    };
    canbus::backends::all()
        .iter()
        .map(|backend| (backend.name, backend.summary, options(backend)))
        .collect()
}

/// Buses of this backend that can be opened: for each the arguments of `Bus`.
#[pyfunction]
pub(crate) fn detect<'py>(
    py: Python<'py>,
    interface: &str,
    timeout: f64,
) -> PyResult<Bound<'py, PyList>> {
    let timeout = Duration::try_from_secs_f64(timeout.max(0.0)).unwrap_or(Duration::MAX);
    let detection = py
        .detach(|| canbus::backends::detect(Some(&[interface]), timeout))
        .or_raise(py)?;
    if let Some((_, error)) = detection.failed.first() {
        return Err(exception(py, error));
    }
    let list = PyList::empty(py);
    for found in &detection.found {
        let config = PyDict::new(py);
        config.set_item("interface", found.interface)?;
        for (name, value) in &found.options {
            config.set_item(name, object(py, value))?;
        }
        list.append(config)?;
    }
    Ok(list)
}
