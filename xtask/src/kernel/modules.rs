//! Which modules a kernel must load, and in which order.

use crate::process::failed;
use crate::report::Problem;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// What CAN needs, and a queue that can be slow; a kernel that lacks one of them is of no use here.
const NEEDED: &[&str] = &[
    "can", "can-raw", "can-bcm", "can-gw", "can-dev", "vcan", "vxcan", "slcan", "sch_tbf",
];

/// A module's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module(PathBuf);

impl Module {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Whether it is the module of this name.
    pub(super) fn is(&self, name: &str) -> bool {
        let file = self.0.file_name().map(|file| file.to_string_lossy());
        file.is_some_and(|file| file.split('.').next() == Some(name))
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.display(), f)
    }
}

/// The modules that CAN needs and these, each behind those it needs itself. `folder` is the one that
/// holds `modules.dep`.
pub(super) fn needed(folder: &Path, more: &[&str]) -> Result<Vec<Module>, Problem> {
    of(folder, &[NEEDED, more].concat())
}

/// The same for these alone.
pub(super) fn of(folder: &Path, names: &[&str]) -> Result<Vec<Module>, Problem> {
    let list = folder.join("modules.dep");
    let text = fs::read_to_string(&list)
        .map_err(|error| failed("cannot read", &list.display(), &error))?;
    let order = order(&text, names)
        .map_err(|name| Problem::Failed(format!("{} has no module {name}", list.display())))?;
    Ok(order
        .into_iter()
        .map(|file| Module(folder.join(file)))
        .collect())
}

/// The files of these modules and of what they need, in the order in which they can be loaded; or
/// the name of one that is not there. A line of `modules.dep` is `FILE: FILE…`, what is needed
/// last standing first.
fn order<'a>(dependencies: &'a str, names: &[&'a str]) -> Result<Vec<&'a str>, &'a str> {
    let mut order: Vec<&str> = Vec::new();
    for name in names {
        let line = dependencies.lines().find_map(|line| {
            let (file, needs) = line.split_once(':')?;
            let stem = file.rsplit('/').next()?.split('.').next()?;
            (stem == *name).then_some((file, needs))
        });
        let (file, needs) = line.ok_or(*name)?;
        for file in needs.split_whitespace().rev().chain([file]) {
            if !order.contains(&file) {
                order.push(file);
            }
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "net/can.ko:\nnet/can-raw.ko: net/can.ko\n\
        drivers/usb.ko.xz: drivers/b.ko drivers/a.ko\ndrivers/a.ko:\ndrivers/b.ko: drivers/a.ko\n";

    #[test]
    fn what_is_needed_is_loaded_before_and_once() {
        assert_eq!(
            order(LIST, &["can-raw", "can", "usb"]),
            Ok(vec![
                "net/can.ko",
                "net/can-raw.ko",
                "drivers/a.ko",
                "drivers/b.ko",
                "drivers/usb.ko.xz"
            ])
        );
    }

    #[test]
    fn a_module_that_is_not_there_is_named() {
        assert_eq!(order(LIST, &["can", "vcan"]), Err("vcan"));
    }
}
