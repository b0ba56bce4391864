//! What `canbus.util` asks of the library: configuration files, text that spells a value.

use crate::errors::OrRaise;
use canbus::Value;
use canbus::config::ini::Ini;
use pyo3::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// A section of configuration files, where the later file wins; empty if none has it. Files that do
/// not exist are passed over.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 gives arguments by value"
)]
pub(crate) fn file_section(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    section: &str,
) -> PyResult<BTreeMap<String, String>> {
    let mut ini = Ini::default();
    for path in paths.iter().filter(|path| path.is_file()) {
        let text = fs::read_to_string(path)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        ini.read(&path.display().to_string(), text).or_raise(py)?;
    }
    Ok(ini.section(section).or_raise(py)?.unwrap_or_default())
}

/// The number or flag that a text spells, else the text.
#[pyfunction]
pub(crate) fn guess<'py>(py: Python<'py>, text: &str) -> Bound<'py, PyAny> {
    crate::bus::object(py, &Value::guess(text))
}
