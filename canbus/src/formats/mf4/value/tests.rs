use super::*;

const SAME: Linear = Linear::SAME;

fn number(at: u32, shift: u8, bits: u32, data_type: u8) -> Number {
    Number::new(at, shift, bits, data_type).expect("a number")
}

#[test]
fn numbers_of_any_width_and_byte_order_are_read() {
    let record = [0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE, 0xF0, 0x11];
    assert_eq!(number(0, 0, 8, 0).bits(&record), 0x12);
    assert_eq!(number(1, 0, 16, 0).bits(&record), 0x5634);
    assert_eq!(number(1, 0, 16, MOTOROLA_UNSIGNED).bits(&record), 0x3456);
    assert_eq!(number(0, 4, 8, 0).bits(&record), 0x41);
    assert_eq!(number(0, 4, 8, MOTOROLA_UNSIGNED).bits(&record), 0x23);
    assert_eq!(number(3, 3, 29, 0).bits(&record), 0xDEBC_9A78 >> 3);
    assert_eq!(number(0, 7, 1, 0).bits(&[0x80]), 1);
    assert_eq!(number(1, 0, 64, 0).bits(&record), 0x11F0_DEBC_9A78_5634);
    // At the end of the bytes, where 8 cannot be read at once.
    assert_eq!(number(7, 0, 16, 0).bits(&record), 0x11F0);
    assert_eq!(number(7, 0, 16, MOTOROLA_UNSIGNED).bits(&record), 0xF011);
}

#[test]
fn what_is_no_number_of_64_bits_is_none() {
    assert_eq!(Number::new(0, 0, 0, 0), None);
    assert_eq!(Number::new(0, 0, 65, 0), None);
    assert_eq!(Number::new(0, 1, 64, 0), None);
    assert_eq!(Number::new(0, 8, 1, 0), None);
    assert!(number(6, 0, 16, 0).fits(8));
    assert!(!number(7, 0, 16, 0).fits(8));
    assert!(!number(0, 0, 8, 0).or_invalid(8).fits(1));
    assert!(number(0, 0, 8, 0).or_invalid(8).fits(2));
}

#[test]
fn a_bit_says_whether_a_number_is_valid() {
    let number = number(0, 0, 8, 0).or_invalid(9);
    assert!(number.is_valid(&[0xFF, 0b01]));
    assert!(!number.is_valid(&[0, 0b10]));
    assert!(number.always_valid().is_valid(&[0, 0b10]));
}

#[test]
fn whole_numbers_are_exact_times() {
    let nanos = |factor| Linear { factor, ..SAME };
    let time = |data_type, linear| Time::new(number(0, 0, 64, data_type), data_type, linear);
    let cases = [
        (1e-9, 9_007_199_254_740_993_i64, 9_007_199_254_740_993),
        (1e-9, -5, -5),
        (1e-6, 1_700_000_000_000_001, 1_700_000_000_000_001_000),
        (1e-3, 7, 7_000_000),
        (1.0, 3, 3_000_000_000),
        (1e-8, 3, 30),
    ];
    for (factor, raw, expected) in cases {
        let time = time(INTEL_SIGNED, nanos(factor)).expect("a time");
        assert!(matches!(time, Time::Whole { .. }), "{factor}");
        assert_eq!(time.nanoseconds(&raw.to_le_bytes(), 0), expected);
    }
    // Ticks of 40 MHz are no whole nanoseconds of a third of it.
    let odd = time(0, nanos(1.0 / 3e7)).expect("a time");
    assert!(matches!(odd, Time::Scaled(..)));
    assert_eq!(
        odd.nanoseconds(&30_000_000_u64.to_le_bytes(), 0),
        1_000_000_000
    );
    let far = time(0, nanos(1.0)).expect("a time");
    assert_eq!(far.nanoseconds(&u64::MAX.to_le_bytes(), 0), i64::MAX);
}

#[test]
fn times_may_be_doubles_floats_or_counted() {
    let real = |bits, data_type| Time::new(number(0, 0, bits, data_type), data_type, SAME);
    let double = real(64, INTEL_REAL).expect("a time");
    assert_eq!(double.nanoseconds(&1.5_f64.to_le_bytes(), 0), 1_500_000_000);
    assert_eq!(
        double.nanoseconds(&(-0.25_f64).to_le_bytes(), 0),
        -250_000_000
    );
    assert_eq!(double.nanoseconds(&f64::NAN.to_le_bytes(), 0), 0);
    assert_eq!(
        double.nanoseconds(&f64::INFINITY.to_le_bytes(), 0),
        i64::MAX
    );
    let motorola = real(64, MOTOROLA_REAL).expect("a time");
    assert_eq!(
        motorola.nanoseconds(&2.0_f64.to_be_bytes(), 0),
        2_000_000_000
    );
    let float = real(32, INTEL_REAL).expect("a time");
    assert_eq!(float.nanoseconds(&0.5_f32.to_le_bytes(), 0), 500_000_000);
    assert_eq!(real(16, INTEL_REAL), None);
    assert_eq!(real(64, FIRST_TEXT), None);
    let counted = Time::Counted(Linear {
        offset: 1.0,
        factor: 0.001,
    });
    assert_eq!(counted.nanoseconds(&[], 2), 1_002_000_000);
}

#[test]
fn directions_are_bits_names_of_numbers_or_texts() {
    let bit = number(0, 0, 1, 0);
    let way = |names| Way::new((0, 1, 0), Some(bit), names).expect("a way");
    assert!(way(None).is_sent(&[1]));
    assert!(!way(None).is_sent(&[2]));
    // A table that says it the other way round.
    let named = way(Some(vec![(0.0, 0.0)]));
    assert!(named.is_sent(&[0]) && !named.is_sent(&[1]));
    let text = Way::new((1, 16, FIRST_TEXT), None, None).expect("a way");
    assert!(text.is_sent(b"_Tx"));
    assert!(!text.is_sent(b"_Rx"));
    assert!(!text.is_sent(b"_"));
    for (name, sent) in [
        ("Tx", true),
        ("TX", true),
        ("Rx", false),
        ("", false),
        ("T", false),
    ] {
        assert_eq!(is_sent(name), sent, "{name}");
    }
}

#[test]
fn a_number_of_absurdly_many_bits_is_none() {
    for bits in [0, 65, u32::MAX - 7, u32::MAX] {
        for shift in [0, 7, u8::MAX] {
            assert_eq!(Number::new(0, shift, bits, 0), None);
        }
    }
}
