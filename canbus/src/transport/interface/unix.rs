//! The interfaces by `getifaddrs` (BSD, Linux, macOS).
#![expect(unsafe_code, reason = "getifaddrs hands out a C list")]

use super::Interface;
use crate::error::{Context, Result};
use std::ffi::CStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::{io, ptr};

/// All interfaces, those without an address too, whichever is wanted.
pub(super) fn interfaces(_wanted: &str) -> Result<Vec<Interface>> {
    let mut first: *mut libc::ifaddrs = ptr::null_mut();
    // SAFETY: on success the call leaves the head of a list in `first`.
    if unsafe { libc::getifaddrs(&raw mut first) } != 0 {
        return Err(io::Error::last_os_error()).context("cannot list the network interfaces");
    }
    let mut found: Vec<Interface> = Vec::new();
    let mut next = first;
    // SAFETY: `next` is null or an entry of the list, which lives until `freeifaddrs`.
    while let Some(entry) = unsafe { next.as_ref() } {
        next = entry.ifa_next;
        // SAFETY: every entry has a name that ends with a zero byte.
        let name = unsafe { CStr::from_ptr(entry.ifa_name) };
        // SAFETY: the name is a C string; the call gives 0 for one that is gone by now.
        let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
        let name = name.to_string_lossy();
        // SAFETY: the entry is of the list that `getifaddrs` made.
        let address = unsafe { address_of(entry) };
        match found.iter_mut().find(|interface| interface.name == name) {
            Some(interface) => interface.addresses.extend(address),
            None => found.push(Interface {
                name: name.into_owned(),
                index,
                addresses: address.into_iter().collect(),
            }),
        }
    }
    // SAFETY: `first` came from `getifaddrs`, and nothing points into the list any more.
    unsafe { libc::freeifaddrs(first) };
    Ok(found)
}

/// The IP address of an entry, if it is about one.
///
/// # Safety
/// The entry must be one that `getifaddrs` made: its address is null or as long as its family
/// says.
unsafe fn address_of(entry: &libc::ifaddrs) -> Option<IpAddr> {
    // SAFETY: null or an address, by the caller's promise.
    let family = unsafe { entry.ifa_addr.as_ref() }?.sa_family;
    match i32::from(family) {
        libc::AF_INET => {
            // SAFETY: an address of this family is a `sockaddr_in`.
            let address =
                unsafe { ptr::read_unaligned(entry.ifa_addr.cast::<libc::sockaddr_in>()) };
            Some(Ipv4Addr::from(address.sin_addr.s_addr.to_ne_bytes()).into())
        }
        libc::AF_INET6 => {
            // SAFETY: an address of this family is a `sockaddr_in6`.
            let address =
                unsafe { ptr::read_unaligned(entry.ifa_addr.cast::<libc::sockaddr_in6>()) };
            Some(Ipv6Addr::from(address.sin6_addr.s6_addr).into())
        }
        _ => None,
    }
}
