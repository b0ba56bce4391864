//! `canbus timing`: tables, pictures, and what is told of timings that cannot be.

use crate::tool::{folder, run};
use serde_json::{Value, json};

fn shown(arguments: &str) -> String {
    let done = run(folder().path(), &format!("timing {arguments}"));
    done.expect(0, "");
    done.stdout
}

fn answer(arguments: &str) -> Value {
    serde_json::from_str(&shown(&format!("{arguments} --json"))).expect("JSON")
}

#[test]
fn the_best_timing_comes_first_and_is_drawn() {
    let text = shown("500k --clock 16M");
    assert!(
        text.starts_with("500000 bit/s sampled at 87.5 %; clock 16 MHz; in the range of every"),
        "{text}"
    );
    for line in [
        "   1    2    13     2    2     exact      87.5 %     0.49 %  python-can  Linux",
        "brp 2, tseg1 13, tseg2 2, sjw 2; a bit of 2 µs is 16 quanta of 125 ns",
        "  │ 1  │                       13                        │   2    │",
        "                                                         ▲ sampled at 87.5 %",
        "BTR0, BTR1            0x41, 0x1C",
        "as options            --timing f_clock=16000000 brp=2 tseg1=13 tseg2=2 sjw=2 nof_samples=1",
        "for Linux             ip link set can0 type can tq 125 prop-seg 6 phase-seg1 7 phase-seg2 2 \
         sjw 2",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn a_bit_rate_that_python_can_misses_is_told() {
    // It prefers a sample point that is 0.57 % nearer to a bit rate that is exact.
    let text = shown("250k --clock 80M --sample-point 82");
    assert!(
        text.contains("python-can chooses brp 29, tseg1 8, tseg2 2, sjw 2; its 250000 bit/s are off by +0.313%"),
        "{text}"
    );
    let chosen = answer("250k --clock 80M --sample-point 82");
    assert_eq!(chosen["chosen"]["phases"][0]["bitrate"], 250_000.0);
    let chosen = answer("250k --clock 80M --sample-point 82 --choose python-can");
    assert_eq!(chosen["chosen"]["phases"][0]["brp"], 29);
    assert_eq!(chosen["chosen"], chosen["python_can"]);
}

#[test]
fn python_can_is_told_apart_from_what_it_chooses_untold() {
    let text = shown("500k --clock 8M");
    for line in [
        "python-can, asked for 87.5 %, chooses brp 1, tseg1 13, tseg2 2, sjw 2",
        // can.BitTiming.from_sample_point(8_000_000, 500_000) of python-can 4.6.1.
        "python-can, whose default is 69 %, chooses brp 1, tseg1 10, tseg2 5, sjw 4",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    let asked = shown("500k --clock 8M -p 87.5");
    assert!(
        asked.contains("\npython-can chooses brp 1, tseg1 13,"),
        "{asked}"
    );
    assert!(!asked.contains("whose default"), "{asked}");
    let fd = shown("500k --clock 80M --data 2M");
    assert!(
        fd.contains("python-can, asked for 87.5 % and 75 %, chooses"),
        "{fd}"
    );
    assert!(!fd.contains("whose default"), "{fd}");
}

#[test]
fn can_fd_has_two_phases_and_a_compensated_delay() {
    let found = answer("500000 --clock 80M --data 5M");
    let phases = &found["chosen"]["phases"];
    assert_eq!(
        (&phases[0]["bitrate"], &phases[1]["bitrate"]),
        (&json!(500_000.0), &json!(5_000_000.0))
    );
    assert_eq!(phases[0]["brp"], phases[1]["brp"]);
    assert_eq!(
        found["wanted"][1],
        json!({"bitrate": 5_000_000, "sample_point": 75.0})
    );
    assert_eq!(found["delay_compensation"]["needed"], true);
    let options = found["options"].as_object().expect("options");
    assert_eq!(options.len(), 9);
    assert_eq!(options["data_tseg1"], phases[1]["tseg1"]);
    let text = shown("500k --clock 80M --data 2M --data-sample-point 80");
    assert!(
        text.contains("data 2000000 bit/s sampled at 80 %"),
        "{text}"
    );
    assert!(
        text.contains("delay compensation    offset 32 clock periods (400 ns); not needed"),
        "{text}"
    );
}

#[test]
fn a_controller_has_its_own_limits_and_clock() {
    let found = answer("500k --controller m_can");
    assert_eq!(
        (&found["f_clock"], &found["controller"]),
        (&json!(80_000_000), &json!("m_can"))
    );
    let linux = &found["linux"]["phases"][0];
    let numbers = ["brp", "tseg1", "tseg2", "sjw"].map(|name| linux[name].as_i64());
    assert_eq!(numbers, [1, 139, 20, 10].map(Some));
    assert_eq!(found["registers"], Value::Null);
    let other = answer("500k --controller m_can --clock 40M --choose linux");
    assert_eq!(other["chosen"]["phases"][0]["tseg1"], 69);
    let folder = folder();
    run(folder.path(), "timing 500k --controller sja1000 --data 2M")
        .expect(2, "sja1000 has no CAN FD");
    run(folder.path(), "timing 500k --controller m_cam").expect(2, "did you mean m_can?");
}

#[test]
fn registers_and_segments_are_explained() {
    let text = shown("--btr 0x43BA");
    assert!(
        text.starts_with("125000 bit/s sampled at 75 %; clock 8 MHz; as given"),
        "{text}"
    );
    assert!(text.contains("brp 4, tseg1 11, tseg2 4, sjw 2"), "{text}");
    assert!(text.contains("BTR0, BTR1            0x43, 0xBA"), "{text}");
    let text = shown("--btr 00,1c --clock 16M");
    assert!(text.starts_with("1000000 bit/s"), "{text}");
    // The clock is that of the controller that is named, for registers too.
    let text = shown("--btr 0x001C --controller mscan");
    assert!(
        text.starts_with("2000000 bit/s sampled at 87.5 %; clock 32 MHz; mscan"),
        "{text}"
    );
    let text = shown("--timing f_clock=80_000_000 brp=2 tseg1=63 tseg2=16 sjw=4");
    assert!(
        text.contains("; as given, not in the range of every controller\n"),
        "{text}"
    );
    let found = answer("--timing f_clock=80_000_000 brp=2 tseg1=63 tseg2=16 sjw=4");
    assert_eq!(found["chosen"]["phases"][0]["sample_point"], 80.0);
    // What is told as options is taken as such.
    let told = shown("500k --clock 80M --data 2M");
    let options = told
        .lines()
        .find_map(|line| line.strip_prefix("as options            "));
    let again = answer(options.expect("told"));
    assert_eq!(again["chosen"]["phases"][1]["bitrate"], 2_000_000.0);
}

#[test]
fn what_cannot_be_is_refused_with_what_could() {
    let folder = folder();
    for (arguments, said) in [
        ("3M --clock 8M", "the nearest possible is 2666666.667"),
        (
            "500k",
            "the controller's clock is needed: --clock 80M, or --controller NAME",
        ),
        (
            "500k --clock 80M --data 250k",
            "--data is less than the bit rate",
        ),
        (
            "500k --clock 80M --sample-point 40",
            "expected 50 to less than 100",
        ),
        ("0 --clock 80M", "expected a number, such as 500000"),
        (
            "--btr 0xC014",
            "sjw is 4, but expected at most tseg2, which is 2",
        ),
        ("--btr 1C", "expected four hexadecimal digits"),
        (
            "--timing f_clock=8000000 brp=1",
            "bit timing needs tseg1 too",
        ),
        (
            "--timing brp=1 tseg1=5 tseg2=2 sjw=1",
            "bit timing needs f_clock too",
        ),
        ("--timing clock=1", "did you mean f_clock?"),
        ("--clock 80M", "a bit rate is needed"),
        (
            "--timing f_clock=8000000 brp=1 tseg1=63 tseg2=8 sjw=1 --controller sja1000",
            "sja1000: tseg1 is 63, but expected 1 to 16",
        ),
        (
            "--timing f_clock=40000000 brp=3 tseg1=9 tseg2=2 sjw=1 --controller rockchip_canfd",
            "brp is 3, but expected a multiple of 2",
        ),
        (
            "--timing f_clock=8000000 brp=1 tseg1=5 tseg2=9 sjw=1",
            "a bit is sampled at 40.00 %, but expected at least 50 %",
        ),
        ("--btr 0x001C --all", "cannot be used with"),
        ("--btr 0x001C --choose linux", "cannot be used with"),
        ("--btr 0x001C -p 80", "cannot be used with"),
        (
            "--data 2M --timing f_clock=8000000 brp=1 tseg1=5 tseg2=2 sjw=1",
            "cannot be used with",
        ),
    ] {
        let done = run(folder.path(), &format!("timing {arguments}"));
        done.expect(2, said);
        assert_eq!(done.stdout, "", "{arguments}");
    }
}
