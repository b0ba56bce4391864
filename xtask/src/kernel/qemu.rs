//! Debian's unmodified kernel in an emulated computer (QEMU) with two CAN controllers on one wire.
//! Slow, and the nearest to what users have.

use super::{FIRST_PROCESS, Kernel, Kind, modules};
use crate::debian;
use crate::process::{failed, find, must};
use crate::report::Problem;
use crate::workspace::Workspace;
use std::fmt::Write as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The package that needs the newest kernel of the release.
const KERNEL: &str = "linux-image-amd64";

/// The ways to the machine's files, which the kernel has as modules.
const FILES: &[&str] = &["virtio_pci", "9pnet_virtio", "9p"];

/// What is there besides what every kernel here has: a driver for the controllers, ISO-TP, and USB
/// devices over a socket with the driver of a candleLight.
const MORE: &[&str] = &["kvaser_pci", "can-isotp", "vhci-hcd", "gs_usb"];

/// How the machine's files are mounted, and the folder that can be written.
const MOUNT: &str = "trans=virtio,version=9p2000.L,msize=512000";

/// The emulated computer.
pub(super) struct Machine {
    program: PathBuf,
    libraries: String,
    /// Where its firmware is, if it was unpacked.
    firmware: Vec<PathBuf>,
    /// The files that the kernel starts with.
    start: PathBuf,
}

/// Finds or fetches all that is needed.
pub(super) fn ready(workspace: &Workspace) -> Result<Kernel, Problem> {
    let folder = debian::unpacked(workspace, KERNEL)?;
    let image = newest(&folder.join("boot"), "vmlinuz-")?;
    let modules = newest(&folder.join("lib/modules"), "")?;
    let log = workspace.log("kernel qemu");
    if !modules.join("modules.dep").is_file() {
        // The installation of the package would do it.
        let version = modules.file_name().unwrap_or_default();
        let mut depmod = Command::new(folder.join("bin/kmod"));
        depmod.arg0("depmod").arg("-b").arg(&folder).arg(version);
        depmod.env("LD_LIBRARY_PATH", debian::libraries(&folder));
        must(&mut depmod, &log)?;
    }
    let (program, libraries, firmware) = emulator(workspace)?;
    let files = modules::of(&modules, FILES)?;
    let start = start_files(workspace, &files, &log)?;
    Ok(Kernel {
        kind: Kind::Qemu,
        image,
        modules: modules::needed(&modules, MORE)?,
        machine: Some(Machine {
            program,
            libraries,
            firmware,
            start,
        }),
    })
}

/// The last file in a folder, in the alphabet, whose name begins like this.
fn newest(folder: &Path, prefix: &str) -> Result<PathBuf, Problem> {
    let entries =
        fs::read_dir(folder).map_err(|error| failed("cannot read", &folder.display(), &error))?;
    let begins = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| name.starts_with(prefix))
    };
    let found = entries.flatten().map(|entry| entry.path()).filter(begins);
    found
        .max()
        .ok_or_else(|| Problem::Failed(format!("there is no {prefix}… in {}", folder.display())))
}

/// QEMU with its libraries and firmware; those of the machine need no paths.
fn emulator(workspace: &Workspace) -> Result<(PathBuf, String, Vec<PathBuf>), Problem> {
    const PROGRAM: &str = "qemu-system-x86_64";
    if let Some(program) = find(PROGRAM) {
        return Ok((program, String::new(), Vec::new()));
    }
    let folder = debian::unpacked(workspace, "qemu-system-x86")?;
    let share = ["qemu", "seabios"].map(|name| folder.join("usr/share").join(name));
    let program = folder.join("usr/bin").join(PROGRAM);
    Ok((program, debian::libraries(&folder), share.to_vec()))
}

