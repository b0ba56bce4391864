//! The causes of error frames against the kernel's own header: each constant of it is put into a
//! frame, and the words for it must be the right ones.

use canbus::{ErrorCause, Frame, Id};
use std::fmt::Write;
use std::process::Command;

/// A constant of `linux/can/error.h`, the class and the data byte that it belongs to (a class has
/// none), and the words for it.
const CONSTANTS: &[(&str, &str, Option<usize>, &str)] = &[
    ("CAN_ERR_TX_TIMEOUT", "0", None, "transmit timeout"),
    ("CAN_ERR_LOSTARB", "0", None, "arbitration lost"),
    ("CAN_ERR_CRTL", "0", None, "controller problem"),
    ("CAN_ERR_PROT", "0", None, "protocol violation"),
    ("CAN_ERR_TRX", "0", None, "transceiver fault"),
    ("CAN_ERR_ACK", "0", None, "no acknowledge"),
    ("CAN_ERR_BUSOFF", "0", None, "bus-off"),
    ("CAN_ERR_BUSERROR", "0", None, "bus error"),
    ("CAN_ERR_RESTARTED", "0", None, "restarted after bus-off"),
    (
        "CAN_ERR_CNT",
        "0",
        None,
        "error counters: transmit 0, receive 0",
    ),
    (
        "CAN_ERR_CRTL_RX_OVERFLOW",
        "CAN_ERR_CRTL",
        Some(1),
        "receive overflow: frames were lost",
    ),
    (
        "CAN_ERR_CRTL_TX_OVERFLOW",
        "CAN_ERR_CRTL",
        Some(1),
        "transmit overflow: frames were lost",
    ),
    (
        "CAN_ERR_CRTL_RX_WARNING",
        "CAN_ERR_CRTL",
        Some(1),
        "warning level of receive errors",
    ),
    (
        "CAN_ERR_CRTL_TX_WARNING",
        "CAN_ERR_CRTL",
        Some(1),
        "warning level of transmit errors",
    ),
    (
        "CAN_ERR_CRTL_RX_PASSIVE",
        "CAN_ERR_CRTL",
        Some(1),
        "error-passive by receive errors",
    ),
    (
        "CAN_ERR_CRTL_TX_PASSIVE",
        "CAN_ERR_CRTL",
        Some(1),
        "error-passive by transmit errors",
    ),
    (
        "CAN_ERR_CRTL_ACTIVE",
        "CAN_ERR_CRTL",
        Some(1),
        "error-active again",
    ),
    ("CAN_ERR_PROT_BIT", "CAN_ERR_PROT", Some(2), "bit error"),
    ("CAN_ERR_PROT_FORM", "CAN_ERR_PROT", Some(2), "form error"),
    ("CAN_ERR_PROT_STUFF", "CAN_ERR_PROT", Some(2), "stuff error"),
    (
        "CAN_ERR_PROT_BIT0",
        "CAN_ERR_PROT",
        Some(2),
        "a dominant bit could not be sent",
    ),
    (
        "CAN_ERR_PROT_BIT1",
        "CAN_ERR_PROT",
        Some(2),
        "a recessive bit could not be sent",
    ),
    (
        "CAN_ERR_PROT_OVERLOAD",
        "CAN_ERR_PROT",
        Some(2),
        "bus overload",
    ),
    (
        "CAN_ERR_PROT_ACTIVE",
        "CAN_ERR_PROT",
        Some(2),
        "active error flag",
    ),
    ("CAN_ERR_PROT_TX", "CAN_ERR_PROT", Some(2), "while sending"),
    (
        "CAN_ERR_PROT_LOC_SOF",
        "CAN_ERR_PROT",
        Some(3),
        "in the start of frame",
    ),
    (
        "CAN_ERR_PROT_LOC_ID28_21",
        "CAN_ERR_PROT",
        Some(3),
        "in the ID's bits 28 to 21",
    ),
    (
        "CAN_ERR_PROT_LOC_ID20_18",
        "CAN_ERR_PROT",
        Some(3),
        "in the ID's bits 20 to 18",
    ),
    (
        "CAN_ERR_PROT_LOC_SRTR",
        "CAN_ERR_PROT",
        Some(3),
        "in the substitute RTR bit",
    ),
    (
        "CAN_ERR_PROT_LOC_IDE",
        "CAN_ERR_PROT",
        Some(3),
        "in the identifier extension bit",
    ),
    (
        "CAN_ERR_PROT_LOC_ID17_13",
        "CAN_ERR_PROT",
        Some(3),
        "in the ID's bits 17 to 13",
    ),
    (
        "CAN_ERR_PROT_LOC_ID12_05",
        "CAN_ERR_PROT",
        Some(3),
        "in the ID's bits 12 to 5",
    ),
    (
        "CAN_ERR_PROT_LOC_ID04_00",
        "CAN_ERR_PROT",
        Some(3),
        "in the ID's bits 4 to 0",
    ),
    (
        "CAN_ERR_PROT_LOC_RTR",
        "CAN_ERR_PROT",
        Some(3),
        "in the RTR bit",
    ),
    (
        "CAN_ERR_PROT_LOC_RES1",
        "CAN_ERR_PROT",
        Some(3),
        "in reserved bit 1",
    ),
    (
        "CAN_ERR_PROT_LOC_RES0",
        "CAN_ERR_PROT",
        Some(3),
        "in reserved bit 0",
    ),
    (
        "CAN_ERR_PROT_LOC_DLC",
        "CAN_ERR_PROT",
        Some(3),
        "in the DLC",
    ),
    (
        "CAN_ERR_PROT_LOC_DATA",
        "CAN_ERR_PROT",
        Some(3),
        "in the data",
    ),
    (
        "CAN_ERR_PROT_LOC_CRC_SEQ",
        "CAN_ERR_PROT",
        Some(3),
        "in the CRC",
    ),
    (
        "CAN_ERR_PROT_LOC_CRC_DEL",
        "CAN_ERR_PROT",
        Some(3),
        "in the CRC delimiter",
    ),
    (
        "CAN_ERR_PROT_LOC_ACK",
        "CAN_ERR_PROT",
        Some(3),
        "in the acknowledge slot",
    ),
    (
        "CAN_ERR_PROT_LOC_ACK_DEL",
        "CAN_ERR_PROT",
        Some(3),
        "in the acknowledge delimiter",
    ),
    (
        "CAN_ERR_PROT_LOC_EOF",
        "CAN_ERR_PROT",
        Some(3),
        "in the end of frame",
    ),
    (
        "CAN_ERR_PROT_LOC_INTERM",
        "CAN_ERR_PROT",
        Some(3),
        "in the intermission",
    ),
    (
        "CAN_ERR_TRX_CANH_NO_WIRE",
        "CAN_ERR_TRX",
        Some(4),
        "CAN high has no wire",
    ),
    (
        "CAN_ERR_TRX_CANH_SHORT_TO_BAT",
        "CAN_ERR_TRX",
        Some(4),
        "CAN high is shorted to the battery",
    ),
    (
        "CAN_ERR_TRX_CANH_SHORT_TO_VCC",
        "CAN_ERR_TRX",
        Some(4),
        "CAN high is shorted to the supply",
    ),
    (
        "CAN_ERR_TRX_CANH_SHORT_TO_GND",
        "CAN_ERR_TRX",
        Some(4),
        "CAN high is shorted to ground",
    ),
    (
        "CAN_ERR_TRX_CANL_NO_WIRE",
        "CAN_ERR_TRX",
        Some(4),
        "CAN low has no wire",
    ),
    (
        "CAN_ERR_TRX_CANL_SHORT_TO_BAT",
        "CAN_ERR_TRX",
        Some(4),
        "CAN low is shorted to the battery",
    ),
    (
        "CAN_ERR_TRX_CANL_SHORT_TO_VCC",
        "CAN_ERR_TRX",
        Some(4),
        "CAN low is shorted to the supply",
    ),
    (
        "CAN_ERR_TRX_CANL_SHORT_TO_GND",
        "CAN_ERR_TRX",
        Some(4),
        "CAN low is shorted to ground",
    ),
    (
        "CAN_ERR_TRX_CANL_SHORT_TO_CANH",
        "CAN_ERR_TRX",
        Some(4),
        "CAN low is shorted to CAN high",
    ),
];

