use super::device::TimeInformation;
use super::*;
use std::fmt::Write;
use std::mem::offset_of;
use std::process::Command;

/// What this room takes for granted, by the kernel's own words: each a C expression and its value
/// here.
fn assumptions() -> Vec<(&'static str, u64)> {
    let size = |size: usize| size as u64;
    let number = |number: c_int| number as u64;
    vec![
        ("sizeof(struct can_frame)", size(CLASSIC_SIZE)),
        ("sizeof(struct canfd_frame)", size(FD_SIZE)),
        ("offsetof(struct can_frame, can_id)", 0),
        ("offsetof(struct can_frame, can_dlc)", 4),
        ("offsetof(struct can_frame, data)", 8),
        ("offsetof(struct canfd_frame, can_id)", 0),
        ("offsetof(struct canfd_frame, len)", 4),
        ("offsetof(struct canfd_frame, flags)", 5),
        ("offsetof(struct canfd_frame, data)", 8),
        ("CAN_EFF_FLAG", 0x8000_0000),
        ("CAN_RTR_FLAG", 0x4000_0000),
        ("CAN_ERR_FLAG", 0x2000_0000),
        ("CAN_INV_FILTER", 0x2000_0000),
        ("CAN_EFF_MASK", 0x1FFF_FFFF),
        ("CAN_ERR_MASK", u64::from(libc::CAN_ERR_MASK)),
        ("CANFD_BRS", 1),
        ("CANFD_ESI", 2),
        ("sizeof(struct can_filter)", 8),
        ("offsetof(struct can_filter, can_mask)", 4),
        (
            "sizeof(struct sockaddr_can)",
            size(size_of::<libc::sockaddr_can>()),
        ),
        (
            "offsetof(struct sockaddr_can, can_ifindex)",
            size(offset_of!(libc::sockaddr_can, can_ifindex)),
        ),
        ("CAN_RAW", number(libc::CAN_RAW)),
        ("SOL_CAN_RAW", number(libc::SOL_CAN_RAW)),
        ("CAN_RAW_FILTER", number(libc::CAN_RAW_FILTER)),
        ("CAN_RAW_ERR_FILTER", number(libc::CAN_RAW_ERR_FILTER)),
        ("CAN_RAW_LOOPBACK", number(libc::CAN_RAW_LOOPBACK)),
        ("CAN_RAW_RECV_OWN_MSGS", number(libc::CAN_RAW_RECV_OWN_MSGS)),
        ("CAN_RAW_FD_FRAMES", number(libc::CAN_RAW_FD_FRAMES)),
        ("ARPHRD_CAN", u64::from(libc::ARPHRD_CAN)),
        ("AF_CAN", number(libc::AF_CAN)),
        ("MSG_DONTROUTE", number(libc::MSG_DONTROUTE)),
        ("MSG_CONFIRM", number(libc::MSG_CONFIRM)),
        ("SO_TIMESTAMPNS", number(libc::SO_TIMESTAMPNS)),
        ("SO_TIMESTAMPING", number(libc::SO_TIMESTAMPING)),
        ("SO_RCVBUFFORCE", number(libc::SO_RCVBUFFORCE)),
        ("SO_MEMINFO", number(libc::SO_MEMINFO)),
        ("SK_MEMINFO_DROPS", 8),
        ("SK_MEMINFO_VARS >= 9", 1),
        (
            "SOF_TIMESTAMPING_RX_HARDWARE",
            u64::from(libc::SOF_TIMESTAMPING_RX_HARDWARE),
        ),
        (
            "SOF_TIMESTAMPING_RAW_HARDWARE",
            u64::from(libc::SOF_TIMESTAMPING_RAW_HARDWARE),
        ),
        (
            "SOF_TIMESTAMPING_RX_SOFTWARE",
            u64::from(libc::SOF_TIMESTAMPING_RX_SOFTWARE),
        ),
        (
            "SOF_TIMESTAMPING_SOFTWARE",
            u64::from(libc::SOF_TIMESTAMPING_SOFTWARE),
        ),
        (
            "sizeof(struct scm_timestamping)",
            size(size_of::<[libc::timespec; 3]>()),
        ),
        ("sizeof(struct ifreq)", size(size_of::<libc::ifreq>())),
        (
            "offsetof(struct ifreq, ifr_ifru)",
            size(offset_of!(libc::ifreq, ifr_ifru)),
        ),
        ("ETHTOOL_GET_TS_INFO", 0x41),
        (
            "sizeof(struct bcm_msg_head)",
            size(size_of::<libc::bcm_msg_head>()),
        ),
        ("offsetof(struct bcm_msg_head, count)", 8),
        (
            "offsetof(struct bcm_msg_head, ival1)",
            size(offset_of!(libc::bcm_msg_head, ival1)),
        ),
        (
            "offsetof(struct bcm_msg_head, ival2)",
            size(offset_of!(libc::bcm_msg_head, ival2)),
        ),
        (
            "offsetof(struct bcm_msg_head, can_id)",
            size(offset_of!(libc::bcm_msg_head, can_id)),
        ),
        (
            "offsetof(struct bcm_msg_head, nframes)",
            size(offset_of!(libc::bcm_msg_head, nframes)),
        ),
        (
            "offsetof(struct bcm_msg_head, frames)",
            size(size_of::<libc::bcm_msg_head>()),
        ),
        ("CAN_BCM", number(libc::CAN_BCM)),
        ("TX_SETUP", u64::from(libc::TX_SETUP)),
        ("TX_DELETE", u64::from(libc::TX_DELETE)),
        ("TX_EXPIRED", u64::from(libc::TX_EXPIRED)),
        ("RX_SETUP", u64::from(libc::RX_SETUP)),
        ("RX_CHECK_DLC", u64::from(libc::RX_CHECK_DLC)),
        ("SETTIMER", u64::from(libc::SETTIMER)),
        ("STARTTIMER", u64::from(libc::STARTTIMER)),
        ("TX_COUNTEVT", u64::from(libc::TX_COUNTEVT)),
        ("TX_RESET_MULTI_IDX", u64::from(libc::TX_RESET_MULTI_IDX)),
        ("CAN_FD_FRAME", u64::from(libc::CAN_FD_FRAME)),
        (
            "sizeof(struct ethtool_ts_info)",
            size(size_of::<TimeInformation>()),
        ),
        ("offsetof(struct ethtool_ts_info, so_timestamping)", 4),
    ]
}

