//! The names of full files, and how a file gets one without harm to another.

use super::{Context, ErrorKind, Result};
use crate::error::Error;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// What makes a name of the usual one.
pub(super) type Namer = Box<dyn FnMut(&Path) -> PathBuf + Send>;

/// How full files are named.
pub(super) struct Names {
    /// The name that those of full files are made of.
    like: PathBuf,
    namer: Option<Namer>,
}

impl Names {
    pub(super) fn new(like: PathBuf, namer: Option<Namer>) -> Names {
        Names { like, namer }
    }

    /// Moves a file to the next name that no file has: rotation must not cost an older log. Gives
    /// the name and the count in it, `count` or a later one.
    pub(super) fn give(
        &mut self,
        file: &Path,
        mut count: u32,
        mut rename: impl FnMut(&Path, &Path) -> Result<()>,
    ) -> Result<(PathBuf, u32)> {
        let time = jiff::Zoned::now().strftime("%Y-%m-%dT%H%M%S").to_string();
        let mut taken = PathBuf::new();
        loop {
            let usual = usual_name(&self.like, &time, count);
            let name = match &mut self.namer {
                Some(namer) => namer(&usual),
                None => usual,
            };
            if name == taken {
                return Err(Error::invalid(format!(
                    "{}: there is such a file; a namer gives each file a name of its own",
                    name.display()
                )));
            }
            // A broken link is a name that is taken, too.
            if fs::symlink_metadata(&name).is_err() {
                match rename(file, &name) {
                    Err(error) if is_taken(&error) => {}
                    Err(error) => {
                        let (file, name) = (file.display(), name.display());
                        return Err(error).context(format_args!("cannot rename {file} to {name}"));
                    }
                    Ok(()) => return Ok((name, count)),
                }
            }
            taken = name;
            count = count.wrapping_add(1);
        }
    }

    /// The full files that are there, whoever wrote them, with the time of their last change and
    /// their size; none where a namer makes names that cannot be told from others.
    pub(super) fn existing(&self) -> Result<Vec<(PathBuf, fs::Metadata)>> {
        if self.namer.is_some() {
            return Ok(Vec::new());
        }
        let folder = match self.like.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).context(folder.display())? {
            let entry = entry.context(folder.display())?;
            if !is_usual_name(&self.like, &entry.file_name()) {
                continue;
            }
            match entry.metadata() {
                // The name as it is given to others, without the dot for the folder.
                Ok(about) if about.is_file() => {
                    found.push((self.like.with_file_name(entry.file_name()), about));
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).context(entry.path().display()),
            }
        }
        Ok(found)
    }
}

fn is_taken(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref());
    cause.is_some_and(|cause: &io::Error| cause.kind() == io::ErrorKind::AlreadyExists)
}

/// Renames a file in one step that fails where the new name is taken.
pub(super) fn rename(from: &Path, to: &Path) -> Result<()> {
    // A temporary file's name is what has such a step; nothing is temporary here.
    let mut source = TempPath::try_from_path(from)?;
    source.disable_cleanup(true);
    match source.persist_noclobber(to).map_err(|error| error.error) {
        Ok(()) if fs::symlink_metadata(from).is_err() => Ok(()),
        Ok(()) => Err(Error::new(
            ErrorKind::Io,
            "the file got its new name but did not lose the old one",
        )),
        Err(error) => match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound => Err(error.into()),
            // File systems that know neither such a step nor hard links.
            _ if fs::symlink_metadata(to).is_err() => Ok(fs::rename(from, to)?),
            _ => Err(error.into()),
        },
    }
}

/// What stands before and behind time and count: `drive` and `.log.gz`. The name is taken as it
/// is, be it text or not.
fn parts(like: &Path) -> (OsString, OsString) {
    let is_gzip = |suffix: &&OsStr| suffix.eq_ignore_ascii_case("gz");
    let gzip = like.extension().filter(is_gzip);
    let plain = gzip.and(like.file_stem()).or(like.file_name());
    let plain = Path::new(plain.unwrap_or_default());
    let mut suffixes = OsString::new();
    for suffix in plain.extension().into_iter().chain(gzip) {
        suffixes.push(".");
        suffixes.push(suffix);
    }
    (
        plain.file_stem().unwrap_or_default().to_os_string(),
        suffixes,
    )
}