/// What the C compiler says that the constants and their classes are.
fn values() -> Vec<(u32, u32)> {
    let mut program = "#include <stdio.h>\n#include <linux/can/error.h>\n".to_string();
    // Headers before Linux 6.0 lack this one.
    program += "#ifndef CAN_ERR_CNT\n#define CAN_ERR_CNT 0x200U\n#endif\nint main(void) {\n";
    for (name, class, ..) in CONSTANTS {
        let line = format!("printf(\"%u %u\\n\", (unsigned){name}, (unsigned){class});");
        writeln!(program, "{line}").expect("a string");
    }
    program += "return 0; }\n";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, binary) = (folder.path().join("causes.c"), folder.path().join("causes"));
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
    let lines = String::from_utf8(ran.stdout).expect("text");
    let number = |text: &str| text.parse().expect("a number");
    lines
        .lines()
        .map(|line| line.split_once(' ').expect("two numbers"))
        .map(|(value, class)| (number(value), number(class)))
        .collect()
}

#[test]
fn every_cause_of_the_kernels_header_has_its_words() {
    let values = values();
    assert_eq!(values.len(), CONSTANTS.len());
    for ((name, _, byte, words), (value, class)) in CONSTANTS.iter().zip(values) {
        let mut data = [0; 8];
        let class = match byte {
            None => value,
            Some(at) => {
                data[*at] = u8::try_from(value).expect("a byte");
                class
            }
        };
        let frame = Frame::error(Id::extended(class).expect("fits"), &data).expect("valid");
        let causes: Vec<String> = ErrorCause::of(&frame)
            .iter()
            .map(ToString::to_string)
            .collect();
        // A location stands behind the violation that it locates.
        assert_eq!(causes.last().map(String::as_str), Some(*words), "{name}");
    }
}
