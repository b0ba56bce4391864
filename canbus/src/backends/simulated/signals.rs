//! The drive: what each signal of the vehicle is at a moment, as a pure function of time and seed.
//!
//! Only additions, multiplications and divisions, no `sin` or `exp`: these round the same on
//! every machine, so that the same seed gives the same frames everywhere.

/// A quantity of the vehicle, with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// rpm.
    EngineSpeed,
    /// Percent of the greatest torque.
    EngineTorque,
    /// Percent.
    AcceleratorPedal,
    /// Litres per hour.
    FuelRate,
    /// kPa.
    OilPressure,
    /// kPa over the outside air.
    BoostPressure,
    /// °C.
    CoolantTemperature,
    /// °C.
    OilTemperature,
    /// °C.
    GearboxTemperature,
    /// °C.
    AmbientTemperature,
    /// °C.
    CabinTemperature,
    /// km/h.
    VehicleSpeed,
    /// km/h; front left, front right, rear left, rear right.
    WheelSpeed(u8),
    /// km since the vehicle was built.
    Odometer,
    /// 0 standing, 1 to 5.
    Gear,
    /// rpm of the gearbox's output.
    OutputShaftSpeed,
    /// bar.
    BrakePressure,
    /// m/s², positive when the vehicle gets faster.
    Acceleration,
    /// m/s², positive in a bend to the left.
    LateralAcceleration,
    /// Degrees per second, positive to the left.
    YawRate,
    /// Degrees at the wheel, positive to the left.
    SteeringAngle,
    /// Degrees per second.
    SteeringRate,
    /// One bit for each open door: driver 1, passenger 2.
    Doors,
    /// The lamp that is lit: 0 none, 1 left, 2 right.
    TurnLamp,
    /// 0 or 1.
    BrakeLight,
    /// V.
    BatteryVoltage,
    /// Percent.
    FuelLevel,
    /// Whole seconds since the start.
    Clock,
    /// kPa; one of four tyres.
    TyrePressure(u8),
    /// Percent: some sensor's reading that drifts about, its own in each message.
    Level(u8),
}

/// The state of the vehicle at one moment, from which all signals follow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    seed: u64,
    /// Seconds since the start.
    time: f64,
    /// km/h.
    speed: f64,
    /// m/s².
    acceleration: f64,
    /// Degrees.
    steering: f64,
}

/// The cycle that is driven again and again: second, km/h.
const CYCLE: [(f64, f64); 14] = [
    (0.0, 0.0),
    (2.0, 0.0),
    (10.0, 50.0),
    (24.0, 52.0),
    (30.0, 30.0),
    (36.0, 58.0),
    (44.0, 60.0),
    (58.0, 100.0),
    (70.0, 124.0),
    (84.0, 118.0),
    (98.0, 70.0),
    (106.0, 28.0),
    (113.0, 0.0),
    (CYCLE_SECONDS, 0.0),
];
const CYCLE_SECONDS: f64 = 120.0;

/// km/h and rpm: a gearbox of five gears that shifts within 2 km/h.
const GEARBOX: [(f64, f64); 12] = [
    (0.0, 800.0),
    (5.0, 1100.0),
    (18.0, 2600.0),
    (20.0, 1500.0),
    (35.0, 2600.0),
    (37.0, 1800.0),
    (55.0, 2700.0),
    (57.0, 2000.0),
    (80.0, 2750.0),
    (82.0, 2100.0),
    (140.0, 3600.0),
    (200.0, 5100.0),
];
/// km/h at which the second and higher gears are in.
const SHIFTS: [f64; 4] = [19.0, 36.0, 56.0, 81.0];

/// Seconds of the cycle in which a turn signal blinks: from, to, side.
const TURNS: [(f64, f64, f64); 4] = [
    (1.0, 4.0, 1.0),
    (25.0, 31.0, 2.0),
    (58.0, 62.0, 1.0),
    (104.0, 110.0, 2.0),
];

/// A number from a seed and two others, all bits mixed (`SplitMix64`'s last step).
pub(super) fn mix(seed: u64, a: u64, b: u64) -> u64 {
    let mut bits = seed
        ^ a.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ b.wrapping_mul(0xD1B5_4A32_D192_ED03).rotate_left(32);
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ bits >> 31
}

/// From 0 at 0 to 1 at 1, level at both ends.
fn ease(part: f64) -> f64 {
    part * part * (3.0 - 2.0 * part)
}

