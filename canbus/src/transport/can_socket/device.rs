//! CAN interfaces as the kernel's plain calls show them: which there are, whether they are up, what
//! they carry, whether they have a clock.
#![expect(unsafe_code, reason = "ioctl and the list of interfaces are C")]

use super::CanSocket;
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::AsRawFd;

/// A CAN interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) name: String,
    /// The kernel's number of it; another one when it is removed and added again.
    pub(crate) index: u32,
    /// Whether it was set up and carries frames.
    pub(crate) up: bool,
    /// The largest frame that it carries: [`CLASSIC_SIZE`](super::CLASSIC_SIZE),
    /// [`FD_SIZE`](super::FD_SIZE), or more for CAN XL.
    pub(crate) mtu: usize,
}

impl Device {
    /// All CAN interfaces.
    ///
    /// # Errors
    /// What the kernel says; `EAFNOSUPPORT` if it has no CAN.
    pub(crate) fn all() -> io::Result<Vec<Device>> {
        let asker = CanSocket::unbound()?;
        let names = names()?;
        // One that is gone by now is none.
        let found = names
            .iter()
            .filter_map(|name| look(&asker, name).ok().flatten());
        Ok(found.collect())
    }

    /// The CAN interface of this name; `None` if there is none, or it is of another kind.
    ///
    /// # Errors
    /// What the kernel says; `EAFNOSUPPORT` if it has no CAN.
    pub(crate) fn find(name: &str) -> io::Result<Option<Device>> {
        let asker = CanSocket::unbound()?;
        match CString::new(name) {
            Ok(name) if name.count_bytes() < libc::IFNAMSIZ => look(&asker, &name),
            _ => Ok(None),
        }
    }

    /// Whether it gives received frames a time of its own clock.
    pub(crate) fn has_clock(&self) -> bool {
        let mut answer = TimeInformation {
            command: ETHTOOL_GET_TS_INFO,
            ..TimeInformation::default()
        };
        let needed = libc::SOF_TIMESTAMPING_RX_HARDWARE | libc::SOF_TIMESTAMPING_RAW_HARDWARE;
        self.ask_ethtool(&mut answer).is_ok() && answer.so_timestamping & needed == needed
    }

    fn ask_ethtool(&self, answer: &mut TimeInformation) -> io::Result<()> {
        let asker = CanSocket::unbound()?;
        let name = CString::new(self.name.as_str())?;
        let mut request = request(&name);
        request.ifr_ifru.ifru_data = std::ptr::from_mut(answer).cast();
        ask(&asker, libc::SIOCETHTOOL, &mut request)
    }
}

/// The command of `linux/ethtool.h` that is used here.
const ETHTOOL_GET_TS_INFO: u32 = 0x41;

/// `struct ethtool_ts_info`.
#[repr(C)]
#[derive(Default)]
pub(super) struct TimeInformation {
    command: u32,
    so_timestamping: u32,
    phc_index: i32,
    tx_types: u32,
    tx_reserved: [u32; 3],
    rx_filters: u32,
    rx_reserved: [u32; 3],
}

/// The names of all network interfaces, of whatever kind.
fn names() -> io::Result<Vec<CString>> {
    // SAFETY: gives a list that ends with an entry of index 0 and is ours to free, or null.
    let list = unsafe { libc::if_nameindex() };
    if list.is_null() {
        return Err(io::Error::last_os_error());
    }
    let mut names = Vec::new();
    let mut next = list;
    // SAFETY: `next` is an entry of the list, its last one at most.
    while let Some(entry) = unsafe { next.as_ref() }.filter(|entry| entry.if_index != 0) {
        // SAFETY: every entry but the last has a name that ends with a zero byte.
        names.push(unsafe { CStr::from_ptr(entry.if_name) }.to_owned());
        // SAFETY: this was not the last entry.
        next = unsafe { next.add(1) };
    }
    // SAFETY: the list came from `if_nameindex`, and nothing points into it any more.
    unsafe { libc::if_freenameindex(list) };
    Ok(names)
}

/// The name of the interface that has this number.
pub(crate) fn name_of(index: u32) -> Option<String> {
    let mut name = [0_u8; libc::IFNAMSIZ];
    // SAFETY: the room is as long as the call wants it.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) };
    if found.is_null() {
        return None;
    }
    let name = CStr::from_bytes_until_nul(&name).ok()?;
    name.to_str().ok().map(String::from)
}

fn look(asker: &CanSocket, name: &CStr) -> io::Result<Option<Device>> {
    // SAFETY: a C string.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    let Ok(text) = name.to_str() else {
        return Ok(None);
    };
    if index == 0 {
        return Ok(None);
    }
    let mut request = request(name);
    ask(asker, libc::SIOCGIFHWADDR, &mut request)?;
    // SAFETY: the kernel filled this field in.
    let kind = unsafe { request.ifr_ifru.ifru_hwaddr.sa_family };
    if kind != libc::ARPHRD_CAN {
        return Ok(None);
    }
    ask(asker, libc::SIOCGIFFLAGS, &mut request)?;
    // SAFETY: as above.
    let flags = i32::from(unsafe { request.ifr_ifru.ifru_flags });
    ask(asker, libc::SIOCGIFMTU, &mut request)?;
    // SAFETY: as above.
    let mtu = unsafe { request.ifr_ifru.ifru_mtu };
    Ok(Some(Device {
        name: text.into(),
        index,
        up: flags & libc::IFF_UP != 0,
        mtu: usize::try_from(mtu).unwrap_or_default(),
    }))
}

/// A question about the interface of this name, which has room for the name.
fn request(name: &CStr) -> libc::ifreq {
    // SAFETY: all zeros are an empty request.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    let room = &mut request.ifr_name[..libc::IFNAMSIZ - 1];
    for (to, from) in room.iter_mut().zip(name.to_bytes()) {
        *to = *from as libc::c_char;
    }
    request
}

/// Asks; the answer is in the field of the request that belongs to the question.
fn ask(asker: &CanSocket, question: libc::c_ulong, request: &mut libc::ifreq) -> io::Result<()> {
    // SAFETY: the socket is open, and each question that is asked here takes such a request; where
    // it holds a pointer, that points to the structure which the command in it wants.
    let result = unsafe { libc::ioctl(asker.raw.as_raw_fd(), question as _, request) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
