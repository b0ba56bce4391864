//! The class itself: an object of twelve slots, made by hand, because a class of `PyO3` reads an
//! attribute at half the speed of Python's own slots.

use super::{check, make, text};
use pyo3::exceptions::{PyAttributeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBoolMethods, PyByteArray, PyByteArrayMethods, PyDict, PyFloat};
use pyo3::types::{PyFloatMethods, PyInt, PyString, PyTuple, PyType};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::offset_of;
use std::ptr;

/// The attributes, in the order in which they are stored.
#[derive(Clone, Copy)]
#[repr(usize)]
pub(crate) enum Field {
    Timestamp,
    ArbitrationId,
    IsExtendedId,
    IsRemoteFrame,
    IsErrorFrame,
    Channel,
    Dlc,
    Data,
    IsFd,
    IsRx,
    BitrateSwitch,
    ErrorStateIndicator,
}

/// How many attributes there are.
pub(super) const FIELDS: usize = 12;

/// Their names, as C strings for the interpreter.
const NAMES: [&CStr; FIELDS] = [
    c"timestamp",
    c"arbitration_id",
    c"is_extended_id",
    c"is_remote_frame",
    c"is_error_frame",
    c"channel",
    c"dlc",
    c"data",
    c"is_fd",
    c"is_rx",
    c"bitrate_switch",
    c"error_state_indicator",
];

impl Field {
    /// All of them, in order.
    pub(super) const ALL: [Field; FIELDS] = [
        Field::Timestamp,
        Field::ArbitrationId,
        Field::IsExtendedId,
        Field::IsRemoteFrame,
        Field::IsErrorFrame,
        Field::Channel,
        Field::Dlc,
        Field::Data,
        Field::IsFd,
        Field::IsRx,
        Field::BitrateSwitch,
        Field::ErrorStateIndicator,
    ];

    /// The attribute's name.
    pub(crate) fn name(self) -> &'static str {
        NAMES[self as usize].to_str().unwrap_or_default()
    }
}

/// The memory of a message. A slot is null until it is set, and after it was deleted.
#[repr(C)]
struct Slots {
    base: ffi::PyObject,
    fields: [*mut ffi::PyObject; FIELDS],
    weak: *mut ffi::PyObject,
}

const DOC: &CStr = c"Message(timestamp=0.0, arbitration_id=0, is_extended_id=True, \
is_remote_frame=False, is_error_frame=False, channel=None, dlc=None, data=None, is_fd=False, \
is_rx=True, bitrate_switch=False, error_state_indicator=False, check=False)\n--\n\n\
A CAN frame that was seen or is to be sent.\n\n\
The attributes can be changed and take any value; `check=True` refuses what is no valid frame.";

const INIT_DOC: &CStr = c"__init__($self, timestamp=0.0, arbitration_id=0, is_extended_id=True, \
is_remote_frame=False, is_error_frame=False, channel=None, dlc=None, data=None, is_fd=False, \
is_rx=True, bitrate_switch=False, error_state_indicator=False, check=False)\n--\n\n\
The arguments are the attributes; see help(type(self)).";

const EQUALS_DOC: &CStr = c"equals($self, other, timestamp_delta=1e-06, check_channel=True, \
check_direction=True)\n--\n\n\
Whether both messages say the same; `==` asks whether they are the same object.\n\n\
Timestamps may differ by timestamp_delta seconds; None leaves them out.";

static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// The class `Message`.
pub(crate) fn class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let class = CLASS.get_or_try_init(py, || make_class(py))?;
    Ok(class.bind(py))
}

/// Whether it is a message, perhaps of a class derived from it.
pub(crate) fn is_message(object: &Bound<'_, PyAny>) -> bool {
    match class(object.py()) {
        // The check of exact type first; it is what nearly all are.
        Ok(class) => object.get_type().is(class) || object.is_instance(class).unwrap_or(false),
        Err(_) => false,
    }
}

/// The value of an attribute of a message, which must be one ([`is_message`]).
fn slot(message: &Bound<'_, PyAny>, field: Field) -> *mut *mut ffi::PyObject {
    let object = message.as_ptr().cast::<Slots>();
    // SAFETY: callers pass instances of our class, whose memory begins with `Slots`.
    unsafe { &raw mut (*object).fields[field as usize] }
}

