//! Which interface, channel and options a bus gets: from the program, the environment and
//! configuration files, as python-can finds them, so that its users' files work here.
//!
//! The first of these that has a key wins, each key for itself:
//!
//! 1. what the program gives for this bus ([`Configuration::set`]),
//! 2. the program's own defaults ([`set_default`]; `can.rc` in python-can),
//! 3. the environment variables of the context, such as `CAN_CHANNEL_HS`,
//! 4. the environment variables `CAN_INTERFACE`, `CAN_CHANNEL`, `CAN_BITRATE` and `CAN_CONFIG`
//!    (a JSON object),
//! 5. the section of the context in the configuration files, such as `[HS]`,
//! 6. their section `[default]`.
//!
//! The files are, on Linux and macOS, `~/can.conf`, `/etc/can.conf`, `~/.can` and `~/.canrc`; on
//! Windows `~/can.conf`, `can.ini` in the current folder and `%APPDATA%\can.ini`. All that exist are
//! read; where they differ, the **last** of these names wins.
//!
//! ```ini
//! [default]
//! interface = socketcan
//! channel = can0
//! bitrate = 500000
//!
//! [HS]
//! channel = can1
//! ```

#[doc(hidden)]
pub mod environment;
#[doc(hidden)]
pub mod ini;

use crate::error::{Context, Error, ErrorKind, Result};
use crate::options::Value;
use ini::Ini;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{env, fs, io, str};

/// Keys and values of one source. A key without a value (JSON's `null`) hides the same key in the
/// sources after it.
type Settings = BTreeMap<String, Option<Value>>;

/// What to open a bus with: the interface's name, the channel and the options.
#[derive(Debug, Clone, PartialEq)]
pub struct BusConfig {
    /// The backend's name, such as `socketcan`; not yet checked.
    pub interface: String,
    /// Which channel; `None` means the backend's default one.
    pub channel: Option<Value>,
    /// All other settings by name, to be checked against what the backend takes.
    pub options: BTreeMap<String, Value>,
}

/// How to find the configuration of a bus: what the program gives itself, and where to look for
/// the rest.
///
/// ```
/// use canbus::Value;
/// use canbus::config::Configuration;
/// # fn main() -> canbus::Result<()> {
/// let config = Configuration::new()
///     .ignore_config() // only what stands here
///     .set("interface", "virtual")
///     .set("channel", "test")
///     .set("receive_own_messages", true)
///     .load()?;
/// assert_eq!(config.interface, "virtual");
/// assert_eq!(config.channel, Some(Value::from("test")));
/// assert_eq!(config.options["receive_own_messages"], Value::Flag(true));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    given: Settings,
    context: Option<String>,
    file: Option<PathBuf>,
    ignore: bool,
}

impl Configuration {
    /// Takes everything from the program's defaults, the environment and the usual files.
    pub fn new() -> Configuration {
        Configuration::default()
    }

    /// Gives a value, which wins over every other source; `interface` and `channel` are keys too.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<Value>) -> Configuration {
        self.given.insert(key.into(), Some(value.into()));
        self
    }

    /// Prefers the section of this name, and the environment variables with `_` and this name
    /// after theirs. Its case matters.
    #[must_use]
    pub fn context(mut self, name: impl Into<String>) -> Configuration {
        self.context = Some(name.into());
        self
    }

    /// Reads this file in place of the usual ones.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Configuration {
        self.file = Some(path.into());
        self
    }

    /// Takes nothing but the values given by [`set`](Configuration::set), just as they are.
    #[must_use]
    pub fn ignore_config(mut self) -> Configuration {
        self.ignore = true;
        self
    }

    /// Reads all sources and puts the configuration together.
    ///
    /// Text that spells a number, `true` or `false` becomes one ([`Value::guess`]). The old name
    /// `bustype` stands for `interface`.
    ///
    /// # Errors
    /// `BackendUnavailable` if no source names an interface; `Malformed`, with file and line, for a
    /// bad file; `InvalidInput`, with the variable, for bad JSON in the environment, and for a `port`
    /// that is none; `Io` for a file that is there but can't be read, or that was asked for and is
    /// not there.
    pub fn load(&self) -> Result<BusConfig> {
        let defaults = defaults().clone();
        self.load_from(
            defaults,
            &System {
                os: env::consts::OS,
                variable: &|name| or_home(name, env::var_os(name)),
                read: &read,
            },
        )
    }

    fn load_from(&self, defaults: Settings, system: &System) -> Result<BusConfig> {
        if self.ignore {
            let mut given = self.given.clone();
            rename_bustype(&mut given);
            return split(given);
        }
        let mut sources = vec![self.given.clone(), defaults];
        let context = self.context.as_deref().filter(|name| !name.is_empty());
        let files = self.files(system)?;
        if let Some(name) = context {
            let own = environment::settings(Some(name), system.variable)?;
            if is_unknown(name, &own, &files) {
                log::warn!("context {name} is configured nowhere (its case matters)");
            }
            sources.push(own);
        }
        sources.push(environment::settings(None, system.variable)?);
        for section in context.into_iter().chain(["default"]) {
            let options = files.section(section)?.unwrap_or_default();
            let options = options.into_iter();
            sources.push(options.map(|(k, v)| (k, Some(Value::Text(v)))).collect());
        }
        split(checked(merge(sources))?)
    }

    /// The contents of the configuration files.
    fn files(&self, system: &System) -> Result<Ini> {
        let mut ini = Ini::default();
        let usual = || usual_files(system.os, system.variable);
        for path in self.file.clone().map_or_else(usual, |path| vec![path]) {
            let name = path.display();
            match (system.read)(&path).context(&name)? {
                Some(bytes) => ini.read(&name.to_string(), text(&name, &bytes)?)?,
                // A file that was asked for by name must be there.
                None if self.file.is_some() => {
                    let error = Error::new(ErrorKind::Io, "there is no such file");
                    return Err(error.context(name));
                }
                None => {}
            }
        }
        Ok(ini)
    }
}

