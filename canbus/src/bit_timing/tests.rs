//! Ranges, ways to a timing, what is refused. That the results are python-can's and Linux's is
//! shown by `tests/differential/bit_timing.py`.

use super::*;
use crate::error::ErrorKind;

fn classic(f_clock: u32, brp: u32, tseg1: u32, tseg2: u32, sjw: u32) -> Result<BitTiming> {
    BitTiming::new(f_clock, Phase::new(brp, tseg1, tseg2, sjw))
}

fn refusal<T: std::fmt::Debug>(result: Result<T>) -> String {
    let error = result.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    error.to_string()
}

#[test]
fn every_value_out_of_its_range_is_named() {
    for (brp, tseg1, tseg2, sjw, said) in [
        (0, 5, 2, 1, "brp is 0, but expected 1 to 64"),
        (65, 5, 2, 1, "brp is 65, but expected 1 to 64"),
        (1, 0, 2, 1, "tseg1 is 0, but expected 1 to 16"),
        (1, 17, 2, 1, "tseg1 is 17, but expected 1 to 16"),
        (1, 5, 0, 1, "tseg2 is 0, but expected 1 to 8"),
        (1, 16, 9, 1, "tseg2 is 9, but expected 1 to 8"),
        (1, 5, 2, 0, "sjw is 0, but expected 1 to 4"),
        (1, 8, 8, 5, "sjw is 5, but expected 1 to 4"),
        (
            1,
            5,
            2,
            3,
            "sjw is 3, but expected at most tseg2, which is 2",
        ),
        (
            1,
            3,
            5,
            1,
            "sample_point is 44.44 %, but expected at least 50 %",
        ),
    ] {
        assert_eq!(refusal(classic(8_000_000, brp, tseg1, tseg2, sjw)), said);
    }
    assert!(refusal(classic(0, 1, 5, 2, 1)).contains("f_clock is 0"));
    let two = classic(8_000_000, 1, 5, 2, 1).and_then(|timing| timing.with_samples(2));
    assert_eq!(refusal(two), "nof_samples is 2, but expected 1 or 3");
}

#[test]
fn strict_is_the_range_of_iso_11898() {
    let strict = |f_clock, brp, tseg1, tseg2| {
        classic(f_clock, brp, tseg1, tseg2, 1).and_then(BitTiming::strict)
    };
    assert!(strict(8_000_000, 1, 5, 2).is_ok());
    assert!(refusal(strict(7_000_000, 1, 4, 2)).contains("nominal bit time is 7"));
    assert!(refusal(strict(8_000_000, 33, 13, 2)).contains("brp is 33"));
    assert!(refusal(strict(1_000_000, 32, 13, 2)).contains("bitrate is 1953"));
}

#[test]
fn registers_and_timings_are_the_same_thing() {
    let timing = BitTiming::from_registers(8_000_000, 0x43, 0xba).expect("valid");
    assert_eq!(timing.phase(), Phase::new(4, 11, 4, 2));
    assert_eq!((timing.nof_samples(), timing.bitrate()), (3, 125_000));
    assert_eq!((timing.btr0(), timing.btr1()), (0x43, 0xba));
    assert_eq!((timing.nbt(), timing.tq()), (16, 500));
    // A jump of four quanta in a tseg2 of two.
    assert!(BitTiming::from_registers(8_000_000, 0xc0, 0x14).is_err());
}

#[test]
fn a_bit_rate_may_be_off_by_a_256th() {
    let segments = Segments {
        tseg1: 13,
        tseg2: 2,
        sjw: 1,
    };
    let at = |bitrate| BitTiming::from_bitrate_and_segments(8_000_000, bitrate, segments);
    assert_eq!(at(500_000).expect("exact").brp(), 1);
    assert!(at(498_100).is_ok() && at(501_900).is_ok());
    assert_eq!(
        refusal(at(480_000)),
        "bitrate is 480000, but these segments and this clock give 500000 at best"
    );
    assert!(refusal(at(0)).contains("bitrate is 0"));
}

#[test]
fn another_clock_keeps_bit_rate_and_sample_point() {
    let timing = classic(8_000_000, 1, 5, 2, 1).expect("valid");
    let same = timing.recreate_with_f_clock(16_000_000).expect("possible");
    assert_eq!(same.phase(), Phase::new(2, 5, 2, 1));
    // At 20 MHz a bit of eight quanta is impossible; the jump keeps its share of the bit.
    let other = timing.recreate_with_f_clock(20_000_000).expect("possible");
    assert_eq!(other.phase(), Phase::new(1, 14, 5, 2));
    assert!(timing.recreate_with_f_clock(7_000_000).is_err());

    assert_eq!(
        timing.adjust_clock(&[16_000_000, 8_000_000]).expect("same"),
        timing
    );
    let adjusted = timing.adjust_clock(&[7_000_000, 20_000_000]);
    assert_eq!(adjusted.expect("the second"), other);
    let error = timing
        .adjust_clock(&[7_000_000, 9_000_000])
        .expect_err("none");
    assert_eq!(error.kind(), ErrorKind::OpenFailed);
    assert!(error.to_string().ends_with("7000000, 9000000"), "{error}");
}