/// `drive.log.gz` → `drive_TIME_#COUNT.log.gz`, in the same folder.
fn usual_name(like: &Path, time: &str, count: u32) -> PathBuf {
    let (mut name, suffixes) = parts(like);
    name.push(format!("_{time}_#{count:03}"));
    name.push(suffixes);
    like.with_file_name(name)
}

/// Whether a name is one that [`usual_name`] makes: `_2026-05-31T142500_#000` between the parts.
fn is_usual_name(like: &Path, name: &OsStr) -> bool {
    const SHAPE: &[u8] = b"_0000-00-00T000000_#";
    let (stem, suffixes) = parts(like);
    let between = name
        .as_encoded_bytes()
        .strip_prefix(stem.as_encoded_bytes())
        .and_then(|rest| rest.strip_suffix(suffixes.as_encoded_bytes()));
    let Some((time, count)) = between.and_then(|between| between.split_at_checked(SHAPE.len()))
    else {
        return false;
    };
    let digit = |byte: &u8| byte.is_ascii_digit();
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => digit(byte),
        _ => byte == shape,
    };
    time.iter().zip(SHAPE).all(fits) && count.len() >= 3 && count.iter().all(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_time_and_count_before_all_suffixes() {
        let name = |base: &str| usual_name(Path::new(base), "T", 7).display().to_string();
        assert_eq!(name("a/drive.blf"), "a/drive_T_#007.blf");
        assert_eq!(name("drive.log.gz"), "drive_T_#007.log.gz");
        assert_eq!(name("a.b/x.y.log"), "a.b/x.y_T_#007.log");
        assert_eq!(name("plain"), "plain_T_#007");
        assert_eq!(name("a/Drive.LOG.GZ"), "a/Drive_T_#007.LOG.GZ");
        assert_eq!(name("a/.log"), "a/.log_T_#007");
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_text_stays_as_it_is() {
        use std::os::unix::ffi::OsStrExt;
        let like = Path::new(OsStr::from_bytes(b"a/\xFF\xE4.b.\xFE.gz"));
        let name = usual_name(like, "T", 7);
        assert_eq!(name.as_os_str().as_bytes(), b"a/\xFF\xE4.b_T_#007.\xFE.gz");
        let own = usual_name(like, "2026-05-31T142500", 7);
        assert!(is_usual_name(like, own.file_name().expect("a name")));
    }

    #[test]
    fn own_names_are_told_from_all_others() {
        let own = |name: &str| is_usual_name(Path::new("x/drive.log.gz"), OsStr::new(name));
        assert!(own("drive_2026-05-31T142500_#000.log.gz"));
        assert!(own("drive_2026-05-31T142500_#1234.log.gz"));
        for other in [
            "drive.log.gz",
            "drive_2026-05-31T142500_#00.log.gz",
            "drive_2026-05-31T142500_#0x0.log.gz",
            "drive_2026-05-31T142500_#000.log",
            "drive_2026-05-31T142500_#000.blf.gz",
            "drive2_2026-05-31T142500_#000.log.gz",
            "drive_x_2026-05-31T142500_#000.log.gz",
            "drive_2026-05-31 142500_#000.log.gz",
            "drive_2026-05-31T142500_#000_x.log.gz",
            "drive_2026-05-31T142500_#.log.gz",
            "Drive_2026-05-31T142500_#000.log.gz",
        ] {
            assert!(!own(other), "{other}");
        }
    }

    #[test]
    fn renaming_replaces_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "a").expect("written");
        fs::write(path("b"), "b").expect("written");
        let error = rename(&path("a"), &path("b")).expect_err("taken");
        assert!(is_taken(&error), "{error}");
        rename(&path("a"), &path("c")).expect("free");
        let read = |name: &str| fs::read_to_string(path(name)).expect("there");
        assert_eq!((read("b"), read("c")), ("b".into(), "a".into()));
        assert!(!path("a").exists());
        let error = rename(&path("a"), &path("d")).expect_err("gone");
        assert!(!is_taken(&error), "{error}");
    }
}