/// A value that drifts between -1 and 1, about once in `step` seconds; another for each `name`.
fn drift(seed: u64, name: u64, time: f64, step: f64) -> f64 {
    let at = (time / step).floor();
    let point = |index: u64| mix(seed, name, index) as f64 / u64::MAX as f64 * 2.0 - 1.0;
    let (from, to) = (point(at as u64), point(at as u64 + 1));
    from + (to - from) * ease(time / step - at)
}

/// The second of the cycle, and the cycles before.
fn in_cycle(time: f64) -> (f64, f64) {
    let cycles = (time / CYCLE_SECONDS).floor();
    (time - cycles * CYCLE_SECONDS, cycles)
}

/// No two seeds drive equally fast: 95 to 105 percent.
fn haste(seed: u64) -> f64 {
    0.95 + (mix(seed, 0, 0) % 1001) as f64 * 0.0001
}

/// km/h.
fn speed(seed: u64, time: f64) -> f64 {
    let (second, _) = in_cycle(time);
    let leg = CYCLE.windows(2).find(|leg| second < leg[1].0);
    leg.map_or(0.0, |leg| {
        let part = (second - leg[0].0) / (leg[1].0 - leg[0].0);
        haste(seed) * (leg[0].1 + (leg[1].1 - leg[0].1) * ease(part))
    })
}

/// km since the start: the integral of the speed.
fn distance(seed: u64, time: f64) -> f64 {
    let (second, cycles) = in_cycle(time);
    let mut whole = 0.0;
    let mut begun = 0.0;
    for leg in CYCLE.windows(2) {
        let seconds = leg[1].0 - leg[0].0;
        let driven = |part: f64| {
            let eased = part * part * part * (1.0 - part * 0.5);
            seconds * (leg[0].1 * part + (leg[1].1 - leg[0].1) * eased)
        };
        whole += driven(1.0);
        begun += driven(((second - leg[0].0) / seconds).clamp(0.0, 1.0));
    }
    haste(seed) * (whole * cycles + begun) / 3600.0
}

/// Degrees: larger turns at low speed.
fn steering(seed: u64, time: f64, speed: f64) -> f64 {
    let hand = drift(seed, 1, time, 3.0) + 0.2 * drift(seed, 2, time, 0.7);
    hand * 180.0 / (1.0 + speed * speed / 900.0)
}

/// What the curve through these points is at `x`.
fn along(curve: &[(f64, f64)], x: f64) -> f64 {
    let leg = curve.windows(2).find(|leg| x < leg[1].0);
    leg.map_or(curve[curve.len() - 1].1, |leg| {
        leg[0].1 + (leg[1].1 - leg[0].1) * (x - leg[0].0) / (leg[1].0 - leg[0].0)
    })
}

/// A temperature that has gone half the way from cold to warm after so many seconds.
fn warming(time: f64, cold: f64, warm: f64, half: f64) -> f64 {
    cold + (warm - cold) * time / (time + half)
}

impl Moment {
    /// The vehicle so many nanoseconds after the start.
    pub(super) fn at(seed: u64, nanos: u64) -> Moment {
        let time = nanos as f64 / 1e9;
        let now = speed(seed, time);
        let soon = speed(seed, time + 0.1);
        Moment {
            seed,
            time,
            speed: now,
            acceleration: (soon - now) / 3.6 / 0.1,
            steering: steering(seed, time, now),
        }
    }

    /// A signal in its unit. `owner` tells the sensors of different messages apart.
    pub(super) fn value(&self, signal: Signal, owner: u32) -> f64 {
        use Signal as S;
        match signal {
            S::EngineSpeed => along(&GEARBOX, self.speed) + 8.0 * self.drift(3, 0.5),
            S::EngineTorque => 12.0 + self.pedal() * 0.8,
            S::AcceleratorPedal => self.pedal(),
            S::FuelRate => 0.8 + self.pedal() * 0.15 + self.speed * 0.02,
            S::OilPressure => 120.0 + 0.09 * along(&GEARBOX, self.speed),
            S::BoostPressure => self.pedal() * 1.2,
            S::CoolantTemperature => warming(self.time, 22.0, 92.0, 90.0) + self.drift(4, 8.0),
            S::OilTemperature => warming(self.time, 21.0, 101.0, 200.0),
            S::GearboxTemperature => warming(self.time, 20.0, 80.0, 400.0),
            S::AmbientTemperature => 19.0 + 2.0 * self.drift(5, 120.0),
            S::CabinTemperature => warming(self.time, 27.0, 21.5, 60.0),
            S::VehicleSpeed => self.speed,
            S::WheelSpeed(wheel) => self.wheel_speed(wheel),
            S::Odometer => 48_213.0 + distance(self.seed, self.time),
            S::Gear => self.gear(),
            S::OutputShaftSpeed => self.speed * 26.5,
            S::BrakePressure => (-self.acceleration - 0.6).max(0.0) * 18.0,
            S::Acceleration => self.acceleration,
            S::LateralAcceleration => self.speed / 3.6 * self.yaw_rate() * 0.017_453_3,
            S::YawRate => self.yaw_rate(),
            S::SteeringAngle => self.steering,
            S::SteeringRate => {
                let later = self.time + 0.02;
                let then = steering(self.seed, later, speed(self.seed, later));
                (then - self.steering) / 0.02
            }
            S::Doors => self.doors(),
            S::TurnLamp => self.turn_signal(),
            S::BrakeLight => f64::from(self.acceleration < -0.6),
            S::BatteryVoltage => 14.2 + 0.15 * self.drift(6, 5.0),
            S::FuelLevel => (78.0 - 0.15 * distance(self.seed, self.time)).max(5.0),
            S::Clock => self.time.floor(),
            S::TyrePressure(tyre) => {
                235.0 + f64::from(tyre) * 2.0 + warming(self.time, 0.0, 20.0, 900.0)
            }
            S::Level(number) => {
                let name = u64::from(owner) << 8 | u64::from(number);
                let step = 2.0 + f64::from(number % 5) * 3.0;
                50.0 + 50.0 * drift(self.seed, name, self.time, step)
            }
        }
    }

