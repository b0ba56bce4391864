//! `canbus inspect`: exact numbers, damage, and the shape of its JSON.

use crate::tool::{folder, run, write};
use serde_json::{Value, json};

/// 123 every 10 ms, with one pause of 100 ms; 18FF50E5 twice; an error frame.
fn log() -> String {
    let even = |number| format!("(1600000000.{number:02}0000) can0 123#0102 R\n");
    let log = (0..11).map(even).collect::<String>();
    log + "(1600000000.200000) can0 123#010203 T\n\
           (1600000000.500000) can1 18FF50E5##1000102030405060708090A0B R\n\
           (1600000001.000000) can1 18FF50E5##1000102030405060708090A0B R\n\
           (1600000001.000000) can1 20000040#\n"
}

fn inspected(arguments: &str, log: &str, code: i32) -> Value {
    let folder = folder();
    write(folder.path(), "a.log", log);
    let done = run(folder.path(), &format!("inspect --json {arguments} a.log"));
    done.expect(code, "");
    let answer: Value = serde_json::from_str(&done.stdout).expect("JSON");
    answer[0].clone()
}

#[test]
fn every_number_of_a_small_log_is_exact() {
    let found = inspected("", &log(), 0);
    assert_eq!(found["file"], "a.log");
    assert_eq!(
        (&found["format"], &found["frames"]),
        (&json!("candump"), &json!(15))
    );
    assert_eq!(found["start_ns"], 1_600_000_000_000_000_000_u64);
    assert_eq!(
        (&found["seconds"], &found["passed_over"]),
        (&json!(1.0), &json!(0))
    );
    assert_eq!(
        found["kinds"],
        json!({"data": 12, "remote": 0, "fd": 2, "brs": 2, "esi": 0, "error": 1})
    );
    assert_eq!(found["errors"], json!({"bus_off": 1}));
    let ids = found["ids"].as_array().expect("a list");
    let mut first = ids[0].clone();
    let period = first["period"].take();
    assert_eq!(
        first,
        json!({
            "channel": "can0", "id": 0x123, "extended": false, "frames": 12, "rate": 12.0,
            "received": 11, "sent": 1, "remote": 0, "fd": 0, "length": [2, 3], "dlc": [2, 3],
            "period": null, "gaps": 1
        })
    );
    let close = |value: &Value, wanted: f64| {
        assert!(
            (value.as_f64().expect("a number") - wanted).abs() < 1e-9,
            "{value} {wanted}"
        );
    };
    close(&period["min"], 0.010);
    close(&period["mean"], 0.2 / 11.0);
    close(&period["max"], 0.100);
    close(&period["p99"], 0.100);
    // Ten times 10 ms and once 100 ms.
    close(&period["std_dev"], (10.0_f64 / 121.0 * 0.0081).sqrt());
    assert_eq!(
        (&ids[1]["length"], &ids[1]["dlc"]),
        (&json!([12, 12]), &json!([9, 9]))
    );
    assert_eq!(ids.len(), 2);
    let gap = &found["gaps"];
    assert_eq!((&gap["count"], &gap["factor"]), (&json!(1), &json!(5.0)));
    let longest = &gap["longest"][0];
    assert_eq!(
        (&longest["id"], &longest["channel"]),
        (&json!(0x123), &json!("can0"))
    );
    close(&longest["at"], 0.1);
    close(&longest["seconds"], 0.1);
    assert_eq!(found["steps_back"], json!({"count": 0, "largest": []}));
    assert_eq!(
        found["damage"],
        json!({"places": 0, "unsupported": 0, "first": [], "truncated": false})
    );
    assert_eq!(found["channels"][0]["load"], Value::Null);
    assert_eq!(inspected("--gap 20", &log(), 0)["gaps"]["count"], 0);
}

#[test]
fn the_load_needs_the_bit_rates_and_follows_them() {
    let load = |arguments: &str| inspected(arguments, &log(), 0)["channels"][1]["load"].clone();
    let slow = load("-b 500000")["average"].as_f64().expect("a number");
    let fast = load("-b 500000 --data-bitrate 2000000")["average"]
        .as_f64()
        .expect("a number");
    assert!(fast < slow && fast > slow / 4.0, "{fast} {slow}");
    let most = load("-b 500000 --data_bitrate 2000000");
    assert!(most["most_stuffing"].as_f64() > Some(fast), "{most}");
    assert!(most["busiest_second"].as_f64() > Some(0.0), "{most}");
}

#[test]
fn damage_steps_back_and_a_cut_end_are_told() {
    let damaged = "(2.0) can0 123# R\n(x) can0 123# R\n(1.5) can0 123# R\n(3.0) ca";
    let found = inspected("", damaged, 1);
    assert_eq!(
        found["damage"],
        json!({
            "places": 1, "unsupported": 0, "truncated": true,
            "first": ["a.log, line 2: expected (SECONDS.FRACTION), not \"(x)\""]
        })
    );
    let steps = &found["steps_back"];
    assert_eq!(
        (&steps["count"], &steps["largest"]),
        (&json!(1), &json!([{"frame": 2, "seconds": 0.5}]))
    );
    // A cut end alone is no damage: so end the logs of programs that were killed.
    let cut = inspected("", "(2.0) can0 123# R\n(3.0) ca", 0);
    assert_eq!(cut["damage"]["truncated"], true);
}

#[test]
fn people_get_the_same_in_words() {
    let folder = folder();
    write(folder.path(), "a.log", &log());
    write(folder.path(), "b.log", "");
    let done = run(
        folder.path(),
        "inspect a.log b.log --bitrate 500000 --data-bitrate 2000000",
    );
    done.expect(0, "");
    for said in [
        "a.log: candump, 595 bytes\n",
        "  frames     15 frames in 1.000000 s (15.0/s), 2020-09-13T12:26:40.000000Z to 2020-09-13T12:26:41.000000Z\n",
        "  kinds      12 classic, 2 CAN FD (2 BRS, 0 ESI), 1 error\n",
        "  errors     1 bus off\n",
        "  channel    can0: 12 frames; load 0.16 %, ",
        "  gaps       1 pause of more than 5 times the usual period\n",
        "             can0 123: 0.100000 s from 0.100000 s on\n",
        "  damage     none\n",
        "  channel       ID    frames       1/s     min ms    mean ms     max ms   std dev     p99 ms   DLC bytes   way  gaps\n",
        "  can0         123        12     12.00     10.000     18.182    100.000    25.873    100.000   2-3   2-3 Rx+Tx     1\n",
        "  can1    18ff50e5         2      2.00    500.000    500.000    500.000     0.000    500.000     9    12    Rx     0\n",
        "\nb.log: candump\n  frames     0 frames\n  damage     none\n",
    ] {
        assert!(done.stdout.contains(said), "{said}\n{}", done.stdout);
    }
}

#[test]
fn a_file_that_is_not_there_does_not_keep_the_others_from_being_told() {
    let folder = folder();
    write(folder.path(), "a.log", &log());
    let done = run(folder.path(), "inspect none.log a.log");
    done.expect(1, "canbus inspect: none.log: No such file");
    assert!(done.stdout.contains("a.log: candump"), "{}", done.stdout);
    for (arguments, said) in [
        ("inspect a.txt", "cannot be read"),
        ("inspect --gap 1 a.log", "expected a number above 1"),
        ("inspect --data-bitrate 5 a.log", "--bitrate"),
        ("inspect --reader x=1 a.log", "has no option x"),
    ] {
        run(folder.path(), arguments).expect(2, said);
    }
}
