//! The vehicle: which messages its control units send, how often, and what is in them.
//!
//! Invented but for the messages of SAE J1939, whose numbers, periods and scalings are those of
//! J1939-71 (by PGN and SPN), and the OBD-II request of ISO 15765-4.

use super::payload::{Field, Guard};
use super::signals::Signal as S;

/// What sort of message a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Classic data frame.
    Classic,
    /// CAN FD frame with bit rate switch.
    Fd,
    /// Remote frame: asks for a message that another row sends.
    Remote,
    /// A diagnostic tester's requests, which the engine control unit answers.
    ObdRequest,
    /// An error frame.
    Error,
}

/// One message of the vehicle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) id: u32,
    pub(super) extended: bool,
    pub(super) period_ms: u32,
    pub(super) len: u8,
    pub(super) sort: Sort,
    pub(super) guard: Guard,
    /// What stands in the bytes of no field.
    pub(super) unused: u8,
    pub(super) fields: &'static [Field],
    /// Looks every period, but sends only when a field has changed.
    pub(super) on_change: bool,
}

const fn row(id: u32, period_ms: u32, len: u8, guard: Guard, fields: &'static [Field]) -> Row {
    Row {
        id,
        extended: false,
        period_ms,
        len,
        sort: Sort::Classic,
        guard,
        unused: 0,
        fields,
        on_change: false,
    }
}

impl Row {
    const fn as_fd(self) -> Row {
        Row {
            sort: Sort::Fd,
            ..self
        }
    }

    const fn extended(self) -> Row {
        Row {
            extended: true,
            ..self
        }
    }

    const fn on_change(self) -> Row {
        Row {
            on_change: true,
            ..self
        }
    }

    const fn sort(self, sort: Sort) -> Row {
        Row { sort, ..self }
    }
}

/// A message of SAE J1939: priority, parameter group, source address; unused bytes are 0xFF.
const fn j1939(
    priority: u32,
    pgn: u32,
    source: u32,
    period_ms: u32,
    fields: &'static [Field],
) -> Row {
    Row {
        unused: 0xFF,
        ..row(priority << 26 | pgn << 8 | source, period_ms, 8, N, fields).extended()
    }
}

const fn be(at: u8, bytes: u8, signal: S, per_bit: f64, offset: f64) -> Field {
    Field {
        big_endian: true,
        ..le(at, bytes, signal, per_bit, offset)
    }
}

const fn le(at: u8, bytes: u8, signal: S, per_bit: f64, offset: f64) -> Field {
    Field {
        at,
        bytes,
        big_endian: false,
        signal,
        per_bit,
        offset,
    }
}

/// A sensor's percentage in one byte, or in two.
const fn level(at: u8, number: u8) -> Field {
    le(at, 1, S::Level(number), 0.5, 0.0)
}

const fn fine(at: u8, number: u8) -> Field {
    be(at, 2, S::Level(number), 0.01, 0.0)
}

const N: Guard = Guard::None;
const A: Guard = Guard::Counter;
const X: Guard = Guard::Xor;
const C: Guard = Guard::Crc;

// What several messages have in common.
const ONE: &[Field] = &[level(0, 0)];
const TWO: &[Field] = &[level(0, 0), level(1, 1)];
const THREE: &[Field] = &[level(0, 0), fine(1, 1)];
const FIVE: &[Field] = &[level(0, 0), fine(1, 1), fine(3, 2)];
const BEHIND_CRC: &[Field] = &[fine(2, 0), fine(4, 1), level(6, 2), level(7, 3)];
const CELLS: &[Field] = &[fine(0, 0), fine(2, 1), fine(4, 2), fine(6, 3)];
const STATUS: &[Field] = &[];
/// Two objects of a radar or camera, or four: distance, angle, speed.
const OBJECTS: &[Field] = &[
    fine(2, 0),
    fine(4, 1),
    fine(6, 2),
    fine(8, 3),
    fine(10, 4),
    fine(12, 5),
    fine(14, 6),
    fine(16, 7),
    fine(18, 8),
    fine(20, 9),
    fine(22, 10),
];
const MANY_OBJECTS: &[Field] = &[
    fine(2, 0),
    fine(4, 1),
    fine(6, 2),
    fine(8, 3),
    fine(10, 4),
    fine(12, 5),
    fine(14, 6),
    fine(16, 7),
    fine(18, 8),
    fine(20, 9),
    fine(22, 10),
    fine(24, 11),
    fine(26, 12),
    fine(30, 13),
    fine(34, 14),
    fine(38, 15),
    fine(42, 16),
    fine(46, 17),
];

