//! Why error frames came, as far as they tell it in the form of `linux/can/error.h`.

use crate::frame::{Frame, MAX_CLASSIC_LEN};
use std::fmt;

/// The cause of an error frame. Where it tells several, the one that explains the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ErrorCause {
    /// The controller went bus-off (`CAN_ERR_BUSOFF`).
    BusOff,
    /// Arbitration was lost (`CAN_ERR_LOSTARB`).
    LostArbitration,
    /// Nobody acknowledged (`CAN_ERR_ACK`, or an error in the acknowledge slot).
    NoAcknowledge,
    /// A bit on the bus was not the one that was sent (`CAN_ERR_PROT_BIT`, `…_BIT0`, `…_BIT1`).
    Bit,
    /// A field of fixed form had another one (`CAN_ERR_PROT_FORM`).
    Form,
    /// Six equal bits (`CAN_ERR_PROT_STUFF`).
    Stuff,
    /// The checksum was wrong (an error in the CRC field).
    Crc,
    /// Another violation of the protocol (`CAN_ERR_PROT`).
    Protocol,
    /// Frames were lost in the controller (`CAN_ERR_CRTL_RX_OVERFLOW`, `…_TX_OVERFLOW`).
    Overflow,
    /// The controller became error-passive (`CAN_ERR_CRTL_RX_PASSIVE`, `…_TX_PASSIVE`).
    ErrorPassive,
    /// An error counter reached the warning level (`CAN_ERR_CRTL_RX_WARNING`, `…_TX_WARNING`).
    ErrorWarning,
    /// Something else of the controller (`CAN_ERR_CRTL`).
    Controller,
    /// The transceiver (`CAN_ERR_TRX`).
    Transceiver,
    /// Sending took too long (`CAN_ERR_TX_TIMEOUT`).
    SendTimeout,
    /// The controller was restarted (`CAN_ERR_RESTARTED`).
    Restarted,
    /// An error on the bus of which no more is known (`CAN_ERR_BUSERROR`).
    Bus,
    /// Nothing is known.
    Unknown,
}

use ErrorCause::{
    Bit, Bus, BusOff, Controller, Crc, ErrorPassive, ErrorWarning, Form, LostArbitration,
    NoAcknowledge, Overflow, Protocol, Restarted, SendTimeout, Stuff, Transceiver, Unknown,
};

// Classes in the ID of an error frame (`linux/can/error.h`).
const SEND_TIMEOUT: u32 = 0x001;
const LOST_ARBITRATION: u32 = 0x002;
const CONTROLLER: u32 = 0x004;
const PROTOCOL: u32 = 0x008;
const TRANSCEIVER: u32 = 0x010;
const NO_ACKNOWLEDGE: u32 = 0x020;
const BUS_OFF: u32 = 0x040;
const BUS: u32 = 0x080;
const RESTARTED: u32 = 0x100;

/// `CAN_ERR_PROT_LOC_ACK`, `…_CRC_SEQ`, `…_CRC_DEL`.
const ACKNOWLEDGE_SLOT: u8 = 0x19;
const CRC_FIELD: u8 = 0x08;
const CRC_DELIMITER: u8 = 0x18;

impl ErrorCause {
    /// The cause that a frame tells; [`ErrorCause::Unknown`] for one that is no error frame.
    pub fn of(frame: &Frame) -> ErrorCause {
        if !frame.is_error() {
            return Unknown;
        }
        let mut data = [0; MAX_CLASSIC_LEN];
        data[..frame.len()].copy_from_slice(frame.payload());
        let class = frame.id().raw();
        let has = |bit| class & bit != 0;
        match class {
            _ if has(BUS_OFF) => BusOff,
            _ if has(LOST_ARBITRATION) => LostArbitration,
            _ if has(NO_ACKNOWLEDGE) => NoAcknowledge,
            _ if has(PROTOCOL) => of_protocol(data[2], data[3]),
            _ if has(CONTROLLER) => of_controller(data[1]),
            _ if has(TRANSCEIVER) => Transceiver,
            _ if has(SEND_TIMEOUT) => SendTimeout,
            _ if has(RESTARTED) => Restarted,
            _ if has(BUS) => Bus,
            _ => Unknown,
        }
    }

    /// A name for files and programs: `bus_off`, `stuff`.
    pub fn name(self) -> &'static str {
        match self {
            BusOff => "bus_off",
            LostArbitration => "lost_arbitration",
            NoAcknowledge => "no_acknowledge",
            Bit => "bit",
            Form => "form",
            Stuff => "stuff",
            Crc => "crc",
            Protocol => "protocol",
            Overflow => "overflow",
            ErrorPassive => "error_passive",
            ErrorWarning => "error_warning",
            Controller => "controller",
            Transceiver => "transceiver",
            SendTimeout => "send_timeout",
            Restarted => "restarted",
            Bus => "bus",
            Unknown => "unknown",
        }
    }
}

fn of_protocol(violation: u8, location: u8) -> ErrorCause {
    match violation {
        _ if violation & 0x19 != 0 => Bit,
        _ if violation & 0x02 != 0 => Form,
        _ if violation & 0x04 != 0 => Stuff,
        _ if location == ACKNOWLEDGE_SLOT => NoAcknowledge,
        _ if location == CRC_FIELD || location == CRC_DELIMITER => Crc,
        _ => Protocol,
    }
}

fn of_controller(state: u8) -> ErrorCause {
    match state {
        _ if state & 0x03 != 0 => Overflow,
        _ if state & 0x30 != 0 => ErrorPassive,
        _ if state & 0x0C != 0 => ErrorWarning,
        _ => Controller,
    }
}

impl fmt::Display for ErrorCause {
    /// The name in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name().replace('_', " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Id;

    #[test]
    fn each_class_of_linux_has_its_cause() {
        let cause = |class: u32, data: &[u8]| {
            let id = Id::extended(class).expect("fits");
            ErrorCause::of(&Frame::error(id, data).expect("valid"))
        };
        assert_eq!(cause(0, &[]), Unknown);
        assert_eq!(cause(0x80, &[]), Bus);
        assert_eq!(cause(0x88, &[0, 0, 0x04, 0x02]), Stuff);
        assert_eq!(cause(0x88, &[0, 0, 0x90]), Bit);
        assert_eq!(cause(0x88, &[0, 0, 0x02]), Form);
        assert_eq!(cause(0x288, &[0, 0, 0x80, 0x19, 0, 0, 8, 0]), NoAcknowledge);
        assert_eq!(cause(0x88, &[0, 0, 0, 0x08]), Crc);
        assert_eq!(cause(0x88, &[]), Protocol);
        assert_eq!(cause(0x20, &[]), NoAcknowledge);
        assert_eq!(cause(0x44, &[0, 0x30]), BusOff);
        assert_eq!(cause(0x04, &[0, 0x30]), ErrorPassive);
        assert_eq!(cause(0x04, &[0, 0x08]), ErrorWarning);
        assert_eq!(cause(0x04, &[0, 0x01]), Overflow);
        assert_eq!(cause(0x04, &[]), Controller);
        assert_eq!(cause(0x02, &[3]), LostArbitration);
        assert_eq!(cause(0x10, &[]), Transceiver);
        assert_eq!(cause(0x01, &[]), SendTimeout);
        assert_eq!(cause(0x100, &[]), Restarted);
        let data = Frame::data(Id::extended(0x40).expect("fits"), &[]).expect("valid");
        assert_eq!(ErrorCause::of(&data), Unknown);
        assert_eq!(format!("{BusOff:>8}|"), " bus off|");
    }
}
