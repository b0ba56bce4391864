//! The first process of a kernel: mounts, loads modules, makes CAN interfaces, runs the job, writes
//! down its exit status, switches off.

use super::job::{self, Orders};
use crate::report::say;
use rustix::fs::sync;
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, finit_module, reboot};
use rustix::termios::{OptionalActions, tcdrain, tcgetattr, tcsetattr};
use std::ffi::CString;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};

/// The serial lines that lead to the output and the errors of whoever booted this.
const OUTPUT: &str = "/dev/ttyS0";
const ERRORS: &str = "/dev/ttyS1";

/// What is mounted besides the root: what, where, of which type, with which options.
const MOUNTS: &[(&str, &str, &str, &str)] = &[
    ("proc", "/proc", "proc", ""),
    ("sysfs", "/sys", "sysfs", ""),
    ("devtmpfs", "/dev", "devtmpfs", ""),
    (
        "devpts",
        "/dev/pts",
        "devpts",
        "gid=5,mode=620,ptmxmode=666",
    ),
    ("shm", "/dev/shm", "tmpfs", ""),
    ("run", "/run", "tmpfs", ""),
];

/// What every job finds.
const INTERFACES: [&str; 4] = ["vcan0", "vcan1", "vcan2", "vcan3"];

/// Does all of it. Returns only where the kernel cannot be switched off.
pub(crate) fn first_process(arguments: &[String]) -> ExitCode {
    if std::process::id() != 1 {
        return ExitCode::from(2);
    }
    // User-mode-linux adds words of its own behind ours.
    if let Some(folder) = arguments.first() {
        let folder = Path::new(folder);
        let mounted = arguments.get(1).is_some_and(|word| word == "mounted");
        let answer = prepare(folder, mounted).and_then(|orders| run(&orders));
        if let Err(error) = job::write_answer(folder, &answer) {
            say(format!("cannot write the answer {answer:?}: {error}"));
        }
    }
    sync();
    let _ = reboot(RebootCommand::PowerOff);
    ExitCode::FAILURE
}

/// `mounted`: the folder is there already.
fn prepare(folder: &Path, mounted: bool) -> Result<Orders, String> {
    for &(what, place, kind, options) in MOUNTS {
        // These two stand in a folder of the mount before them, which starts empty.
        if place.starts_with("/dev/") {
            let _ = fs::create_dir(place);
        }
        attach(what, Path::new(place), kind, options)?;
    }
    let name = folder.display().to_string();
    if !mounted {
        attach("none", folder, "hostfs", &name)?;
    }
    let orders = Orders::read(folder)?;
    // Over the machine's own, unless the job itself lies there.
    let below = |path: &str| path.starts_with("/tmp/");
    if !below(&name) && !below(&orders.directory) && !orders.arguments.iter().any(|one| below(one))
    {
        attach("tmp", Path::new("/tmp"), "tmpfs", "")?;
    }
    for module in &orders.modules {
        load(module)?;
    }
    network(&orders)?;
    Ok(orders)
}

fn attach(what: &str, place: &Path, kind: &str, options: &str) -> Result<(), String> {
    let options = CString::new(options).map_err(|error| error.to_string())?;
    match mount(what, place, kind, MountFlags::empty(), options.as_c_str()) {
        // devtmpfs is there already in kernels that mount it themselves.
        Ok(()) | Err(Errno::BUSY) => Ok(()),
        Err(error) => Err(format!(
            "cannot mount {kind} on {}: {error}",
            place.display()
        )),
    }
}

fn load(module: &str) -> Result<(), String> {
    let file = File::open(module).map_err(|error| format!("cannot open {module}: {error}"))?;
    match finit_module(&file, c"", 0) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(format!("cannot load {module}: {error}")),
    }
}

/// Loopback and the CAN interfaces, large enough for CAN FD.
fn network(orders: &Orders) -> Result<(), String> {
    let (ip, libraries) = &orders.ip;
    let ip = |line: &str| {
        let ran = Command::new(ip)
            .args(line.split(' '))
            .env("LD_LIBRARY_PATH", libraries)
            .output()
            .map_err(|error| format!("cannot run {ip}: {error}"))?;
        if ran.status.success() {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&ran.stderr).trim().to_string();
        Err(format!("ip {line}: {why}"))
    };
    ip("link set lo up")?;
    for name in INTERFACES {
        ip(&format!("link add {name} type vcan"))?;
        ip(&format!("link set {name} mtu 72 up"))?;
    }
    Ok(())
}

fn run(orders: &Orders) -> Result<u8, String> {
    let (program, arguments) = orders
        .arguments
        .split_first()
        .ok_or("there is no command")?;
    let (output, errors) = (line(OUTPUT)?, line(ERRORS)?);
    let both = |line: &File| line.try_clone().map_err(|error| error.to_string());
    let ran = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(orders.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&orders.directory)
        .stdin(File::open("/dev/null").map_err(|error| format!("cannot open /dev/null: {error}"))?)
        .stdout(both(&output)?)
        .stderr(both(&errors)?)
        .status()
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    for line in [&output, &errors] {
        // What is still on its way would be lost when the kernel is switched off.
        let _ = tcdrain(line);
    }
    Ok(status(ran))
}

/// Opens a serial line and makes it transparent: no carriage returns, no echo.
fn line(name: &str) -> Result<File, String> {
    let opened = File::options().read(true).write(true).open(name);
    let line = opened.map_err(|error| format!("cannot open {name}: {error}"))?;
    let raw = tcgetattr(&line).and_then(|mut settings| {
        settings.make_raw();
        tcsetattr(&line, OptionalActions::Now, &settings)
    });
    raw.map_err(|error| format!("cannot set {name} up: {error}"))?;
    Ok(line)
}

/// As a shell tells it: a program that a signal ended has 128 and the signal's number.
fn status(ran: ExitStatus) -> u8 {
    let code = ran.code().or(ran.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok())
        .unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_status_or_a_signal_becomes_the_status_that_a_shell_gives() {
        assert_eq!(status(ExitStatus::from_raw(101 << 8)), 101);
        assert_eq!(status(ExitStatus::from_raw(9)), 137);
    }

    #[test]
    fn nobody_but_a_kernel_starts_the_first_process() {
        assert_eq!(first_process(&["/nowhere".into()]), ExitCode::from(2));
    }
}