/// Whether a context is configured nowhere. python-can is silent then; but the bus may get the
/// wrong bitrate.
fn is_unknown(context: &str, variables: &Settings, files: &Ini) -> bool {
    variables.is_empty() && !files.has_section(context)
}

/// Sets a default for every bus that this program configures from now on; `can.rc[key] = value` in
/// python-can. It wins over the environment and files.
pub fn set_default(key: impl Into<String>, value: impl Into<Value>) {
    defaults().insert(key.into(), Some(value.into()));
}

/// Takes a default of [`set_default`] back.
pub fn remove_default(key: &str) {
    defaults().remove(key);
}

fn defaults() -> MutexGuard<'static, Settings> {
    static DEFAULTS: Mutex<Settings> = Mutex::new(Settings::new());
    // A map is whole even if somebody panicked while holding it.
    DEFAULTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What surrounds the program, so that tests can bring their own.
struct System<'a> {
    /// As in [`env::consts::OS`].
    os: &'a str,
    /// The environment variable of this name.
    variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The contents of a file; `None` if there is none of this name.
    read: &'a dyn Fn(&Path) -> io::Result<Option<Vec<u8>>>,
}

/// The value of an environment variable; for `HOME` what the system knows, where it is not set.
fn or_home(name: &str, value: Option<OsString>) -> Option<OsString> {
    value.or_else(|| match name {
        "HOME" => env::home_dir().map(PathBuf::into_os_string),
        _ => None,
    })
}

/// A real file. A folder is no file, and neither is what lies in a folder that is closed to us:
/// somebody else's home, say.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    if path.exists() && !path.is_dir() {
        fs::read(path).map(Some)
    } else {
        Ok(None)
    }
}

/// The files that configuration is read from, in the order of reading.
fn usual_files(os: &str, variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let below = |folder: Option<OsString>, name: &str| {
        folder.map(|mut path| {
            path.push(name);
            PathBuf::from(path)
        })
    };
    let files = match os {
        "windows" => {
            let home = variable("USERPROFILE").or_else(|| {
                let mut home = variable("HOMEDRIVE").unwrap_or_default();
                home.push(variable("HOMEPATH")?);
                Some(home)
            });
            vec![
                below(home, "/can.conf"),
                Some("can.ini".into()),
                below(variable("APPDATA"), "\\can.ini"),
            ]
        }
        "linux" | "macos" => vec![
            below(variable("HOME"), "/can.conf"),
            Some("/etc/can.conf".into()),
            below(variable("HOME"), "/.can"),
            below(variable("HOME"), "/.canrc"),
        ],
        _ => vec![below(variable("HOME"), "/can.conf")],
    };
    files.into_iter().flatten().collect()
}

/// A file's bytes as text, without the mark that Windows editors put first.
fn text<'a>(name: &impl std::fmt::Display, bytes: &'a [u8]) -> Result<&'a str> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let valid = &bytes[..error.valid_up_to()];
        let line = 1 + memchr::memchr_iter(b'\n', valid).count();
        Error::malformed(format!("{name}, line {line}: not UTF-8 text"))
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// For each key the value of the first source that has it, in its own form where it was text.
fn merge(sources: Vec<Settings>) -> Settings {
    let mut merged = Settings::new();
    for mut source in sources {
        rename_bustype(&mut source);
        for (key, value) in source {
            merged.entry(key).or_insert_with(|| match value {
                Some(Value::Text(text)) => Some(Value::guess(&text)),
                other => other,
            });
        }
    }
    merged
}

/// In each source by itself, so that a `bustype` wins over the `interface` of a later one.
fn rename_bustype(source: &mut Settings) {
    if let Some(bustype) = source.remove("bustype")
        && is_blank(source.get("interface"))
    {
        source.insert("interface".into(), bustype);
    }
}

fn is_blank(setting: Option<&Option<Value>>) -> bool {
    match setting {
        Some(Some(Value::Text(text))) => text.is_empty(),
        Some(Some(_)) => false,
        Some(None) | None => true,
    }
}

/// Brings the values that python-can itself looks at into their form.
fn checked(mut settings: Settings) -> Result<Settings> {
    if let Some(Some(fd)) = settings.get_mut("fd")
        && let Some(flag) = fd.as_flag()
    {
        *fd = Value::Flag(flag);
    }
    match settings.get("port") {
        // 65535 is a port too, but python-can refuses it.
        None | Some(None | Some(Value::Integer(1..=65_534))) => Ok(settings),
        Some(Some(port)) => Err(Error::invalid(format!(
            "option port is {port}, but expected a whole number from 1 to 65534"
        ))),
    }
}

/// Takes interface and channel out of the rest.
fn split(mut settings: Settings) -> Result<BusConfig> {
    if is_blank(settings.get("interface")) {
        return Err(Error::new(
            ErrorKind::BackendUnavailable,
            "no interface is configured; name one, or set CAN_INTERFACE, \
             or write \"interface = …\" under [default] into ~/can.conf",
        ));
    }
    let mut take = |key| settings.remove(key).flatten();
    let (interface, channel) = (take("interface"), take("channel"));
    Ok(BusConfig {
        interface: interface.map(|name| name.to_string()).unwrap_or_default(),
        channel,
        options: settings
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect(),
    })
}

#[cfg(test)]
mod tests;
