//! The command `canbus link`, with `ip` of iproute2 as the witness of what the kernel then has.

use crate::wire::Wire;
use serde_json::Value;
use std::process::{Command, Output};

/// What the command said.
pub(crate) struct Said {
    pub(crate) ok: bool,
    pub(crate) out: String,
    pub(crate) errors: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Said {
        Said {
            ok: output.status.success(),
            out: String::from_utf8(output.stdout).expect("text"),
            errors: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

/// Where the command is; whoever boots the kernel says.
fn program() -> String {
    std::env::var("CANBUS_COMMAND").expect("cargo xtask test kernel gives it")
}

/// Runs `canbus link`.
pub(crate) fn link(arguments: &str) -> Said {
    let words = arguments.split_whitespace();
    let ran = Command::new(program()).arg("link").args(words).output();
    ran.expect("the command is built").into()
}

/// Runs `canbus link`, which must end well and say nothing of errors.
pub(crate) fn must(arguments: &str) -> String {
    let said = link(arguments);
    assert!(
        said.ok && said.errors.is_empty(),
        "{arguments}: {}",
        said.errors
    );
    said.out
}

/// What `ip` says of an interface; `None` if there is none of this name.
pub(crate) fn by_ip(name: &str) -> Option<Value> {
    let ran = Command::new("ip")
        .args(["-json", "-details", "link", "show", "dev", name])
        .output()
        .expect("ip is there");
    let list: Value = serde_json::from_slice(&ran.stdout).ok()?;
    list.get(0).cloned()
}

fn is_up(name: &str) -> bool {
    let link = by_ip(name).expect("there");
    let flags = link["flags"].as_array().expect("a list");
    flags.iter().any(|flag| flag == "UP")
}

#[test]
fn virtual_interfaces_are_made_listed_set_up_and_removed_by_the_command() {
    must("add cmd0");
    let made = by_ip("cmd0").expect("ip sees it");
    assert_eq!(made["linkinfo"]["info_kind"], "vcan");
    assert_eq!(made["mtu"], 72);
    assert!(!is_up("cmd0"));
    let row = |listed: &str| {
        let mut lines = listed.lines();
        let line = lines.find(|line| line.starts_with("cmd0 "));
        line.expect("listed")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(row(&must("list")), "cmd0 vcan down CAN FD");
    must("up cmd0");
    assert!(is_up("cmd0"));
    assert_eq!(row(&must("list")), "cmd0 vcan up CAN FD");
    let shown = must("show cmd0");
    assert!(
        shown.contains("received    0 frames, 0 errors, 0 dropped, 0 overruns"),
        "{shown}"
    );
    must("down cmd0");
    assert!(!is_up("cmd0"));
    must("delete cmd0");
    assert_eq!(by_ip("cmd0"), None);
}

#[test]
fn a_pair_of_interfaces_is_made_by_the_command_and_goes_as_one() {
    must("add pair0 --peer pair1");
    for name in ["pair0", "pair1"] {
        assert_eq!(
            by_ip(name).expect("ip sees it")["linkinfo"]["info_kind"],
            "vxcan"
        );
    }
    must("delete pair1");
    assert_eq!((by_ip("pair0"), by_ip("pair1")), (None, None));
}

#[test]
fn the_list_of_the_command_is_that_of_ip() {
    let _wire = Wire::new();
    let ran = Command::new("ip").args(["-json", "link", "show"]).output();
    let list: Value = serde_json::from_slice(&ran.expect("ip is there").stdout).expect("JSON");
    let list = list.as_array().expect("a list");
    let theirs = list.iter().filter(|one| one["link_type"] == "can");
    let listed = must("list");
    // Other tests make and remove theirs meanwhile; these stay.
    let lasting = theirs
        .filter_map(|one| one["ifname"].as_str())
        .filter(|name| name.starts_with("vcan"));
    let mut count = 0;
    for name in lasting {
        assert!(
            listed
                .lines()
                .any(|line| line.split_whitespace().next() == Some(name)),
            "{name}: {listed}"
        );
        count += 1;
    }
    assert!(count >= 4, "{listed}");
    assert!(!listed.contains("lo "), "{listed}");
}

#[test]
fn what_the_command_cannot_do_it_says_with_the_reason() {
    let wire = Wire::new();
    let name = &wire.name;
    for (arguments, expected) in [
        (
            "show nothing9".to_string(),
            "no CAN interface is named nothing9; there are",
        ),
        (format!("add {name}"), "the name is taken"),
        (
            format!("set {name} --bitrate 500000"),
            "has no controller to set up (vcan)",
        ),
        (format!("set {name}"), "nothing is given that should be set"),
    ] {
        let said = link(&arguments);
        assert!(
            !said.ok && said.errors.contains(expected),
            "{arguments}: {}",
            said.errors
        );
    }
}

/// That without an administrator's rights the command does not do it, and says which it lacks.
pub(crate) fn expect_no_right_to(arguments: &str) {
    let ran = Command::new("setpriv")
        .args(["--bounding-set=-net_admin", "--inh-caps=-net_admin"])
        .args([&program(), "link"])
        .args(arguments.split_whitespace())
        .output();
    let said = Said::from(ran.expect("setpriv is there"));
    assert!(
        !said.ok && said.errors.contains("CAP_NET_ADMIN"),
        "{arguments}: {}",
        said.errors
    );
}

#[test]
fn the_command_names_the_capability_that_is_missing() {
    let wire = Wire::new();
    for arguments in [
        format!("down {}", wire.name),
        format!("delete {}", wire.name),
        "add forbidden0".to_string(),
    ] {
        expect_no_right_to(&arguments);
    }
    assert!(is_up(&wire.name), "nothing has changed");
    assert_eq!(by_ip("forbidden0"), None);
}
