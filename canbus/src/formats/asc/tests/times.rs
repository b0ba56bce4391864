//! Times and dates.

use super::*;

const BLOCK: &str = "\
date Sam Sep 30 15:06:13.191 2017
base hex  timestamps absolute
internal events logged
Begin Triggerblock Sat Sep 30 10:06:13.191 PM 2017
   0.000000 Start of measurement
   2.501000 1  123  Rx d 0
  17.876708 1  124  Rx d 0
End TriggerBlock
";

const STEP: i64 = 1_000_000;

#[test]
fn times_count_from_zero_unless_the_date_is_asked_for() {
    let relative = [2_501_000_000, 17_876_708_000];
    assert_eq!(times(&all(BLOCK, &[])), relative);
    // 2017-09-30T22:06:13.191Z
    let start = 1_506_809_173_191 * STEP;
    let absolute = relative.map(|time| start + time);
    assert_eq!(times(&all(BLOCK, &[ABSOLUTE, UTC])), absolute);
    let berlin = [ABSOLUTE, ("tz", "Europe/Berlin")];
    let two_hours = 7_200_000 * STEP;
    assert_eq!(
        times(&all(BLOCK, &berlin)),
        absolute.map(|time| time - two_hours)
    );
}

#[test]
fn a_file_without_trigger_block_counts_from_the_date_of_its_header() {
    let content: String = BLOCK
        .split_inclusive('\n')
        .filter(|line| !line.contains("rigger"))
        .collect();
    let start = 1_506_783_973_191 * STEP;
    let found = times(&all(content, &[ABSOLUTE, UTC]));
    assert_eq!(found, [start + 2_501_000_000, start + 17_876_708_000]);
    // Not even a header.
    assert_eq!(
        times(&all("1.5 1 123 Rx d 0\n", &[ABSOLUTE])),
        [1_500_000_000]
    );
}

#[test]
fn each_trigger_block_has_its_own_start() {
    let second = BLOCK.replace("30 10:06:13.191 PM 2017", "30 11:06:13.192 PM 2017");
    let content = format!("{BLOCK}{second}Begin Triggerblock\n1.0 1 1 Rx d 0\n");
    let (first, hour) = (1_506_809_173_191 * STEP, 3_600_001 * STEP);
    let found = times(&all(content.as_str(), &[ABSOLUTE, UTC]));
    assert_eq!(found[..2], [first + 2_501_000_000, first + 17_876_708_000]);
    assert_eq!(found[2] - found[0], hour);
    assert_eq!(found[4], first + hour + 1_000_000_000);
    assert_eq!(times(&all(content, &[]))[2], 2_501_000_000);
}

#[test]
fn relative_times_in_the_file_are_added_up() {
    let content = "\
date Sat Sep 30 15:06:13.191 2017
base hex  timestamps relative
internal events logged
   0.250000 1  123  Rx d 0
   0.250000 1  Statistic: D 0
   0.500000 1  124  Rx d 0
";
    let sums = [250_000_000, 1_000_000_000];
    assert_eq!(times(&all(content, &[])), sums);
    let start = 1_506_783_973_191 * STEP;
    let found = times(&all(content, &[ABSOLUTE, UTC]));
    assert_eq!(found, sums.map(|time| start + time));
}

#[test]
fn negative_times_are_read() {
    let found = all(
        "  -0.250000 1  123  Rx d 0\n-3.000000001 1 123 Rx d 0\n",
        &[],
    );
    assert_eq!(times(&found), [-250_000_000, -3_000_000_001]);
}

#[test]
fn a_date_that_cannot_be_read_matters_only_where_it_is_asked_for() {
    let content = BLOCK.replace("Sat Sep", "So Lip");
    assert_eq!(all(content.as_str(), &[]).len(), 2);
    let outcomes: Vec<Result<Message>> = reader(content, &[ABSOLUTE, UTC]).collect();
    let told = outcomes[0].as_ref().expect_err("no date").to_string();
    assert!(
        told.starts_with("a.asc, line 4: expected a date such as Thu Apr 28"),
        "{told}"
    );
    assert_eq!(outcomes.len(), 3);
}

#[test]
fn a_file_of_another_encoding_is_read_with_its_dates() {
    let text = "date Do Mär 7 01:02:03.004 2024\n1.0 1 123 Rx d 1 FF\n";
    let latin: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
    let wide: Vec<u8> = "\u{FEFF}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let time = 1_709_773_324_004 * STEP;
    for (content, encoding) in [
        (text.as_bytes().to_vec(), "utf-8"),
        (latin.clone(), "cp1252"),
        (latin, "utf-8"),
        (wide, "utf-8"),
    ] {
        let found = all(content, &[ABSOLUTE, UTC, ("encoding", encoding)]);
        assert_eq!(found, [at(time, data(0x123, &[0xFF]))], "{encoding}");
    }
}

#[test]
fn an_hour_that_the_clocks_show_twice_is_told_apart() {
    // On 2024-10-27 at 01:00 UTC Berlin's clocks went back from 3 to 2.
    let first = 1_729_987_200_000 * STEP + 1800 * 1000 * STEP;
    for hour in 0..4 {
        let message = at(first + hour * 3600 * 1000 * STEP, data(1, &[]));
        let berlin = ("tz", "Europe/Berlin");
        let text = written(&[message], &[berlin]);
        let found = all(text, &[ABSOLUTE, berlin]);
        assert_eq!(found, [message], "{hour}");
    }
}
