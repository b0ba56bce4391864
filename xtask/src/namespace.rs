//! A network of our own for whatever sends: a namespace with loopback, a pair of virtual Ethernet
//! devices and a multicast route. Nothing in it reaches another machine.

use crate::debian;
use crate::process::{find, run};
use crate::report::Problem;
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Sets the network up, then becomes the program. The first argument is `ip`, the second the
/// libraries for it. The pair of devices is there because IPv6 multicast is not delivered over
/// loopback alone; the two switches make IPv6 addresses usable at once.
const SETUP: &str = r#"set -e
ip=$1 libraries=$2
shift 2
ip() { LD_LIBRARY_PATH=$libraries "$ip" "$@"; }
ip link set lo up
for switch in accept_dad dad_transmits; do
    file=/proc/sys/net/ipv6/conf/default/$switch
    if [ -w "$file" ]; then echo 0 > "$file"; fi
done
ip link add v0 type veth peer name v1
ip link set v0 up
ip link set v1 up
ip addr add 10.9.9.1/24 dev v0
ip route add 224.0.0.0/4 dev v0
exec "$@"
"#;

/// Ways to a namespace: the administrator's, and the one for everybody by way of a user namespace,
/// which some systems forbid.
const WAYS: &[&str] = &["-n", "-Urn"];

/// How namespaces are made on this machine.
pub(crate) struct Namespace {
    way: &'static str,
    ip: PathBuf,
    libraries: String,
}

impl Namespace {
    /// Finds out how, and fetches `ip` if it is missing.
    pub(crate) fn find(workspace: &Workspace) -> Result<Namespace, Problem> {
        let log = workspace.log("namespace");
        let (ip, libraries) = find_ip(workspace)?;
        let mut last = String::new();
        for way in WAYS {
            let namespace = Namespace {
                way,
                ip: ip.clone(),
                libraries: libraries.clone(),
            };
            let ran = run(&mut namespace.command(Path::new("true")), &log)?;
            if ran.ok {
                return Ok(namespace);
            }
            last = ran.output.trim().replace('\n', "; ");
        }
        let why = format!("no network namespace can be made here: {last}");
        Err(Problem::Absent(why))
    }

    /// The program, to be run in a fresh namespace.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("unshare");
        command
            .args([self.way, "sh", "-c", SETUP, "namespace"])
            .arg(&self.ip)
            .arg(&self.libraries)
            .arg(program);
        command
    }
}

/// `ip`, and the libraries it needs beyond those of the system.
pub(crate) fn find_ip(workspace: &Workspace) -> Result<(PathBuf, String), Problem> {
    if let Some(ip) = find("ip") {
        return Ok((ip, String::new()));
    }
    let folder = debian::unpacked(workspace, "iproute2")?;
    let candidates = ["usr/bin/ip", "bin/ip", "usr/sbin/ip", "sbin/ip"];
    let ip = candidates
        .iter()
        .map(|path| folder.join(path))
        .find(|path| path.is_file())
        .ok_or_else(|| Problem::Failed("the package iproute2 holds no ip".into()))?;
    Ok((ip, debian::libraries(&folder)))
}