#[test]
fn the_phases_of_can_fd_are_checked_by_name() {
    let timing = |nominal, data| BitTimingFd::new(80_000_000, nominal, data);
    let (nominal, data) = (Phase::new(1, 119, 40, 40), Phase::new(1, 29, 10, 10));
    assert!(timing(nominal, data).is_ok());
    for (slow, fast, said) in [
        (Phase { brp: 0, ..nominal }, data, "nom_brp is 0"),
        (nominal, Phase { brp: 0, ..data }, "data_brp is 0"),
        (
            data,
            nominal,
            "data_bitrate is 500000, but expected at least nom_bitrate",
        ),
        (
            Phase::new(1, 119, 40, 41),
            data,
            "nom_sjw is 41, but expected at most nom_tseg2",
        ),
        (nominal, Phase::new(1, 29, 10, 11), "data_sjw is 11"),
        (
            Phase::new(1, 78, 80, 1),
            data,
            "nom_sample_point is 49.69 %",
        ),
        (
            nominal,
            Phase::new(1, 18, 20, 1),
            "data_sample_point is 48.72 %",
        ),
        (
            Phase::new(1, u32::MAX, 40, 1),
            data,
            "nom_tseg1 is 4294967295",
        ),
    ] {
        let refused = refusal(timing(slow, fast));
        assert!(refused.starts_with(said), "{refused}");
    }
    let strict = timing(nominal, data).and_then(BitTimingFd::strict);
    assert!(refusal(strict).contains("nominal bit time is 160, but expected 8 to 80"));
}

#[test]
fn all_timings_of_a_bit_rate_are_ranked() {
    let all = Limits::SJA1000
        .solutions(16_000_000, 500_000, 87.5)
        .expect("some");
    let best = all[0];
    assert_eq!(best.phase, Phase::new(2, 13, 2, 2));
    assert_eq!((best.bitrate_error, best.sample_point_error), (0.0, 0.0));
    let of_four = Phase::new(4, 6, 1, 1);
    let errors: Vec<_> = all
        .iter()
        .map(|one| (one.bitrate_error, one.sample_point_error))
        .collect();
    assert!(errors.is_sorted(), "{errors:?}");
    assert_eq!(all[1].phase, of_four);
    assert!(all.iter().all(|one| Limits::SJA1000.allow(&one.phase)));
}

#[test]
fn an_impossible_bit_rate_is_refused_with_the_nearest_possible() {
    let nearest = |f_clock, bitrate| refusal(Limits::SJA1000.solutions(f_clock, bitrate, 80.0));
    assert!(
        nearest(8_000_000, 1_500_000).ends_with("the nearest possible is 1600000"),
        "{}",
        nearest(8_000_000, 1_500_000)
    );
    assert!(nearest(8_000_000, 1000).ends_with("the nearest possible is 5000"));
    assert!(nearest(8_000_000, 3_000_000).ends_with("the nearest possible is 2666666.667"));
    let refused = |point| refusal(Limits::SJA1000.solutions(8_000_000, 500_000, point));
    for point in [49.9, 100.0, f64::NAN, f64::INFINITY] {
        assert!(refused(point).contains("expected 50 to less than 100"));
    }
}

#[test]
fn prescalers_in_steps_are_kept() {
    let limits = find_controller("rockchip_canfd").expect("known").nominal;
    let all = limits
        .solutions(300_000_000, 1_000_000, 75.0)
        .expect("some");
    assert!(all.iter().all(|one| one.phase.brp % 2 == 0));
    let linux = limits.linux_choice(300_000_000, 1_000_000, None, LinuxRule::default());
    assert_eq!(linux.expect("one").brp, 2);
    assert!(!limits.allow(&Phase::new(3, 74, 25, 1)));
}