/// Packs the files that the kernel starts with: a shell, the modules that lead to the machine's
/// files, and what it does first.
fn start_files(
    workspace: &Workspace,
    files: &[modules::Module],
    log: &Path,
) -> Result<PathBuf, Problem> {
    let busybox = debian::unpacked(workspace, "busybox-static")?.join("bin/busybox");
    let parent = workspace.target.join("kernel").join("qemu");
    let folder = parent.join("start");
    let write = |error| failed("cannot write", &folder.display(), &error);
    for name in ["bin", "dev", "proc", "root"] {
        fs::create_dir_all(folder.join(name)).map_err(write)?;
    }
    fs::copy(&busybox, folder.join("bin/busybox")).map_err(write)?;
    let mut script = String::from("#!/bin/busybox sh\nb=/bin/busybox\n");
    for (number, file) in files.iter().enumerate() {
        fs::copy(file.path(), folder.join(format!("{number}.ko"))).map_err(write)?;
        let _ = writeln!(script, "$b insmod /{number}.ko");
    }
    // The kernel hands on what it does not know of its command line as variables.
    let _ = write!(
        script,
        "$b mount -t 9p -o {MOUNT},cache=loose,ro files /root\n\
         $b mount -t 9p -o {MOUNT},cache=none folder \"/root$canbus_folder\"\n\
         exec $b switch_root /root \"$canbus_program\" {FIRST_PROCESS} \"$canbus_folder\" mounted\n"
    );
    let init = folder.join("init");
    fs::write(&init, script).map_err(write)?;
    make_executable(&init).map_err(write)?;
    let packed = parent.join("start.cpio");
    let mut pack = Command::new("sh");
    pack.args(["-c", r#""$0" find . | "$0" cpio -o -H newc > "$1""#])
        .arg(&busybox)
        .arg(&packed)
        .current_dir(&folder);
    must(&mut pack, log)?;
    Ok(packed)
}

fn make_executable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
}

/// The command that boots it, ended after so many seconds.
///
/// Output and errors of the job are two serial lines, as under user-mode-linux; the kernel's own
/// messages go to a third, into a file in the folder.
pub(super) fn command(
    machine: &Machine,
    image: &Path,
    folder: &Path,
    limit: u64,
) -> Result<Command, Problem> {
    let own = env::current_exe()
        .map_err(|error| failed("cannot tell", &"the path of this program", &error))?;
    let mut command = Command::new("timeout");
    command.arg("--kill-after=10").arg(limit.to_string());
    command.arg(&machine.program);
    for firmware in &machine.firmware {
        command.arg("-L").arg(firmware);
    }
    if !machine.libraries.is_empty() {
        command.env("LD_LIBRARY_PATH", &machine.libraries);
    }
    let told = format!(
        "console=ttyS2 loglevel=4 panic=-1 tsc=reliable random.trust_cpu=on mitigations=off \
         canbus_program={} canbus_folder={}",
        super::uml::without_blanks(&own)?,
        super::uml::without_blanks(folder)?,
    );
    let shared = |name: &str, path: &Path, more: &str| {
        format!(
            "local,id={name},path={},security_model=none{more}",
            path.display()
        )
    };
    // One processor: the wire between the cards has no bit rate, and a sender beside the receiver
    // would overrun its few bytes of memory, as no real wire lets it.
    command
        .args([
            "-M",
            "q35",
            "-accel",
            "tcg,thread=multi",
            "-cpu",
            "max",
            "-smp",
            "1",
            "-m",
            "768",
        ])
        .args([
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
        ])
        .arg("-kernel")
        .arg(image)
        .arg("-initrd")
        .arg(&machine.start)
        .args(["-append", &told])
        .args([
            "-fsdev",
            &shared("f", Path::new("/"), ",readonly=on,multidevs=remap"),
        ])
        .args(["-device", "virtio-9p-pci,fsdev=f,mount_tag=files"])
        .args(["-fsdev", &shared("w", folder, "")])
        .args(["-device", "virtio-9p-pci,fsdev=w,mount_tag=folder"])
        .args(["-object", "can-bus,id=wire"])
        .args([
            "-device",
            "kvaser_pci,canbus=wire",
            "-device",
            "kvaser_pci,canbus=wire",
        ]);
    for (name, path) in [("out", "/dev/stdout"), ("errors", "/dev/stderr")] {
        let line = format!("file,id={name},path={path},append=on");
        command.args(["-chardev", &line, "-serial", &format!("chardev:{name}")]);
    }
    let console = format!("file:{}", folder.join("console").display());
    command.args(["-serial", &console]);
    Ok(command)
}
