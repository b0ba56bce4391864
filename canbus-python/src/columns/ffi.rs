//! The structures of Arrow's C data and C stream interfaces, and who releases them
//! (<https://arrow.apache.org/docs/format/CDataInterface.html>).

use std::any::Any;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

/// A field may be missing.
const NULLABLE: i64 = 2;
/// What `get_next` answers after a failure: an input/output error.
const EIO: c_int = 5;

/// The type of a column.
#[repr(C)]
pub(super) struct ArrowSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut ArrowSchema,
    dictionary: *mut ArrowSchema,
    release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    private_data: *mut c_void,
}

/// The values of a column.
#[repr(C)]
pub(super) struct ArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut ArrowArray,
    dictionary: *mut ArrowArray,
    release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

/// Columns that come in pieces.
#[repr(C)]
pub(super) struct ArrowArrayStream {
    get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    private_data: *mut c_void,
}

// SAFETY: whoever holds one of them owns all that it points to, which is made of vectors, strings
// and, in a stream, a `Pieces` that is Send.
unsafe impl Send for ArrowSchema {}
// SAFETY: as above.
unsafe impl Send for ArrowArrayStream {}

/// Where a stream's pieces come from.
pub(super) trait Pieces: Send {
    /// The type of all pieces.
    fn schema(&self) -> ArrowSchema;

    /// The next piece; none at the end.
    fn next(&mut self) -> Result<Option<ArrowArray>, String>;
}

/// The values of a column in memory, kept as long as somebody refers to them.
pub(super) struct Buffer {
    start: *const c_void,
    kept: Option<Box<dyn Any>>,
}

impl Buffer {
    /// Values one behind another.
    pub(super) fn of<T: 'static>(values: Vec<T>) -> Buffer {
        Buffer {
            start: values.as_ptr().cast(),
            kept: Some(Box::new(values)),
        }
    }

    /// In the place of a bitmap of what is missing: nothing is.
    pub(super) fn none() -> Buffer {
        Buffer {
            start: ptr::null(),
            kept: None,
        }
    }
}

/// What a schema owns.
struct OwnedSchema {
    format: CString,
    name: CString,
    children: Vec<*mut ArrowSchema>,
}

/// What an array owns.
struct OwnedArray {
    starts: Vec<*const c_void>,
    _kept: Vec<Option<Box<dyn Any>>>,
    children: Vec<*mut ArrowArray>,
}

impl ArrowSchema {
    /// The type of a column, with those of the columns in it.
    pub(super) fn new(
        name: &CStr,
        format: &CStr,
        nullable: bool,
        children: Vec<ArrowSchema>,
    ) -> ArrowSchema {
        let children = children
            .into_iter()
            .map(|child| Box::into_raw(Box::new(child)));
        let mut owned = Box::new(OwnedSchema {
            format: format.to_owned(),
            name: name.to_owned(),
            children: children.collect(),
        });
        ArrowSchema {
            format: owned.format.as_ptr(),
            name: owned.name.as_ptr(),
            metadata: ptr::null(),
            flags: if nullable { NULLABLE } else { 0 },
            n_children: owned.children.len() as i64,
            children: owned.children.as_mut_ptr(),
            dictionary: ptr::null_mut(),
            release: Some(release_schema),
            private_data: Box::into_raw(owned).cast(),
        }
    }
}

impl ArrowArray {
    /// The values of a column, with the columns in it.
    pub(super) fn new(
        length: usize,
        missing: usize,
        buffers: Vec<Buffer>,
        children: Vec<ArrowArray>,
    ) -> ArrowArray {
        let children = children
            .into_iter()
            .map(|child| Box::into_raw(Box::new(child)));
        let mut owned = Box::new(OwnedArray {
            starts: buffers.iter().map(|buffer| buffer.start).collect(),
            _kept: buffers.into_iter().map(|buffer| buffer.kept).collect(),
            children: children.collect(),
        });
        ArrowArray {
            length: length as i64,
            null_count: missing as i64,
            offset: 0,
            n_buffers: owned.starts.len() as i64,
            n_children: owned.children.len() as i64,
            buffers: owned.starts.as_mut_ptr(),
            children: owned.children.as_mut_ptr(),
            dictionary: ptr::null_mut(),
            release: Some(release_array),
            private_data: Box::into_raw(owned).cast(),
        }
    }

    /// What stands for the end of a stream.
    fn end() -> ArrowArray {
        ArrowArray {
            length: 0,
            null_count: 0,
            offset: 0,
            n_buffers: 0,
            n_children: 0,
            buffers: ptr::null_mut(),
            children: ptr::null_mut(),
            dictionary: ptr::null_mut(),
            release: None,
            private_data: ptr::null_mut(),
        }
    }
}

unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // SAFETY: the interface says that it is called once, with a structure of ours; its children
    // are ours too, and those that somebody took have no `release` any more.
    unsafe {
        let owned = Box::from_raw((*schema).private_data.cast::<OwnedSchema>());
        for &child in &owned.children {
            drop(Box::from_raw(child));
        }
        (*schema).release = None;
    }
}

unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // SAFETY: as in `release_schema`.
    unsafe {
        let owned = Box::from_raw((*array).private_data.cast::<OwnedArray>());
        for &child in &owned.children {
            drop(Box::from_raw(child));
        }
        (*array).release = None;
    }
}

impl Drop for ArrowSchema {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: nobody released it yet.
            unsafe { release(self) }
        }
    }
}

impl Drop for ArrowArray {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: nobody released it yet.
            unsafe { release(self) }
        }
    }
}

impl Drop for ArrowArrayStream {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: nobody released it yet.
            unsafe { release(self) }
        }
    }
}

/// What a stream owns.
struct OwnedStream {
    pieces: Box<dyn Pieces>,
    error: CString,
}

impl ArrowArrayStream {
    /// A stream of pieces.
    pub(super) fn new(pieces: impl Pieces + 'static) -> ArrowArrayStream {
        let owned = Box::new(OwnedStream {
            pieces: Box::new(pieces),
            error: CString::default(),
        });
        ArrowArrayStream {
            get_schema: Some(get_schema),
            get_next: Some(get_next),
            get_last_error: Some(get_last_error),
            release: Some(release_stream),
            private_data: Box::into_raw(owned).cast(),
        }
    }
}

unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    // SAFETY: called with a stream of ours that is not released, by one thread at a time, and
    // with room for a schema.
    unsafe {
        let owned = (*stream).private_data.cast::<OwnedStream>();
        out.write((*owned).pieces.schema());
    }
    0
}

unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    // SAFETY: as in `get_schema`.
    unsafe {
        let owned = &mut *(*stream).private_data.cast::<OwnedStream>();
        match owned.pieces.next() {
            Ok(piece) => {
                out.write(piece.unwrap_or_else(ArrowArray::end));
                0
            }
            Err(error) => {
                owned.error = CString::new(error).unwrap_or_default();
                EIO
            }
        }
    }
}

unsafe extern "C" fn get_last_error(stream: *mut ArrowArrayStream) -> *const c_char {
    // SAFETY: as in `get_schema`; the text stays until the next call.
    unsafe {
        (*(*stream).private_data.cast::<OwnedStream>())
            .error
            .as_ptr()
    }
}

unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
    // SAFETY: called once, with a stream of ours.
    unsafe {
        drop(Box::from_raw((*stream).private_data.cast::<OwnedStream>()));
        (*stream).release = None;
    }
}
