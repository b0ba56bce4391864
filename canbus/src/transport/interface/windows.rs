//! On Windows, the loopback interface and the one whose IPv4 address was given, which is all that
//! multicast by IPv4 needs to know there.

use super::Interface;
use crate::error::Result;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// The loopback interface, which has number 1 on every Windows, and the wanted one.
pub(super) fn interfaces(wanted: &str) -> Result<Vec<Interface>> {
    let mut found = vec![Interface {
        name: "lo".into(),
        index: 1,
        addresses: vec![
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ],
    }];
    if let Ok(address) = wanted.parse::<Ipv4Addr>()
        && !address.is_loopback()
        // Only a local address can be bound.
        && UdpSocket::bind((address, 0)).is_ok()
    {
        found.push(Interface {
            name: wanted.into(),
            index: 0,
            addresses: vec![IpAddr::V4(address)],
        });
    }
    Ok(found)
}
