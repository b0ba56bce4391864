//! Controllers and adapters by name: their clocks and limits.

use super::Limits;
use crate::error::{Error, Result};
use crate::options::nearest;

/// A controller or adapter: what it can set, and at which clocks it usually runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Controller {
    /// The name, as Linux's driver has it where there is one.
    pub name: &'static str,
    /// What it is.
    pub summary: &'static str,
    /// Its usual clocks, in Hz, the most usual first.
    pub clocks: &'static [u32],
    /// The limits of classic CAN and of the arbitration phase.
    pub nominal: Limits,
    /// The limits of the data phase; `None` without CAN FD.
    pub data: Option<Limits>,
}

/// The controllers that are known by name. Limits and clocks are those of Linux's drivers, of
/// `can-calc-bit-timing` of can-utils, and of makers' documentation.
pub fn controllers() -> &'static [Controller] {
    CONTROLLERS
}

/// The controller of this name, in any case.
///
/// # Errors
/// `InvalidInput` with the nearest name, or all.
pub fn find_controller(name: &str) -> Result<&'static Controller> {
    let found = CONTROLLERS
        .iter()
        .find(|controller| controller.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        let names = || CONTROLLERS.iter().map(|controller| controller.name);
        let hint = match nearest(name, names()) {
            Some(similar) => format!("did you mean {similar}?"),
            None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
        };
        Error::invalid(format!("there is no controller {name}; {hint}"))
    })
}

const fn classic(
    name: &'static str,
    summary: &'static str,
    clocks: &'static [u32],
    nominal: Limits,
) -> Controller {
    Controller {
        name,
        summary,
        clocks,
        nominal,
        data: None,
    }
}

const fn fd(
    name: &'static str,
    summary: &'static str,
    clocks: &'static [u32],
    nominal: Limits,
    data: Limits,
) -> Controller {
    Controller {
        name,
        summary,
        clocks,
        nominal,
        data: Some(data),
    }
}

const MHZ: u32 = 1_000_000;

/// A classic controller with three bits for `tseg2`, four for `tseg1`, two for `sjw`.
const fn usual(tseg1_min: u32, tseg2_min: u32, brp: (u32, u32)) -> Limits {
    Limits::new((tseg1_min, 16), (tseg2_min, 8), 4, brp)
}