/// The value of an attribute, or none if it was deleted. The object must be a message.
pub(crate) fn try_get<'py>(message: &Bound<'py, PyAny>, field: Field) -> Option<Bound<'py, PyAny>> {
    debug_assert!(is_message(message));
    // SAFETY: the slot holds null or an object of which it owns a reference; the interpreter lock
    // is held, so that nobody changes it meanwhile.
    unsafe { Bound::from_borrowed_ptr_or_opt(message.py(), *slot(message, field)) }
}

/// The value of an attribute. The object must be a message.
///
/// # Errors
/// `AttributeError` if it was deleted or never set.
pub(crate) fn get<'py>(message: &Bound<'py, PyAny>, field: Field) -> PyResult<Bound<'py, PyAny>> {
    try_get(message, field).ok_or_else(|| PyAttributeError::new_err(field.name()))
}

/// Looks at the value of an attribute where it is, without a reference of its own. The object must
/// be a message. What looks must not run code of Python, which could take the value away.
fn peek<'py, T>(
    message: &Bound<'py, PyAny>,
    field: Field,
    look: impl FnOnce(&Bound<'py, PyAny>) -> Option<T>,
) -> Option<T> {
    debug_assert!(is_message(message));
    let slot = slot(message, field);
    // SAFETY: the slot is inside of a living message and holds null or an object. It stays as it is
    // while the interpreter lock is held and no code of Python runs.
    unsafe {
        if (*slot).is_null() {
            return None;
        }
        look(Bound::ref_from_ptr(message.py(), &*slot))
    }
}

/// The value of an attribute that is a float itself, not of a class derived from it.
pub(crate) fn float(message: &Bound<'_, PyAny>, field: Field) -> Option<f64> {
    peek(message, field, |value| {
        value
            .cast_exact::<PyFloat>()
            .ok()
            .map(PyFloatMethods::value)
    })
}

/// The value of an attribute that is true or false itself.
pub(crate) fn flag(message: &Bound<'_, PyAny>, field: Field) -> Option<bool> {
    peek(message, field, |value| {
        value
            .cast_exact::<PyBool>()
            .ok()
            .map(PyBoolMethods::is_true)
    })
}

/// The value of an attribute that is an int itself, and fits.
pub(crate) fn whole(message: &Bound<'_, PyAny>, field: Field) -> Option<u32> {
    peek(message, field, |value| {
        value.cast_exact::<PyInt>().ok()?.extract().ok()
    })
}

/// Copies the bytes of an attribute that is a bytearray, and fits; tells how many there are.
pub(crate) fn bytes_of(
    message: &Bound<'_, PyAny>,
    field: Field,
    buffer: &mut [u8],
) -> Option<usize> {
    peek(message, field, |value| copy_bytes(value, buffer))
}

/// Whether an attribute is None.
pub(crate) fn is_none(message: &Bound<'_, PyAny>, field: Field) -> bool {
    peek(message, field, |value| value.is_none().then_some(())).is_some()
}

/// Copies the bytes of a bytearray that fits into the buffer, and tells how many there are.
pub(crate) fn copy_bytes(data: &Bound<'_, PyAny>, buffer: &mut [u8]) -> Option<usize> {
    let array = data.cast_exact::<PyByteArray>().ok()?;
    // SAFETY: the interpreter lock is held and no Python code runs, so that the bytes stay where
    // they are while they are copied.
    let bytes = unsafe { array.as_bytes() };
    buffer.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(bytes.len())
}

/// Sets an attribute. The object must be a message.
pub(super) fn set(message: &Bound<'_, PyAny>, field: Field, value: Bound<'_, PyAny>) {
    let slot = slot(message, field);
    // SAFETY: as in `try_get`; the old value is released only after the new one is in its place,
    // for that may run any code.
    let old = unsafe { std::mem::replace(&mut *slot, value.into_ptr()) };
    // SAFETY: the slot owned this reference.
    drop(unsafe { Bound::from_owned_ptr_or_opt(message.py(), old) });
}

