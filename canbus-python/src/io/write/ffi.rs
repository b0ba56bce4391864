//! `write` as a function of one argument, which the interpreter calls without making a tuple of it:
//! it is called for every message.

use super::Writer;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

struct Definition(ffi::PyMethodDef);

// SAFETY: it is never changed, and what it points to is constant.
unsafe impl Sync for Definition {}

static WRITE: Definition = Definition(ffi::PyMethodDef {
    ml_name: c"write".as_ptr(),
    ml_meth: ffi::PyMethodDefPointer { PyCFunction: write },
    ml_flags: ffi::METH_O,
    ml_doc: c"Writes a message.".as_ptr(),
});

/// A function that writes messages.
pub(super) fn function<'py>(writer: &Bound<'py, Writer>) -> PyResult<Bound<'py, PyAny>> {
    let definition = (&raw const WRITE.0).cast_mut();
    // SAFETY: the definition lives for ever, and the interpreter does not write to it. The function
    // keeps the writer alive. A new reference comes back, or null with an exception set.
    unsafe {
        let function = ffi::PyCFunction_NewEx(definition, writer.as_ptr(), ptr::null_mut());
        Bound::from_owned_ptr_or_err(writer.py(), function)
    }
}

unsafe extern "C" fn write(
    writer: *mut ffi::PyObject,
    message: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls it with its lock held, with the object that `function` gave it
    // and with an argument, both of which live until it returns.
    let (py, writer, message) = unsafe {
        let py = Python::assume_attached();
        let writer = Bound::ref_from_ptr(py, &writer).cast_unchecked::<Writer>();
        (py, writer, Bound::ref_from_ptr(py, &message))
    };
    // A panic must not go through what is not written in Rust.
    let written = catch_unwind(AssertUnwindSafe(|| writer.get().write(message)));
    match written.unwrap_or_else(|_| Err(PyRuntimeError::new_err("canbus has failed to write"))) {
        Ok(()) => py.None().into_ptr(),
        Err(error) => {
            error.restore(py);
            ptr::null_mut()
        }
    }
}