    fn drift(&self, name: u64, step: f64) -> f64 {
        drift(self.seed, name, self.time, step)
    }

    /// What keeps the speed, and more to gain some.
    fn pedal(&self) -> f64 {
        let wanted = self.speed * 0.12 + self.acceleration * 22.0 + 2.0 * self.drift(7, 1.0);
        wanted.clamp(0.0, 100.0)
    }

    fn gear(&self) -> f64 {
        if self.speed <= 0.0 {
            return 0.0;
        }
        1.0 + SHIFTS.iter().filter(|&&shift| self.speed > shift).count() as f64
    }

    /// One track: 2.7 m between the axles, 16 degrees at the hand turn the wheels by one.
    fn yaw_rate(&self) -> f64 {
        self.speed / 3.6 / 2.7 * self.steering / 16.0
    }

    /// In a bend the outer wheels go faster, each by half of 1.5 m times the yaw rate.
    fn wheel_speed(&self, wheel: u8) -> f64 {
        let outwards = if wheel.is_multiple_of(2) { -0.75 } else { 0.75 };
        (self.speed + outwards * self.yaw_rate() * 0.017_453_3 * 3.6).max(0.0)
    }

    fn doors(&self) -> f64 {
        let (second, _) = in_cycle(self.time);
        let driver = !(0.8..117.0).contains(&second);
        let passenger = (115.0..119.0).contains(&second);
        f64::from(driver) + 2.0 * f64::from(passenger)
    }