const STEERING: &[Field] = &[
    be(2, 2, S::SteeringAngle, 0.1, -1000.0),
    be(4, 2, S::SteeringRate, 0.5, -5000.0),
    be(6, 2, S::YawRate, 0.01, -100.0),
];
const ENGINE: &[Field] = &[
    be(2, 2, S::EngineSpeed, 0.25, 0.0),
    le(4, 1, S::EngineTorque, 0.5, 0.0),
    le(5, 1, S::AcceleratorPedal, 0.4, 0.0),
];
const WHEELS: &[Field] = &[
    be(0, 2, S::WheelSpeed(0), 0.01, -67.67),
    be(2, 2, S::WheelSpeed(1), 0.01, -67.67),
    be(4, 2, S::WheelSpeed(2), 0.01, -67.67),
    be(6, 2, S::WheelSpeed(3), 0.01, -67.67),
];
const BRAKE: &[Field] = &[
    be(2, 2, S::BrakePressure, 0.01, 0.0),
    le(4, 1, S::BrakeLight, 1.0, 0.0),
];
const INERTIA: &[Field] = &[
    le(2, 2, S::Acceleration, 0.001, -32.0),
    le(4, 2, S::LateralAcceleration, 0.001, -32.0),
    le(6, 2, S::YawRate, 0.005, -163.84),
    le(8, 2, S::SteeringAngle, 0.1, -1000.0),
    fine(10, 0),
    fine(12, 1),
    fine(14, 2),
];
const SPEED: &[Field] = &[be(0, 2, S::VehicleSpeed, 0.01, 0.0), level(2, 0)];
const GEARBOX: &[Field] = &[
    le(2, 1, S::Gear, 1.0, 0.0),
    be(3, 2, S::OutputShaftSpeed, 0.25, 0.0),
];
const PEDAL: &[Field] = &[
    be(0, 2, S::AcceleratorPedal, 0.01, 0.0),
    le(2, 1, S::EngineTorque, 0.5, 0.0),
];
const TEMPERATURES: &[Field] = &[
    le(0, 1, S::CoolantTemperature, 1.0, -40.0),
    le(1, 1, S::OilTemperature, 1.0, -40.0),
    le(2, 1, S::GearboxTemperature, 1.0, -40.0),
    le(3, 1, S::AmbientTemperature, 0.5, -40.0),
];
const CLUSTER: &[Field] = &[
    le(0, 4, S::Odometer, 0.1, 0.0),
    le(4, 1, S::FuelLevel, 0.5, 0.0),
    be(5, 2, S::VehicleSpeed, 0.01, 0.0),
];
const CLIMATE: &[Field] = &[
    le(0, 1, S::CabinTemperature, 0.25, -10.0),
    le(1, 1, S::AmbientTemperature, 0.5, -40.0),
    level(2, 0),
];
const BATTERY: &[Field] = &[le(0, 2, S::BatteryVoltage, 0.001, 0.0), level(2, 0)];
const TYRES: &[Field] = &[
    le(0, 1, S::TyrePressure(0), 2.0, 0.0),
    le(1, 1, S::TyrePressure(1), 2.0, 0.0),
    le(2, 1, S::TyrePressure(2), 2.0, 0.0),
    le(3, 1, S::TyrePressure(3), 2.0, 0.0),
];
const LIGHTS: &[Field] = &[
    le(0, 1, S::TurnLamp, 1.0, 0.0),
    le(1, 1, S::BrakeLight, 1.0, 0.0),
];
const DOORS: &[Field] = &[le(0, 1, S::Doors, 1.0, 0.0)];
const CLOCK: &[Field] = &[be(0, 4, S::Clock, 1.0, -36_000.0)];

/// A speed in J1939: 1/256 km/h per bit.
const J1939_KM_H: f64 = 1.0 / 256.0;
/// A temperature in two bytes of J1939: 1/32 °C per bit, from -273 °C.
const J1939_CELSIUS: f64 = 1.0 / 32.0;