const CONTROLLERS: &[Controller] = &[
    classic(
        "sja1000",
        "NXP SJA1000; PCAN and many others; half of a 16 MHz crystal",
        &[8 * MHZ],
        Limits::SJA1000,
    ),
    classic(
        "mscan",
        "Freescale MSCAN",
        &[
            32 * MHZ,
            33 * MHZ,
            33_300_000,
            33_333_333,
            66_660_000,
            66_666_666,
        ],
        usual(4, 2, (1, 64)),
    ),
    classic(
        "at91",
        "Atmel AT91",
        &[100 * MHZ, 99_532_800, 66 * MHZ],
        usual(4, 2, (2, 128)),
    ),
    classic(
        "flexcan",
        "NXP FlexCAN without CAN FD",
        &[
            24 * MHZ,
            30 * MHZ,
            49_875_000,
            66 * MHZ,
            66_500_000,
            66_666_666,
            83_368_421,
        ],
        usual(4, 2, (1, 256)),
    ),
    classic(
        "mcp251x",
        "Microchip MCP2510 and MCP2515; half of its crystal",
        &[8 * MHZ, 16 * MHZ, 4 * MHZ, 6 * MHZ, 10 * MHZ],
        usual(3, 2, (1, 64)),
    ),
    classic("ti_hecc", "TI HECC", &[13 * MHZ], usual(1, 1, (1, 256))),
    classic(
        "rcar_can",
        "Renesas R-Car",
        &[65 * MHZ],
        usual(4, 2, (1, 1024)),
    ),
    classic(
        "c_can",
        "Bosch C_CAN and D_CAN",
        &[24 * MHZ],
        usual(2, 1, (1, 1024)),
    ),
    classic(
        "bxcan",
        "STM32 bxCAN: CANable, candleLight and other gs_usb adapters",
        &[48 * MHZ, 42 * MHZ, 36 * MHZ],
        usual(1, 1, (1, 1024)),
    ),
    classic(
        "usb_8dev",
        "8devices USB2CAN",
        &[32 * MHZ],
        usual(1, 1, (1, 1024)),
    ),
    classic(
        "pcan_usb_pro",
        "PEAK PCAN-USB Pro",
        &[56 * MHZ],
        usual(1, 1, (1, 1024)),
    ),
    classic(
        "kvaser_usb",
        "Kvaser USB without CAN FD",
        &[8 * MHZ, 16 * MHZ, 24 * MHZ],
        Limits::SJA1000,
    ),
    classic(
        "esd_usb2",
        "esd CAN-USB/2 and CAN-USB/Micro",
        &[60 * MHZ, 36 * MHZ],
        usual(1, 1, (1, 1024)),
    ),
    fd(
        "cantact_pro",
        "CANtact Pro (LPC546xx)",
        &[24 * MHZ, 40 * MHZ],
        usual(1, 1, (1, 1024)),
        usual(1, 1, (1, 1024)),
    ),
    fd(
        "m_can",
        "Bosch M_CAN from 3.1: STM32 FDCAN, TI, Microchip SAM; CANable 2",
        &[80 * MHZ, 40 * MHZ, 20 * MHZ, 160 * MHZ, 170 * MHZ, 48 * MHZ],
        Limits::new((2, 256), (2, 128), 128, (1, 512)),
        Limits::new((1, 32), (1, 16), 16, (1, 32)),
    ),
    fd(
        "mcp251xfd",
        "Microchip MCP2517FD, MCP2518FD",
        &[40 * MHZ, 20 * MHZ],
        Limits::new((2, 256), (1, 128), 128, (1, 256)),
        Limits::new((1, 32), (1, 16), 16, (1, 256)),
    ),
    fd(
        "flexcan_fd",
        "NXP FlexCAN with CAN FD",
        &[40 * MHZ, 20 * MHZ],
        Limits::new((2, 96), (2, 32), 16, (1, 1024)),
        Limits::new((2, 39), (2, 8), 4, (1, 1024)),
    ),
    fd(
        "pcan_usb_fd",
        "PEAK PCAN with CAN FD",
        &[80 * MHZ, 60 * MHZ, 40 * MHZ, 30 * MHZ, 24 * MHZ, 20 * MHZ],
        Limits::new((1, 256), (1, 128), 128, (1, 1024)),
        Limits::new((1, 32), (1, 16), 16, (1, 1024)),
    ),
    fd(
        "kvaser_usb_kcan",
        "Kvaser USB with CAN FD",
        &[80 * MHZ],
        Limits::new((1, 255), (1, 32), 16, (1, 8192)),
        Limits::new((1, 255), (1, 32), 16, (1, 8192)),
    ),
    fd(
        "rcar_canfd",
        "Renesas R-Car CAN FD",
        &[40 * MHZ, 20 * MHZ],
        Limits::new((2, 128), (2, 32), 32, (1, 1024)),
        Limits::new((2, 16), (2, 8), 8, (1, 256)),
    ),
    fd(
        "xilinx_can_fd2",
        "Xilinx CAN FD 2.0",
        &[80 * MHZ, 40 * MHZ, 20 * MHZ, 79_999_999],
        Limits::new((1, 256), (1, 128), 128, (2, 256)),
        Limits::new((1, 32), (1, 16), 16, (2, 256)),
    ),
    fd(
        "rockchip_canfd",
        "Rockchip CAN FD, whose prescalers are even",
        &[300 * MHZ, 40 * MHZ, 20 * MHZ],
        EVEN_NOMINAL,
        EVEN_DATA,
    ),
];

const EVEN_NOMINAL: Limits = Limits {
    brp_inc: 2,
    ..Limits::new((1, 256), (1, 128), 128, (2, 256))
};
const EVEN_DATA: Limits = Limits {
    brp_inc: 2,
    ..Limits::new((1, 32), (1, 16), 16, (2, 256))
};