/// A new message of exactly this class with these values, in the order of [`Field`].
///
/// The garbage collector does not look at it: what the library puts into a message makes no cycle.
pub(crate) fn create<'py>(
    py: Python<'py>,
    values: [Bound<'py, PyAny>; FIELDS],
) -> PyResult<Bound<'py, PyAny>> {
    let class = class(py)?;
    // SAFETY: the class is ours, so that the memory is that of `Slots`. What comes back is a new
    // object, or null with an exception set; the collector does not see it, and nobody else does
    // before all of its memory is written.
    unsafe {
        let slots = ffi::PyObject_GC_New::<Slots>(class.as_type_ptr());
        if slots.is_null() {
            return Err(PyErr::fetch(py));
        }
        (&raw mut (*slots).fields).write(values.map(Bound::into_ptr));
        (&raw mut (*slots).weak).write(ptr::null_mut());
        Ok(Bound::from_owned_ptr(py, slots.cast()))
    }
}

/// Runs the body of a method of the class and turns its failure into what C expects.
fn guard<T>(failed: T, body: impl for<'py> FnOnce(Python<'py>) -> PyResult<T>) -> T {
    // SAFETY: the interpreter calls the methods of a class only with its lock held.
    let py = unsafe { Python::assume_attached() };
    body(py).unwrap_or_else(|error| {
        error.restore(py);
        failed
    })
}