    /// Three flashes in two seconds.
    fn turn_signal(&self) -> f64 {
        let (second, _) = in_cycle(self.time);
        let turn = TURNS
            .iter()
            .find(|(from, to, _)| (*from..*to).contains(&second));
        turn.map_or(0.0, |(from, _, side)| {
            let flashes = (second - from) * 1.5;
            side * f64::from(flashes - flashes.floor() < 0.5)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn value(signal: Signal, nanos: u64) -> f64 {
        Moment::at(1, nanos).value(signal, 0)
    }

    fn near(value: f64, expected: f64, by: f64) {
        assert!((value - expected).abs() <= by, "{value} is not {expected}");
    }

    #[test]
    fn the_drive_begins_and_ends_standing_and_repeats() {
        let of = haste(1);
        for (second, expected) in [(0, 0.0), (2, 0.0), (6, 25.0), (10, 50.0), (70, 124.0)] {
            near(
                value(Signal::VehicleSpeed, second * SECOND),
                expected * of,
                1e-9,
            );
            let again = value(Signal::VehicleSpeed, (second + 240) * SECOND);
            near(again, expected * of, 1e-9);
        }
        assert_eq!(value(Signal::VehicleSpeed, 116 * SECOND).to_bits(), 0);
        assert!((0.95..=1.05).contains(&of));
        assert!((haste(1) - haste(2)).abs() > 1e-9);
    }

    #[test]
    fn signals_move_smoothly() {
        // The most that each may change within 10 ms.
        let limits = [
            (Signal::VehicleSpeed, 0.2),
            (Signal::EngineSpeed, 90.0),
            (Signal::SteeringAngle, 8.0),
            (Signal::CoolantTemperature, 0.05),
            (Signal::WheelSpeed(0), 0.3),
            (Signal::Level(3), 1.0),
            (Signal::BatteryVoltage, 0.01),
            (Signal::AcceleratorPedal, 2.0),
        ];
        for (signal, limit) in limits {
            for step in 0..13_000 {
                let before = value(signal, step * 10_000_000);
                let after = value(signal, (step + 1) * 10_000_000);
                assert!(
                    (after - before).abs() < limit,
                    "{signal:?} at {step}: {before} {after}"
                );
            }
        }
    }

    #[test]
    fn signals_stay_in_the_range_of_a_car() {
        for tenth in 0..4800 {
            let at = |signal| value(signal, tenth * SECOND / 10);
            assert!((750.0..4000.0).contains(&at(Signal::EngineSpeed)));
            assert!((0.0..135.0).contains(&at(Signal::VehicleSpeed)));
            assert!((0.0..=100.0).contains(&at(Signal::AcceleratorPedal)));
            assert!((20.0..95.0).contains(&at(Signal::CoolantTemperature)));
            assert!((-250.0..250.0).contains(&at(Signal::SteeringAngle)));
            assert!((-5.0..5.0).contains(&at(Signal::Acceleration)));
            assert!((-12.0..12.0).contains(&at(Signal::LateralAcceleration)));
            assert!((0.0..80.0).contains(&at(Signal::BrakePressure)));
            assert!((0.0..=100.0).contains(&at(Signal::Level(9))));
        }
    }

    #[test]
    fn the_distance_is_the_integral_of_the_speed() {
        let steps = 250 * 100;
        let sum: f64 = (0..steps)
            .map(|step| speed(1, f64::from(step) * 0.01 + 0.005) * 0.01 / 3600.0)
            .sum();
        near(distance(1, 250.0), sum, 1e-5);
        near(value(Signal::Odometer, 250 * SECOND), 48_213.0 + sum, 1e-5);
        near(
            value(Signal::FuelLevel, 250 * SECOND),
            78.0 - 0.15 * sum,
            1e-5,
        );
    }

    #[test]
    fn gears_follow_the_speed() {
        let gear_at = |speed| {
            let moment = Moment {
                speed,
                ..Moment::at(1, 0)
            };
            moment.value(Signal::Gear, 0) as u8
        };
        assert_eq!(
            [0.0, 0.1, 19.0, 19.1, 37.0, 60.0, 81.0, 90.0].map(gear_at),
            [0, 1, 1, 2, 3, 4, 4, 5]
        );
        near(along(&GEARBOX, 0.0), 800.0, 0.0);
        near(along(&GEARBOX, 19.0), 2050.0, 1e-9);
        near(along(&GEARBOX, 500.0), 5100.0, 0.0);
    }

    #[test]
    fn doors_turn_signals_and_brake_lights_follow_the_cycle() {
        let at = |signal, tenth: u64| value(signal, tenth * SECOND / 10) as u8;
        assert_eq!(
            [0, 7, 8, 1150, 1170, 1190, 1200].map(|t| at(Signal::Doors, t)),
            [1, 1, 0, 2, 3, 1, 1]
        );
        // Three flashes in two seconds: a third of a second on, a third off.
        let flashes = [9, 10, 13, 14, 16, 17, 39, 40, 251].map(|t| at(Signal::TurnLamp, t));
        assert_eq!(flashes, [0, 1, 1, 0, 0, 1, 1, 0, 2]);
        assert_eq!([60, 270].map(|t| at(Signal::BrakeLight, t)), [0, 1]);
        assert_eq!(at(Signal::Clock, 57), 5);
    }

    #[test]
    fn in_a_bend_the_outer_wheels_go_faster() {
        let bend = Moment {
            speed: 36.0,
            steering: 32.0,
            ..Moment::at(1, 0)
        };
        // 10 m/s by 2.7 m by 2 degrees: 7.4 degrees per second; 0.0970 m/s for each side.
        near(bend.value(Signal::YawRate, 0), 7.407, 0.001);
        near(bend.value(Signal::WheelSpeed(0), 0), 36.0 - 0.349, 0.001);
        near(bend.value(Signal::WheelSpeed(3), 0), 36.0 + 0.349, 0.001);
        near(bend.value(Signal::LateralAcceleration, 0), 1.293, 0.001);
    }

    #[test]
    fn seeds_and_owners_have_their_own_sensors() {
        let level = |seed, owner| Moment::at(seed, 5 * SECOND).value(Signal::Level(1), owner);
        assert!((level(1, 1) - level(2, 1)).abs() > 1e-6);
        assert!((level(1, 1) - level(1, 2)).abs() > 1e-6);
        near(level(1, 1), level(1, 1), 0.0);
    }
}