#[test]
fn linux_chooses_as_measured() {
    // `ip link set can0 type can bitrate 500000 dbitrate 2000000 fd on` for an M_CAN at 80 MHz.
    let controller = find_controller("M_CAN").expect("in any case");
    let rule = LinuxRule::Since6_3;
    let nominal = controller
        .nominal
        .linux_choice(80_000_000, 500_000, None, rule);
    assert_eq!(nominal.expect("one"), Phase::new(1, 139, 20, 10));
    let data = controller.data.expect("has CAN FD");
    let data = data.linux_choice(80_000_000, 2_000_000, None, rule);
    assert_eq!(data.expect("one"), Phase::new(1, 29, 10, 5));
    let far = Limits::SJA1000.linux_choice(8_000_000, 3_000_000, None, rule);
    assert!(refusal(far).contains("bitrate is 3000000"));
}

#[test]
fn controllers_are_found_by_name_or_the_nearest_is_told() {
    assert!(refusal(find_controller("sja100")).contains("did you mean sja1000?"));
    assert!(refusal(find_controller("8051 it is")).contains("there are sja1000, mscan"));
    for controller in controllers() {
        assert_eq!(find_controller(controller.name).expect("known"), controller);
        for &clock in controller.clocks {
            let all = controller.nominal.solutions(clock, 100_000, 80.0);
            assert!(all.is_ok(), "{} at {clock}", controller.name);
        }
    }
}

#[test]
fn tolerances_are_exact_and_not_negative() {
    let timing = classic(16_000_000, 2, 10, 5, 4).expect("valid");
    let tolerance = timing.oscillator_tolerance(NODE_LOOP_DELAY_NS, BUS_LENGTH_M);
    assert!((tolerance - 1.232).abs() < 0.001, "{tolerance}");
    assert!(timing.oscillator_tolerance(250.0, 1000.0) <= 0.0);
    // 600 ns are 48 quanta of 12.5 ns, not 50 of 12 ns.
    let fine = Phase::new(1, 58, 101, 50);
    let tolerance = fine.oscillator_tolerance(80_000_000, NODE_LOOP_DELAY_NS, BUS_LENGTH_M);
    assert!((tolerance - 100.0 * 10.0 / (2.0 * (13.0 * 160.0 - 101.0))).abs() < 1e-9);
}

#[test]
fn delay_compensation_is_the_sample_point_in_clock_periods() {
    let timing = |brp, tseg1, tseg2| {
        let nominal = Phase::new(brp, 119, 40, 10);
        BitTimingFd::new(80_000_000, nominal, Phase::new(brp, tseg1, tseg2, 1)).expect("valid")
    };
    let found = timing(1, 29, 10).delay_compensation().expect("possible");
    assert_eq!(
        (found.offset, found.offset_ns, found.needed),
        (30, 375.0, false)
    );
    let found = timing(2, 5, 2).delay_compensation().expect("possible");
    assert_eq!(
        (found.offset, found.offset_ns, found.needed),
        (12, 150.0, true)
    );
    assert_eq!(timing(3, 5, 2).delay_compensation(), None);
}

mod given {
    use super::*;
    use crate::options::{OptionKind, OptionSpec, Options};

    const RATES: &[OptionSpec] = &[
        OptionSpec::new("bitrate", OptionKind::Text, "bit/s"),
        OptionSpec::new("data_bitrate", OptionKind::Text, "bit/s"),
    ];
    const TIMED: &[OptionSpec] = &OptionSpec::joined::<{ CLASSIC_OPTIONS.len() + FD_OPTIONS.len() }>(
        CLASSIC_OPTIONS,
        FD_OPTIONS,
    );

    fn timing(given: &str) -> Result<Option<Timing>> {
        let whole = OptionKind::Integer {
            min: 1,
            max: i64::MAX,
        };
        let rates: Vec<_> = RATES
            .iter()
            .map(|spec| OptionSpec {
                kind: whole,
                ..*spec
            })
            .collect();
        let takes: Vec<_> = TIMED.iter().chain(&rates).copied().collect();
        let pairs = given
            .split_whitespace()
            .filter_map(|pair| pair.split_once('='));
        let options = Options::check("thing", &takes, pairs)?;
        TimingParts::from_options(&options).timing(None)
    }

    fn text(given: &str) -> String {
        match timing(given).expect("valid").expect("one") {
            Timing::Classic(timing) => timing.to_string(),
            Timing::Fd(timing) => timing.to_string(),
        }
    }

