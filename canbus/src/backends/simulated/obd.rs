//! On-board diagnosis: the vehicle's answers to requests for its current data.
//!
//! Single frames of ISO 15765-2 on the identifiers of ISO 15765-4; service and parameters of
//! SAE J1979: service 01, parameters 00, 05, 0C and 0D.

use super::signals::{Moment, Signal};

/// A request to all control units, and one to the engine control unit alone.
const REQUESTS: [u32; 2] = [0x7DF, 0x7E0];
/// From where the engine control unit answers.
pub(super) const ANSWER: u32 = 0x7E8;

const CURRENT_DATA: u8 = 0x01;
/// Added to the service in a positive answer.
const ANSWERED: u8 = 0x40;

const SUPPORTED: u8 = 0x00;
const COOLANT: u8 = 0x05;
const ENGINE_SPEED: u8 = 0x0C;
const VEHICLE_SPEED: u8 = 0x0D;

/// The data of the tester's request number `count`: one parameter after the other.
pub(super) fn request(count: u64) -> [u8; 8] {
    let parameters = [ENGINE_SPEED, VEHICLE_SPEED, COOLANT];
    let parameter = parameters[(count % 3) as usize];
    [2, CURRENT_DATA, parameter, 0, 0, 0, 0, 0]
}

/// What the vehicle answers to this data frame with an 11-bit identifier; `None` when it is not
/// a request, or one for something that the vehicle does not have.
pub(super) fn answer(id: u32, data: &[u8], moment: &Moment) -> Option<[u8; 8]> {
    let &[2, CURRENT_DATA, parameter, ..] = data else {
        return None;
    };
    if !REQUESTS.contains(&id) {
        return None;
    }
    let value = |signal| moment.value(signal, ANSWER);
    // `as` takes what is too small or too large to the ends.
    let (len, value) = match parameter {
        // A bit for each parameter that there is, 0x01 the highest.
        SUPPORTED => (
            4,
            1 << (32 - COOLANT) | 1 << (32 - ENGINE_SPEED) | 1 << (32 - VEHICLE_SPEED),
        ),
        COOLANT => (
            1,
            u32::from((value(Signal::CoolantTemperature) + 40.0).round() as u8),
        ),
        ENGINE_SPEED => (
            2,
            u32::from((value(Signal::EngineSpeed) * 4.0).round() as u16),
        ),
        VEHICLE_SPEED => (1, u32::from(value(Signal::VehicleSpeed).round() as u8)),
        _ => return None,
    };
    let mut answer = [
        2 + len as u8,
        CURRENT_DATA | ANSWERED,
        parameter,
        0,
        0,
        0,
        0,
        0,
    ];
    answer[3..3 + len].copy_from_slice(&value.to_be_bytes()[4 - len..]);
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vehicle at the 70th second: its fastest.
    fn ask(id: u32, data: &[u8]) -> Option<[u8; 8]> {
        answer(id, data, &Moment::at(1, 70_000_000_000))
    }

    #[test]
    fn the_tester_asks_for_one_parameter_after_the_other() {
        assert_eq!(request(0), [2, 1, 0x0C, 0, 0, 0, 0, 0]);
        assert_eq!([1, 2, 3].map(|count| request(count)[2]), [0x0D, 0x05, 0x0C]);
    }

    #[test]
    fn answers_are_scaled_as_sae_j1979_says() {
        let moment = Moment::at(1, 70_000_000_000);
        let answer = ask(0x7DF, &request(0)).expect("engine speed");
        assert_eq!(answer[..3], [4, 0x41, 0x0C]);
        let quarters = f64::from(u16::from_be_bytes([answer[3], answer[4]]));
        assert!((quarters / 4.0 - moment.value(Signal::EngineSpeed, 0)).abs() <= 0.125);
        let answer = ask(0x7E0, &request(1)).expect("speed");
        assert_eq!(answer[..3], [3, 0x41, 0x0D]);
        assert!((f64::from(answer[3]) - moment.value(Signal::VehicleSpeed, 0)).abs() <= 0.5);
        assert_eq!(answer[4..], [0; 4]);
        let answer = ask(0x7DF, &request(2)).expect("coolant");
        assert_eq!(answer[..3], [3, 0x41, 0x05]);
        let celsius = f64::from(answer[3]) - 40.0;
        assert!((celsius - moment.value(Signal::CoolantTemperature, 0)).abs() <= 0.5);
    }

    /// Bit 31 stands for parameter 01, bit 0 for 20.
    #[test]
    fn the_supported_parameters_are_named() {
        let answer = ask(0x7DF, &[2, 1, 0]).expect("supported");
        assert_eq!(answer, [6, 0x41, 0, 0x08, 0x18, 0, 0, 0]);
    }

    #[test]
    fn what_is_no_request_gets_no_answer() {
        assert_eq!(ask(0x7E1, &request(0)), None);
        assert_eq!(ask(0x7DF, &[2, 1, 0x0B, 0, 0, 0, 0, 0]), None);
        assert_eq!(ask(0x7DF, &[2, 9, 0x0C, 0, 0, 0, 0, 0]), None);
        assert_eq!(ask(0x7DF, &[1, 1, 0x0C]), None);
        assert_eq!(ask(0x7DF, &[2, 1]), None);
        assert_eq!(ask(0x7DF, &[]), None);
    }
}