/// A borrowed argument.
///
/// # Safety
/// The pointer must be a valid object for the duration of the call.
unsafe fn borrowed(py: Python<'_>, object: *mut ffi::PyObject) -> Bound<'_, PyAny> {
    // SAFETY: as promised by the caller.
    unsafe { Bound::from_borrowed_ptr(py, object) }
}

/// The arguments of a call.
///
/// # Safety
/// `args` must be a tuple, `named` a dictionary or null.
unsafe fn arguments(
    py: Python<'_>,
    args: *mut ffi::PyObject,
    named: *mut ffi::PyObject,
) -> PyResult<(Bound<'_, PyTuple>, Option<Bound<'_, PyDict>>)> {
    // SAFETY: as promised by the caller.
    unsafe {
        let args = borrowed(py, args).cast_into::<PyTuple>()?;
        let named = match Bound::from_borrowed_ptr_or_opt(py, named) {
            Some(named) => Some(named.cast_into::<PyDict>()?),
            None => None,
        };
        Ok((args, named))
    }
}

unsafe extern "C" fn init(
    slf: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    named: *mut ffi::PyObject,
) -> c_int {
    guard(-1, |py| {
        // SAFETY: `tp_init` is called with an instance, a tuple and a dictionary or null.
        let (slf, (args, named)) = unsafe { (borrowed(py, slf), arguments(py, args, named)?) };
        make::initialize(&slf, &args, named.as_ref())?;
        Ok(0)
    })
}

unsafe extern "C" fn init_method(
    slf: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    named: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guard(ptr::null_mut(), |py| {
        // SAFETY: a method is called with an instance, a tuple and a dictionary or null.
        let (slf, (args, named)) = unsafe { (borrowed(py, slf), arguments(py, args, named)?) };
        make::initialize(&slf, &args, named.as_ref())?;
        Ok(py.None().into_ptr())
    })
}

unsafe extern "C" fn equals(
    slf: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    named: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guard(ptr::null_mut(), |py| {
        // SAFETY: as for `init_method`.
        let (slf, (args, named)) = unsafe { (borrowed(py, slf), arguments(py, args, named)?) };
        let equal = check::equals(&slf, &args, named.as_ref())?;
        Ok(equal.into_pyobject(py)?.to_owned().into_ptr().cast())
    })
}

/// Methods that take nothing but the message.
macro_rules! plain {
    ($($name:ident => $body:expr;)*) => {$(
        unsafe extern "C" fn $name(
            slf: *mut ffi::PyObject,
            _: *mut ffi::PyObject,
        ) -> *mut ffi::PyObject {
            guard(ptr::null_mut(), |py| {
                // SAFETY: a method is called with an instance.
                let slf = unsafe { borrowed(py, slf) };
                let body: fn(&Bound<'_, PyAny>) -> PyResult<Py<PyAny>> = $body;
                Ok(body(&slf)?.into_ptr())
            })
        }
    )*};
}

plain! {
    bytes => |slf| {
        let data = get(slf, Field::Data)?;
        // SAFETY: the argument is a valid object; a new reference or null comes back.
        unsafe { Bound::from_owned_ptr_or_err(slf.py(), ffi::PyBytes_FromObject(data.as_ptr())) }
            .map(Bound::unbind)
    };
    copy => |slf| make::copy(slf).map(Bound::unbind);
    check_method => |slf| check::check(slf).map(|()| slf.py().None());
}

unsafe extern "C" fn deep_copy(
    slf: *mut ffi::PyObject,
    memo: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guard(ptr::null_mut(), |py| {
        // SAFETY: a method of one argument is called with an instance and that.
        let (slf, memo) = unsafe { (borrowed(py, slf), borrowed(py, memo)) };
        Ok(make::deep_copy(&slf, &memo)?.into_ptr())
    })
}

unsafe extern "C" fn format(
    slf: *mut ffi::PyObject,
    spec: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guard(ptr::null_mut(), |py| {
        // SAFETY: as for `deep_copy`.
        let (slf, spec) = unsafe { (borrowed(py, slf), borrowed(py, spec)) };
        if spec.is_truthy()? {
            let why = "a message has no format but the empty one";
            return Err(PyValueError::new_err(why));
        }
        Ok(slf.str()?.into_ptr())
    })
}

unsafe extern "C" fn str(slf: *mut ffi::PyObject) -> *mut ffi::PyObject {
    guard(ptr::null_mut(), |py| {
        // SAFETY: a slot of the class is called with an instance.
        let slf = unsafe { borrowed(py, slf) };
        Ok(PyString::new(py, &text::line(&slf)?).into_ptr())
    })
}

unsafe extern "C" fn repr(slf: *mut ffi::PyObject) -> *mut ffi::PyObject {
    guard(ptr::null_mut(), |py| {
        // SAFETY: as for `str`.
        let slf = unsafe { borrowed(py, slf) };
        Ok(PyString::new(py, &text::expression(&slf)?).into_ptr())
    })
}

unsafe extern "C" fn length(slf: *mut ffi::PyObject) -> ffi::Py_ssize_t {
    guard(-1, |py| {
        // SAFETY: as for `str`.
        let slf = unsafe { borrowed(py, slf) };
        let length: ffi::Py_ssize_t = get(&slf, Field::Dlc)?.extract()?;
        if length < 0 {
            return Err(PyValueError::new_err("__len__() should return >= 0"));
        }
        Ok(length)
    })
}

/// A message is true whatever its length.
unsafe extern "C" fn truth(_: *mut ffi::PyObject) -> c_int {
    1
}

unsafe extern "C" fn traverse(
    slf: *mut ffi::PyObject,
    visit: ffi::visitproc,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: the collector calls this with an instance; nothing but its callback is called.
    unsafe {
        let slots = slf.cast::<Slots>();
        for object in (*slots)
            .fields
            .into_iter()
            .chain([ffi::Py_TYPE(slf).cast()])
        {
            if !object.is_null() {
                let answer = visit(object, arg);
                if answer != 0 {
                    return answer;
                }
            }
        }
    }
    0
}

unsafe extern "C" fn clear(slf: *mut ffi::PyObject) -> c_int {
    // SAFETY: called with an instance; each slot is emptied before its object is released, for
    // that may run any code.
    unsafe {
        let slots = slf.cast::<Slots>();
        for index in 0..FIELDS {
            let old = std::mem::replace(&mut (*slots).fields[index], ptr::null_mut());
            ffi::Py_XDECREF(old);
        }
    }
    0
}

unsafe extern "C" fn free(slf: *mut ffi::PyObject) {
    // SAFETY: called once, with an instance that nobody refers to any more. The type of a heap
    // class is owned by each of its instances.
    unsafe {
        ffi::PyObject_GC_UnTrack(slf.cast());
        if !(*slf.cast::<Slots>()).weak.is_null() {
            ffi::PyObject_ClearWeakRefs(slf);
        }
        clear(slf);
        let class = ffi::Py_TYPE(slf);
        ffi::PyObject_GC_Del(slf.cast());
        ffi::Py_DECREF(class.cast());
    }
}

const fn method(
    name: &'static CStr,
    meth: ffi::PyMethodDefPointer,
    flags: c_int,
    doc: &'static CStr,
) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: meth,
        ml_flags: flags,
        ml_doc: doc.as_ptr(),
    }
}

const fn member(name: *const c_char, kind: c_int, offset: usize, flags: c_int) -> ffi::PyMemberDef {
    ffi::PyMemberDef {
        name,
        type_code: kind,
        offset: offset as ffi::Py_ssize_t,
        flags,
        doc: ptr::null(),
    }
}