    #[test]
    fn options_give_a_timing_in_every_form() {
        let same = "BR: 500_000 bit/s, SP: 87.50%, BRP: 1, TSEG1: 13, TSEG2: 2, SJW: 1, BTR: 001Ch, \
                    CLK: 8MHz";
        for given in [
            "f_clock=8000000 brp=1 tseg1=13 tseg2=2 sjw=1",
            "f_clock=8000000 brp=1 tseg1=13 tseg2=2 sjw=1 nof_samples=1 bitrate=500000",
            "f_clock=8000000 bitrate=500000 tseg1=13 tseg2=2 sjw=1",
            "f_clock=8000000 btr0=0x00 btr1=0x1c",
            "f_clock=8000000 btr0=0 tseg1=13 tseg2=2",
        ] {
            assert_eq!(text(given), same, "{given}");
        }
        let three = text("f_clock=8000000 btr0=0 btr1=0x9c");
        assert!(three.contains("BTR: 009Ch"), "{three}");
        assert!(text("f_clock=8000000 bitrate=500000 sample_point=75").contains("SP: 75.00%"));
        let fd = "f_clock=80000000 nom_brp=2 nom_tseg1=59 nom_tseg2=20 nom_sjw=20 data_brp=2 \
                  data_tseg1=14 data_tseg2=5 data_sjw=5";
        assert!(text(fd).starts_with("NBR: 500_000 bit/s, NSP: 75.00%, NBRP: 2"));
        let found = text("f_clock=80000000 bitrate=500000 data_bitrate=2000000 sample_point=80");
        assert!(
            found.contains("NSP: 80.00%") && found.contains("DSP: 75.00%"),
            "{found}"
        );
    }

    #[test]
    fn bit_rates_alone_are_no_timing() {
        for given in [
            "",
            "bitrate=500000",
            "bitrate=500000 data_bitrate=2000000",
            "f_clock=8000000",
        ] {
            assert_eq!(timing(given).expect("valid"), None, "{given}");
        }
    }

    #[test]
    fn an_incomplete_or_contradictory_timing_is_refused() {
        for (given, said) in [
            (
                "f_clock=8000000 brp=1 tseg1=13 tseg2=2",
                "bit timing needs sjw too",
            ),
            (
                "brp=1 tseg1=13 tseg2=2 sjw=1",
                "bit timing needs f_clock too",
            ),
            (
                "f_clock=8000000 tseg1=13 tseg2=2 sjw=1",
                "needs brp, or f_clock and a bitrate too",
            ),
            ("f_clock=8000000 btr0=0", "bit timing needs tseg1 too"),
            (
                "f_clock=8000000 nom_brp=1",
                "bit timing needs nom_tseg1 too",
            ),
            ("brp=1 nom_brp=1", "bit timing is given twice"),
            (
                "f_clock=8000000 brp=1 tseg1=13 tseg2=2 sjw=1 bitrate=250000",
                "bitrate is 250000, but these segments and this clock give 500000",
            ),
            ("f_clock=8000000 btr0=300 btr1=0", "btr0 is 300"),
            (
                "f_clock=8000000 bitrate=500000 sample_point=120",
                "sample_point is 120",
            ),
        ] {
            let refused = refusal(timing(given));
            assert!(refused.contains(said), "{given}: {refused}");
        }
    }

    #[test]
    fn a_timing_becomes_options_that_give_it_again() {
        for given in [
            "f_clock=8000000 brp=1 tseg1=13 tseg2=2 sjw=1 nof_samples=3",
            "f_clock=80000000 nom_brp=2 nom_tseg1=59 nom_tseg2=20 nom_sjw=20 data_brp=2 \
             data_tseg1=14 data_tseg2=5 data_sjw=4",
        ] {
            let one = timing(given).expect("valid").expect("one");
            let options = Options::check("thing", TIMED, one.options()).expect("valid");
            let again = TimingParts::from_options(&options).timing(None);
            assert_eq!(again.expect("valid"), Some(one));
        }
    }

    #[test]
    fn parts_without_a_clock_are_enough_for_registers() {
        let given = TimingParts {
            btr0: Some(0),
            btr1: Some(0x14),
            ..TimingParts::default()
        };
        assert_eq!(given.phase(None).expect("complete"), Phase::new(1, 5, 2, 1));
        assert!(given.classic(None).is_err());
        assert_eq!(
            given.classic(Some(8_000_000)).expect("complete").bitrate(),
            1_000_000
        );
        // As 4.0.0 has it for CAN FD: longer than the registers of an SJA1000.
        let long = PhaseParts {
            bitrate: Some(500_000),
            tseg1: Some(119),
            tseg2: Some(40),
            sjw: Some(40),
            ..PhaseParts::default()
        };
        let given = TimingParts {
            f_clock: Some(80_000_000),
            classic: long,
            ..TimingParts::default()
        };
        assert_eq!(
            given.phase(None).expect("complete"),
            Phase::new(1, 119, 40, 40)
        );
        assert!(refusal(given.classic(None)).contains("tseg1 is 119"));
    }
}