/// All messages, the most frequent first.
pub(super) const VEHICLE: &[Row] = &[
    // Every 10 ms: chassis and engine.
    row(0x025, 10, 8, C, STEERING),
    row(0x0A0, 10, 8, C, ENGINE),
    row(0x0B4, 10, 8, N, WHEELS),
    row(0x0C4, 10, 6, C, BRAKE),
    row(0x0E5, 10, 16, C, INERTIA).as_fd(),
    // ETC1: output shaft speed (SPN 191).
    j1939(
        3,
        61442,
        0x03,
        10,
        &[le(1, 2, S::OutputShaftSpeed, 0.125, 0.0)],
    ),
    // Every 20 ms: drive train, assistance.
    row(0x0D1, 20, 8, C, BEHIND_CRC),
    row(0x0F1, 20, 5, X, PEDAL),
    row(0x110, 20, 6, C, GEARBOX),
    row(0x120, 20, 5, X, SPEED),
    row(0x130, 20, 8, C, BEHIND_CRC),
    row(0x148, 20, 4, X, TWO),
    row(0x160, 20, 32, C, OBJECTS).as_fd(),
    row(0x161, 20, 24, C, OBJECTS).as_fd(),
    // EEC1: torque (SPN 513), engine speed (SPN 190).
    j1939(3, 61444, 0x00, 20, EEC1),
    // Every 50 ms: radars, pedals, body dynamics.
    row(0x1A0, 50, 8, C, BEHIND_CRC),
    row(0x1A6, 50, 8, C, BEHIND_CRC),
    row(0x1AC, 50, 8, C, BEHIND_CRC),
    row(0x1B2, 50, 8, C, BEHIND_CRC),
    row(0x1B8, 50, 7, X, FIVE),
    row(0x1BE, 50, 7, X, FIVE),
    row(0x1C4, 50, 7, X, FIVE),
    row(0x1D0, 50, 64, C, MANY_OBJECTS).as_fd(),
    row(0x1D1, 50, 64, C, MANY_OBJECTS).as_fd(),
    row(0x1D2, 50, 64, C, MANY_OBJECTS).as_fd(),
    row(0x1D3, 50, 64, C, MANY_OBJECTS).as_fd(),
    row(0x1AB_C0D0, 50, 48, C, MANY_OBJECTS).as_fd().extended(),
    // EEC2: accelerator pedal (SPN 91), load (SPN 92).
    j1939(3, 61443, 0x00, 50, EEC2),
    // TCO1: speed at the tachograph (SPN 1624).
    j1939(
        3,
        65132,
        0xEE,
        50,
        &[le(6, 2, S::VehicleSpeed, J1939_KM_H, 0.0)],
    ),
    // Every 100 ms.
    row(0x200, 100, 8, C, BEHIND_CRC),
    row(0x208, 100, 8, C, BEHIND_CRC),
    row(0x210, 100, 8, C, BEHIND_CRC),
    row(0x218, 100, 8, C, BEHIND_CRC),
    row(0x220, 100, 8, C, BEHIND_CRC),
    row(0x228, 100, 8, C, BEHIND_CRC),
    row(0x230, 100, 8, C, BEHIND_CRC),
    row(0x238, 100, 8, C, BEHIND_CRC),
    row(0x240, 100, 7, X, FIVE),
    row(0x244, 100, 7, X, FIVE),
    row(0x248, 100, 7, X, FIVE),
    row(0x24C, 100, 7, X, FIVE),
    row(0x250, 100, 7, X, FIVE),
    row(0x254, 100, 7, X, FIVE),
    row(0x260, 100, 4, A, THREE),
    row(0x264, 100, 4, A, THREE),
    row(0x268, 100, 4, A, THREE),
    row(0x26C, 100, 4, A, THREE),
    row(0x270, 100, 4, A, THREE),
    row(0x280, 100, 4, N, LIGHTS),
    row(0x288, 100, 32, C, OBJECTS).as_fd(),
    row(0x289, 100, 24, C, OBJECTS).as_fd(),
    row(0x1AB_C0E0, 100, 64, C, MANY_OBJECTS).as_fd().extended(),
    // EBC1: brake pedal position (SPN 521), here from the light.
    j1939(6, 61441, 0x0B, 100, &[le(1, 1, S::BrakePressure, 0.4, 0.0)]),
    // EBC2: front axle speed (SPN 904).
    j1939(
        6,
        65215,
        0x0B,
        100,
        &[le(0, 2, S::VehicleSpeed, J1939_KM_H, 0.0)],
    ),
    // CCVS1: wheel-based vehicle speed (SPN 84).
    j1939(
        6,
        65265,
        0x00,
        100,
        &[le(1, 2, S::VehicleSpeed, J1939_KM_H, 0.0)],
    ),
    // LFE1: fuel rate (SPN 183).
    j1939(6, 65266, 0x00, 100, &[le(0, 2, S::FuelRate, 0.05, 0.0)]),
    // Every 200 ms: body, instruments, air.
    row(0x2A0, 200, 8, C, BEHIND_CRC),
    row(0x2A8, 200, 8, C, BEHIND_CRC),
    row(0x2B0, 200, 8, C, BEHIND_CRC),
    row(0x2B8, 200, 8, C, BEHIND_CRC),
    row(0x2C0, 200, 8, C, BEHIND_CRC),
    row(0x2C8, 200, 8, C, BEHIND_CRC),
    row(0x2D0, 200, 8, N, CELLS),
    row(0x2D4, 200, 8, N, CELLS),
    row(0x2D8, 200, 8, N, CELLS),
    row(0x2DC, 200, 8, N, CELLS),
    row(0x2E0, 200, 3, A, TWO),
    row(0x2E4, 200, 3, A, TWO),
    row(0x2E8, 200, 3, A, TWO),
    row(0x2EC, 200, 3, A, TWO),
    row(0x2F0, 200, 3, A, TWO),
    row(0x2F8, 200, 4, A, CLIMATE),
    row(0x300, 200, 8, A, CLUSTER),
    row(0x308, 200, 48, C, MANY_OBJECTS).as_fd(),
    row(0x309, 200, 12, C, BEHIND_CRC).as_fd(),
    row(0x110A_5040, 200, 8, C, BEHIND_CRC).extended(),
    row(0x110A_5041, 200, 8, C, BEHIND_CRC).extended(),
    row(0x110A_5042, 200, 8, C, BEHIND_CRC).extended(),
    // Every 500 ms: temperatures, supply, comfort.
    row(0x320, 500, 8, A, TEMPERATURES),
    row(0x328, 500, 4, A, BATTERY),
    row(0x340, 500, 8, N, CELLS),
    row(0x344, 500, 8, N, CELLS),
    row(0x348, 500, 8, N, CELLS),
    row(0x34C, 500, 8, N, CELLS),
    row(0x350, 500, 8, N, CELLS),
    row(0x354, 500, 8, N, CELLS),
    row(0x360, 500, 6, N, FIVE),
    row(0x364, 500, 6, N, FIVE),
    row(0x368, 500, 6, N, FIVE),
    row(0x36C, 500, 6, N, FIVE),
    row(0x370, 500, 6, N, FIVE),
    row(0x374, 500, 6, N, FIVE),
    row(0x378, 500, 6, N, FIVE),
    row(0x37C, 500, 6, N, FIVE),
    row(0x37E, 500, 6, N, FIVE),
    row(0x380, 500, 20, C, BEHIND_CRC).as_fd(),
    row(0x388, 500, 64, N, MANY_OBJECTS).as_fd(),
    row(0x17F0_0010, 500, 8, A, THREE).extended(),
    row(0x17F0_0011, 500, 8, A, THREE).extended(),
    row(0x17F0_0012, 500, 8, A, THREE).extended(),
    // EFL/P1: oil pressure (SPN 100).
    j1939(6, 65263, 0x00, 500, &[le(3, 1, S::OilPressure, 4.0, 0.0)]),
    // IC1: boost pressure (SPN 102), air temperature (SPN 105).
    j1939(6, 65270, 0x00, 500, IC1),
    row(0x7DF, 500, 8, N, &[]).sort(Sort::ObdRequest),
    // Every second: slow values, and network management of each control unit.
    row(0x3A0, 1000, 5, N, TYRES),
    row(0x3A8, 1000, 4, N, CLOCK),
    row(0x3B0, 1000, 4, N, THREE),
    row(0x3B4, 1000, 4, N, THREE),
    row(0x3B8, 1000, 4, N, THREE),
    row(0x3BC, 1000, 4, N, THREE),
    row(0x3C0, 1000, 4, N, THREE),
    row(0x3C4, 1000, 4, N, THREE),
    row(0x3C8, 1000, 4, N, THREE),
    row(0x3CC, 1000, 4, N, THREE),
    row(0x3D0, 1000, 2, N, ONE),
    row(0x3D4, 1000, 2, N, ONE),
    row(0x3D8, 1000, 2, N, ONE),
    row(0x3DC, 1000, 2, N, ONE),
    row(0x3DE, 1000, 2, N, ONE),
    row(0x3E0, 1000, 0, N, STATUS),
    row(0x500, 1000, 8, A, STATUS),
    row(0x501, 1000, 8, A, STATUS),
    row(0x502, 1000, 8, A, STATUS),
    row(0x503, 1000, 8, A, STATUS),
    row(0x504, 1000, 8, A, STATUS),
    row(0x505, 1000, 8, A, STATUS),
    row(0x506, 1000, 8, A, STATUS),
    row(0x507, 1000, 8, A, STATUS),
    row(0x508, 1000, 8, A, STATUS),
    row(0x509, 1000, 8, A, STATUS),
    row(0x50A, 1000, 8, A, STATUS),
    row(0x50B, 1000, 8, A, STATUS),
    row(0x50C, 1000, 8, A, STATUS),
    row(0x50D, 1000, 8, A, STATUS),
    row(0x50E, 1000, 8, A, STATUS),
    row(0x50F, 1000, 8, A, STATUS),
    row(0x5C0, 1000, 64, N, MANY_OBJECTS).as_fd(),
    row(0x1B00_0010, 1000, 8, N, STATUS).extended(),
    row(0x1B00_0011, 1000, 8, N, STATUS).extended(),
    row(0x1B00_0012, 1000, 8, N, STATUS).extended(),
    row(0x1B00_0013, 1000, 8, N, STATUS).extended(),
    // ET1: coolant (SPN 110), oil temperature (SPN 175).
    j1939(6, 65262, 0x00, 1000, ET1),
    // AMB: ambient air temperature (SPN 171).
    j1939(
        6,
        65269,
        0x00,
        1000,
        &[le(3, 2, S::AmbientTemperature, J1939_CELSIUS, -273.0)],
    ),
    // VEP1: battery potential (SPN 168).
    j1939(
        6,
        65271,
        0x00,
        1000,
        &[le(4, 2, S::BatteryVoltage, 0.05, 0.0)],
    ),
    // TRF1: transmission oil temperature (SPN 177).
    j1939(
        6,
        65272,
        0x03,
        1000,
        &[le(4, 2, S::GearboxTemperature, J1939_CELSIUS, -273.0)],
    ),
    // DD1: fuel level (SPN 96).
    j1939(6, 65276, 0x17, 1000, &[le(1, 1, S::FuelLevel, 0.4, 0.0)]),
    // VD: total vehicle distance (SPN 245).
    j1939(6, 65248, 0x17, 1000, &[le(4, 4, S::Odometer, 0.125, 0.0)]),
    row(0x5E5, 1000, 4, A, BATTERY),
    // Asks for the message before this one.
    row(0x5E5, 2000, 4, N, &[]).sort(Sort::Remote),
    // Events: doors, turn signals and brake lights.
    row(0x0F8, 10, 2, N, DOORS).on_change(),
    row(0x1F0, 20, 4, N, LIGHTS).on_change(),
];