fn methods() -> Vec<ffi::PyMethodDef> {
    let named = ffi::METH_VARARGS | ffi::METH_KEYWORDS;
    let with = |function| ffi::PyMethodDefPointer {
        PyCFunctionWithKeywords: function,
    };
    let plain = |function| ffi::PyMethodDefPointer {
        PyCFunction: function,
    };
    vec![
        // It takes the place of the one that the interpreter makes from `tp_init`, which has no
        // signature.
        method(
            c"__init__",
            with(init_method),
            named | ffi::METH_COEXIST,
            INIT_DOC,
        ),
        method(c"equals", with(equals), named, EQUALS_DOC),
        method(c"__bytes__", plain(bytes), ffi::METH_NOARGS, c"The data."),
        method(
            c"__copy__",
            plain(copy),
            ffi::METH_NOARGS,
            c"A message that shares the data.",
        ),
        method(
            c"__deepcopy__",
            plain(deep_copy),
            ffi::METH_O,
            c"A message with data of its own.",
        ),
        method(
            c"__format__",
            plain(format),
            ffi::METH_O,
            c"As str(); there is no other format.",
        ),
        method(
            c"_check",
            plain(check_method),
            ffi::METH_NOARGS,
            c"Raises ValueError unless it is a valid frame.",
        ),
        ffi::PyMethodDef::zeroed(),
    ]
}

fn members() -> Vec<ffi::PyMemberDef> {
    let pointer = size_of::<*mut ffi::PyObject>();
    let slot = |index| offset_of!(Slots, fields) + index * pointer;
    let mut members: Vec<_> = (NAMES.iter().enumerate())
        .map(|(index, name)| member(name.as_ptr(), ffi::Py_T_OBJECT_EX, slot(index), 0))
        .collect();
    let weak = c"__weaklistoffset__".as_ptr();
    members.push(member(
        weak,
        ffi::Py_T_PYSSIZET,
        offset_of!(Slots, weak),
        ffi::Py_READONLY,
    ));
    members.push(ffi::PyMemberDef::default());
    members
}

fn make_class(py: Python<'_>) -> PyResult<Py<PyType>> {
    // The class refers to both for as long as the process lives.
    let methods = Box::leak(methods().into_boxed_slice());
    let members = Box::leak(members().into_boxed_slice());
    let slot = |number: c_int, pointer: *mut c_void| ffi::PyType_Slot {
        slot: number,
        pfunc: pointer,
    };
    let mut slots = [
        slot(ffi::Py_tp_doc, DOC.as_ptr().cast_mut().cast()),
        slot(ffi::Py_tp_methods, methods.as_mut_ptr().cast()),
        slot(ffi::Py_tp_members, members.as_mut_ptr().cast()),
        slot(ffi::Py_tp_new, ffi::PyType_GenericNew as *mut c_void),
        slot(ffi::Py_tp_init, init as *mut c_void),
        slot(ffi::Py_tp_str, str as *mut c_void),
        slot(ffi::Py_tp_repr, repr as *mut c_void),
        slot(ffi::Py_nb_bool, truth as *mut c_void),
        slot(ffi::Py_mp_length, length as *mut c_void),
        slot(ffi::Py_tp_traverse, traverse as *mut c_void),
        slot(ffi::Py_tp_clear, clear as *mut c_void),
        slot(ffi::Py_tp_dealloc, free as *mut c_void),
        slot(0, ptr::null_mut()),
    ];
    let flags = ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_BASETYPE | ffi::Py_TPFLAGS_HAVE_GC;
    let mut spec = ffi::PyType_Spec {
        name: c"canbus.message.Message".as_ptr(),
        basicsize: size_of::<Slots>() as c_int,
        itemsize: 0,
        flags: flags as _,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the specification is complete and ends with a zero slot; names, methods and members
    // live for ever. A new reference or null comes back.
    let class = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&raw mut spec))? };
    let class = class.cast_into::<PyType>()?;
    // For copyreg, which pickles and copies by it.
    let names = Field::ALL.iter().map(|field| field.name());
    class.setattr(
        "__slots__",
        PyTuple::new(
            py,
            ["__weakref__"].into_iter().chain(names).collect::<Vec<_>>(),
        )?,
    )?;
    Ok(class.unbind())
}
