//! User-mode-linux built from Debian's sources, with what Debian's own build of it lacks: USB and
//! the adapters on it, and ISO-TP. Built once; minutes of work, kept in a folder that may be shared.

use super::{Kernel, Kind};
use crate::debian;
use crate::process::{failed, find, must};
use crate::report::{Problem, say};
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The package of the sources; its folder has the same name.
const SOURCE: &str = "linux-source-6.12";

/// The variable that names a folder in which the kernel is kept, for machines that clean `target`.
const CACHE: &str = "CANBUS_KERNEL_CACHE";

/// Programs that building needs, each with its package.
const TOOLS: &[(&str, &str)] = &[
    ("make", "make"),
    ("gcc", "gcc"),
    ("bc", "bc"),
    ("flex", "flex"),
    ("bison", "bison"),
    ("m4", "m4"),
    ("xz", "xz-utils"),
];

/// What is switched on besides the least that a kernel has.
const ON: &[&str] = &[
    // A system that runs programs of the machine.
    "64BIT MULTIUSER PRINTK BUG KALLSYMS BINFMT_ELF BINFMT_SCRIPT PROC_FS SYSFS TMPFS SHMEM DEVTMPFS",
    "HOSTFS FILE_LOCKING FUTEX EPOLL EVENTFD SIGNALFD TIMERFD POSIX_TIMERS HIGH_RES_TIMERS AIO",
    "INOTIFY_USER ADVISE_SYSCALLS MEMBARRIER SYSVIPC POSIX_MQUEUE NAMESPACES NET_NS",
    // Its consoles and serial lines.
    "TTY UNIX98_PTYS SSL NULL_CHAN STDERR_CONSOLE",
    // The network, with a queue that can be slow.
    "NET UNIX INET PACKET NETDEVICES NET_SCHED NET_SCH_TBF",
    // CAN.
    "CAN CAN_RAW CAN_BCM CAN_GW CAN_J1939 CAN_ISOTP CAN_DEV CAN_NETLINK CAN_CALC_BITTIMING CAN_VCAN",
    "CAN_VXCAN CAN_SLCAN",
    // USB, which needs I/O memory, and that a bus; devices come over a socket (vhci).
    "VIRTIO_UML UML_PCI_OVER_VIRTIO USB_SUPPORT USB USBIP_CORE USBIP_VHCI_HCD CAN_GS_USB CONFIGFS_FS",
];

/// What is switched off.
const OFF: &str = "MODULES WLAN ETHERNET SOUND BLK_DEV_UBD IPV6";

/// The kernel, from the cache or built.
pub(super) fn ready(workspace: &Workspace) -> Result<Kernel, Problem> {
    let kept = workspace.target.join("kernel").join("own");
    let folder = env::var_os(CACHE).map_or(kept, PathBuf::from);
    let (image, stamp) = (folder.join("linux"), folder.join("configuration"));
    let wanted = configuration();
    if !image.is_file() || fs::read_to_string(&stamp).ok() != Some(wanted.clone()) {
        say(format!(
            "building {SOURCE} for {}; some minutes",
            image.display()
        ));
        let write = |error| failed("cannot write", &folder.display(), &error);
        fs::create_dir_all(&folder).map_err(write)?;
        let built = build(workspace, &wanted)?;
        fs::copy(built, &image).map_err(write)?;
        fs::write(&stamp, &wanted).map_err(write)?;
    }
    Ok(Kernel {
        kind: Kind::Own,
        image,
        modules: Vec::new(),
        machine: None,
    })
}

/// The options as `make` reads them.
fn configuration() -> String {
    let on = ON.iter().flat_map(|line| line.split(' '));
    let on = on.map(|name| format!("CONFIG_{name}=y\n"));
    let off = OFF.split(' ').map(|name| format!("CONFIG_{name}=n\n"));
    // The device's number has no default that can be built; any other will do.
    let number = "CONFIG_UML_PCI_OVER_VIRTIO_DEVICE_ID=1234\n".to_string();
    on.chain(off).chain([number]).collect()
}