const EEC1: &[Field] = &[
    le(2, 1, S::EngineTorque, 1.0, -125.0),
    le(3, 2, S::EngineSpeed, 0.125, 0.0),
];
const EEC2: &[Field] = &[
    le(1, 1, S::AcceleratorPedal, 0.4, 0.0),
    le(2, 1, S::EngineTorque, 1.0, 0.0),
];
const IC1: &[Field] = &[
    le(1, 1, S::BoostPressure, 2.0, 0.0),
    le(2, 1, S::AmbientTemperature, 1.0, -40.0),
];
const ET1: &[Field] = &[
    le(0, 1, S::CoolantTemperature, 1.0, -40.0),
    le(2, 2, S::OilTemperature, J1939_CELSIUS, -273.0),
];

/// A stuff error in the CRC, as `linux/can/error.h` writes it; how often, the user says.
pub(super) const ERROR: Row = Row {
    sort: Sort::Error,
    // CAN_ERR_PROT | CAN_ERR_BUSERROR.
    ..row(0x088, 1000, 8, N, &[])
};
/// The data of that error: `CAN_ERR_PROT_STUFF`, `CAN_ERR_PROT_LOC_CRC_SEQ`.
pub(super) const ERROR_DATA: [u8; 8] = [0, 0, 0x04, 0x08, 0, 0, 0, 0];

#[cfg(test)]
mod tests;
