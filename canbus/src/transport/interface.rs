//! The network interfaces of this machine, by name or by address: which one multicast goes by.

use crate::error::{Error, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[cfg_attr(windows, path = "interface/windows.rs")]
#[cfg_attr(unix, path = "interface/unix.rs")]
mod list;

/// A network interface, as far as multicast needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    /// Its name (`lo`, `eth0`).
    pub(crate) name: String,
    /// Its number, which is how IPv6 speaks of it; 0 where it is not known.
    pub(crate) index: u32,
    /// Its addresses, in the system's order.
    pub(crate) addresses: Vec<IpAddr>,
}

impl Interface {
    /// The interface of this name, or the one that has this address; of an interface with several
    /// addresses the given one comes first.
    ///
    /// # Errors
    /// `InvalidInput` with what there is; `Io` where the system does not tell.
    pub(crate) fn find(text: &str) -> Result<Interface> {
        let interfaces = list::interfaces(text)?;
        pick(&interfaces, text).ok_or_else(|| {
            let known: Vec<String> = interfaces.iter().map(Interface::shown).collect();
            Error::invalid(format!(
                "no network interface is named {text} or has that address; there are {}",
                known.join(", ")
            ))
        })
    }

    /// Its first IPv4 address.
    pub(crate) fn v4(&self) -> Option<Ipv4Addr> {
        self.addresses.iter().find_map(|address| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        })
    }

    /// Whether it is the loopback interface: what goes there stays on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let loopback = |address: &IpAddr| match address {
            IpAddr::V4(address) => address.is_loopback(),
            IpAddr::V6(address) => *address == Ipv6Addr::LOCALHOST,
        };
        self.addresses.iter().any(loopback)
    }

    fn shown(&self) -> String {
        let addresses: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        match &addresses[..] {
            [] => self.name.clone(),
            _ => format!("{} ({})", self.name, addresses.join(", ")),
        }
    }
}

fn pick(interfaces: &[Interface], text: &str) -> Option<Interface> {
    let by_name = interfaces.iter().find(|interface| interface.name == text);
    let Ok(address) = text.parse::<IpAddr>() else {
        return by_name.cloned();
    };
    let mut found = interfaces
        .iter()
        .find(|interface| interface.addresses.contains(&address))?
        .clone();
    found.addresses.retain(|&other| other != address);
    found.addresses.insert(0, address);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Vec<Interface> {
        let interface = |name: &str, index, addresses: &[&str]| Interface {
            name: name.into(),
            index,
            addresses: addresses
                .iter()
                .map(|text| text.parse().expect("an address"))
                .collect(),
        };
        vec![
            interface("lo", 1, &["127.0.0.1", "::1"]),
            interface("eth0", 2, &["fe80::1", "10.0.0.2", "10.0.0.3"]),
            interface("tun7", 7, &[]),
        ]
    }

    #[test]
    fn an_interface_is_found_by_name_and_by_each_of_its_addresses() {
        let all = machine();
        assert_eq!(pick(&all, "lo").as_ref(), Some(&all[0]));
        assert_eq!(pick(&all, "tun7").as_ref(), Some(&all[2]));
        assert_eq!(pick(&all, "eth1"), None);
        assert_eq!(pick(&all, "10.0.0.9"), None);
        let eth0 = pick(&all, "10.0.0.3").expect("found");
        assert_eq!((eth0.name.as_str(), eth0.index), ("eth0", 2));
        assert_eq!(eth0.v4(), Some(Ipv4Addr::new(10, 0, 0, 3)));
        assert_eq!(eth0.addresses.len(), 3);
        let eth0 = pick(&all, "fe80::1").expect("found");
        assert_eq!(eth0.v4(), Some(Ipv4Addr::new(10, 0, 0, 2)));
        assert_eq!(all[2].v4(), None);
    }

    #[test]
    fn only_loopback_is_loopback() {
        let all = machine();
        let loopback: Vec<bool> = all.iter().map(Interface::is_loopback).collect();
        assert_eq!(loopback, [true, false, false]);
    }

    #[test]
    fn interfaces_are_shown_with_their_addresses() {
        let shown: Vec<String> = machine().iter().map(Interface::shown).collect();
        assert_eq!(
            shown,
            [
                "lo (127.0.0.1, ::1)",
                "eth0 (fe80::1, 10.0.0.2, 10.0.0.3)",
                "tun7"
            ]
        );
    }

    #[test]
    fn this_machine_has_a_loopback_interface() {
        let loopback = Interface::find("127.0.0.1").expect("loopback");
        assert!(loopback.is_loopback());
        assert_eq!(loopback.v4(), Some(Ipv4Addr::LOCALHOST));
        assert!(loopback.index > 0);
        let by_name = Interface::find(&loopback.name).expect("the same by name");
        assert_eq!(by_name.index, loopback.index);
        let error = Interface::find("no-such-interface").expect_err("refused");
        let said = error.to_string();
        assert!(
            said.starts_with("no network interface is named no-such-interface"),
            "{said}"
        );
        assert!(said.contains("127.0.0.1"), "{said}");
    }
}