#[test]
fn layouts_and_numbers_are_those_of_the_kernels_headers() {
    let assumed = assumptions();
    let headers = [
        "stddef.h",
        "stdio.h",
        "sys/socket.h",
        "linux/if.h",
        "linux/if_arp.h",
        "linux/can.h",
        "linux/can/raw.h",
        "linux/can/bcm.h",
        "linux/errqueue.h",
        "linux/ethtool.h",
        "linux/net_tstamp.h",
        "linux/sock_diag.h",
    ];
    let mut program = String::new();
    for header in headers {
        writeln!(program, "#include <{header}>").expect("a string");
    }
    writeln!(program, "int main(void) {{").expect("a string");
    for (expression, _) in &assumed {
        let line = format!("printf(\"%llu\\n\", (unsigned long long)({expression}));");
        writeln!(program, "{line}").expect("a string");
    }
    writeln!(program, "return 0; }}").expect("a string");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, binary) = (
        folder.path().join("headers.c"),
        folder.path().join("headers"),
    );
    std::fs::write(&source, program).expect("written");
    let compiled = Command::new("cc")
        .arg("-o")
        .arg(&binary)
        .arg(&source)
        .output();
    let compiled = compiled.expect("a C compiler, as the build needs one too");
    assert!(
        compiled.status.success(),
        "{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    let ran = Command::new(&binary).output().expect("it runs");
    let values: Vec<u64> = String::from_utf8_lossy(&ran.stdout)
        .lines()
        .map(|line| line.parse().expect("a number"))
        .collect();
    assert_eq!(values.len(), assumed.len());
    for ((expression, here), there) in assumed.iter().zip(values) {
        // Constants may be of a signed type there.
        assert_eq!(*here as u32, there as u32, "{expression}");
    }
}

fn raw(socket: std::os::unix::net::UnixDatagram) -> CanSocket {
    CanSocket {
        raw: socket.into(),
        changes: None,
    }
}

#[test]
fn a_frame_that_came_by_a_socket_of_another_family_has_no_interface() {
    let (here, there) = std::os::unix::net::UnixDatagram::pair().expect("a pair of sockets");
    let socket = raw(here);
    let frame = Packed {
        bytes: [7; FD_SIZE],
        size: CLASSIC_SIZE,
    };
    let peer = raw(there);
    assert_eq!(peer.send(&[frame; 3], None).expect("sent"), 3);
    assert_eq!(peer.send(&[frame], None).expect("sent"), 1);
    let mut batch = Batch::new();
    assert_eq!(socket.receive(&mut batch, 9).expect("received"), 4);
    for received in batch.frames() {
        assert_eq!(received.bytes, [7; CLASSIC_SIZE]);
        assert_eq!((received.index, received.own), (0, false));
    }
}

#[test]
fn no_more_than_a_batch_is_sent_at_once() {
    let (here, _there) = std::os::unix::net::UnixDatagram::pair().expect("a pair of sockets");
    let frame = Packed {
        bytes: [0; FD_SIZE],
        size: FD_SIZE,
    };
    let sent = raw(here).send(&[frame; MAX_BATCH + 1], None);
    assert_eq!(sent.expect("there is room"), MAX_BATCH);
}