fn build(workspace: &Workspace, configuration: &str) -> Result<PathBuf, Problem> {
    let log = workspace.log("kernel own");
    let tools = Tools::find(workspace)?;
    let package = debian::unpacked(workspace, SOURCE)?;
    let parent = workspace.target.join("kernel").join("source");
    let source = parent.join(SOURCE);
    let write = |error| failed("cannot write", &parent.display(), &error);
    fs::create_dir_all(&parent).map_err(write)?;
    if !source.join("Makefile").is_file() {
        let archive = package.join("usr/src").join(format!("{SOURCE}.tar.xz"));
        let mut unpack = tools.command("tar", &parent);
        must(unpack.arg("xf").arg(archive), &log)?;
    }
    let make = |arguments: &[&str]| {
        let mut make = tools.command("make", &source);
        must(make.arg("ARCH=um").args(arguments), &log)
    };
    make(&["tinyconfig"])?;
    let file = source.join(".config");
    // Of an option that is given twice the last one counts. What an option brings along is known
    // only when it is on, so that its own options are taken in with the second pass.
    for _ in 0..2 {
        let text = fs::read_to_string(&file).map_err(write)?;
        fs::write(&file, text + configuration).map_err(write)?;
        make(&["olddefconfig"])?;
    }
    check(&file, configuration)?;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    make(&[&format!("-j{jobs}"), "linux"])?;
    Ok(source.join("linux"))
}

/// An option that the sources refused would be missed only when a test fails.
fn check(file: &Path, configuration: &str) -> Result<(), Problem> {
    let made =
        fs::read_to_string(file).map_err(|error| failed("cannot read", &file.display(), &error))?;
    let lacking: Vec<&str> = configuration
        .lines()
        .filter(|line| line.ends_with("=y") && !made.lines().any(|other| other == *line))
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let lacking = lacking.join(", ");
    Err(Problem::Failed(format!("{SOURCE} does not take {lacking}")))
}

/// The programs that building needs, those of the machine and unpacked ones.
struct Tools {
    path: String,
    libraries: String,
    /// Where bison was unpacked; it must be told.
    bison: Option<PathBuf>,
}

impl Tools {
    fn find(workspace: &Workspace) -> Result<Tools, Problem> {
        let mut path = vec![env::var("PATH").unwrap_or_default()];
        let (mut libraries, mut bison) = (Vec::new(), None);
        for (program, package) in TOOLS {
            if find(program).is_some() {
                continue;
            }
            let folder = debian::unpacked(workspace, package)?;
            path.push(folder.join("usr/bin").display().to_string());
            libraries.push(debian::libraries(&folder));
            if *program == "bison" {
                bison = Some(folder);
            }
        }
        Ok(Tools {
            path: path.join(":"),
            libraries: libraries.join(":"),
            bison,
        })
    }

    fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env("PATH", &self.path);
        if !self.libraries.is_empty() {
            command.env("LD_LIBRARY_PATH", &self.libraries);
        }
        if let Some(bison) = &self.bison {
            command.env("BISON_PKGDATADIR", bison.join("usr/share/bison"));
        }
        // The path to it is built into flex and bison.
        if let Some(m4) = env::split_paths(&self.path)
            .map(|folder| folder.join("m4"))
            .find(|m4| m4.is_file())
        {
            command.env("M4", m4);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_a_line_and_stands_once() {
        let text = configuration();
        for line in ["CONFIG_CAN_GS_USB=y", "CONFIG_MODULES=n", "CONFIG_64BIT=y"] {
            assert_eq!(text.lines().filter(|one| *one == line).count(), 1, "{line}");
        }
        let mut lines: Vec<&str> = text.lines().collect();
        let before = lines.len();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), before);
    }

    #[test]
    fn an_option_that_was_refused_is_named() {
        let file = env::temp_dir().join(format!("xtask-own-{}", std::process::id()));
        fs::write(&file, "CONFIG_A=y\n# CONFIG_B is not set\n").expect("written");
        assert_eq!(check(&file, "CONFIG_A=y\nCONFIG_B=n\n"), Ok(()));
        let expected = format!("{SOURCE} does not take CONFIG_B=y");
        assert_eq!(
            check(&file, "CONFIG_A=y\nCONFIG_B=y\n"),
            Err(Problem::Failed(expected))
        );
        fs::remove_file(file).expect("was written");
    }
}
