//! The dates of ASC files: `Thu Apr 28 10:44:52.480 am 2022`, in whatever language the program
//! that wrote them was.

use jiff::civil::DateTime;

/// How names of months begin. What one language calls one month and another language another
/// month, as Polish and Croatian `lip`, must not be here: no date is better than a wrong one.
const MONTHS: [&[&str]; 12] = [
    // English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish, Norwegian.
    &["jan", "jän", "ene", "gen"],
    &["feb", "fév", "fev"],
    &["mar", "mär", "maer", "mrz", "mrt", "maa", "mär"],
    &["apr", "avr", "abr"],
    &["may", "mai", "mag", "mei", "maj"],
    &["jun", "juin", "giu"],
    &["jul", "juil", "lug"],
    &["aug", "aoû", "aou", "ago"],
    &["sep", "set"],
    &["oct", "okt", "ott", "out"],
    &["nov"],
    &["dec", "dez", "déc", "dic", "des"],
];

const MONTH_NAMES: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

const DAY_NAMES: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// The date that a text says: day of the week (which is not looked at), month, day, time, year.
/// The time may have a fraction and a mark of the half of the day; a mark behind an hour over 12
/// is a program's mistake and says nothing.
pub(super) fn parse(text: &[u8]) -> Option<DateTime> {
    let text = decoded(text).to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let at = words.iter().position(|word| word.contains(':'))?;
    let (before, behind) = (&words[..at], &words[at + 1..]);
    let month = before.iter().rev().find_map(|word| month(word))?;
    let day = before.iter().rev().find_map(|word| {
        let word = word.trim_end_matches(['.', ',', '日', '일']);
        word.parse::<i8>().ok()
    })?;
    let mut afternoon = None;
    let mut year = None;
    for word in behind {
        match word.replace('.', "").as_str() {
            "am" | "上午" | "午前" | "오전" => afternoon = Some(false),
            "pm" | "下午" | "午後" | "오후" => afternoon = Some(true),
            other => year = year.or(other.parse::<i16>().ok()),
        }
    }
    let (hour, minute, second, nanos) = time(words[at])?;
    let hour = match (afternoon, hour) {
        (Some(true), 1..=11) => hour + 12,
        (Some(false), 12) => 0,
        _ => hour,
    };
    DateTime::new(year?, month, day, hour, minute, second, nanos).ok()
}

/// Text of UTF-8, or of one byte a letter where it is none: a file may be read as UTF-8 that is not.
fn decoded(text: &[u8]) -> String {
    match str::from_utf8(text) {
        Ok(text) => text.into(),
        Err(_) => text.iter().copied().map(char::from).collect(),
    }
}

/// The number of the month that a word names, or that stands before the word for a month.
fn month(word: &str) -> Option<i8> {
    if let Some(number) = word.strip_suffix(['月', '월']) {
        return number.parse().ok();
    }
    let begins = |names: &&[&str]| names.iter().any(|name| word.starts_with(name));
    Some(MONTHS.iter().position(begins)? as i8 + 1)
}

/// `10:44:52.480` as hour, minute, second and nanosecond; the fraction may be missing.
fn time(word: &str) -> Option<(i8, i8, i8, i32)> {
    let mut parts = word.split(':');
    let mut next = || parts.next();
    let (hour, minute, seconds) = (next()?, next()?, next()?);
    if next().is_some() {
        return None;
    }
    let (second, fraction) = seconds.split_once(['.', ',']).unwrap_or((seconds, ""));
    let digits = fraction.len();
    if digits > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = match digits {
        0 => 0,
        _ => fraction.parse::<i32>().ok()? * 10_i32.pow(9 - digits as u32),
    };
    Some((
        hour.parse().ok()?,
        minute.parse().ok()?,
        second.parse().ok()?,
        fraction,
    ))
}

/// The date as Vector's English programs write it, whatever the language of this machine.
pub(super) fn format(date: DateTime) -> String {
    let hour = date.hour();
    format!(
        "{} {} {:02} {:02}:{:02}:{:02}.{:03} {} {:04}",
        DAY_NAMES[date.weekday().to_sunday_zero_offset() as usize % 7],
        MONTH_NAMES[(date.month() as usize + 11) % 12],
        date.day(),
        (hour + 11) % 12 + 1,
        date.minute(),
        date.second(),
        date.millisecond(),
        if hour < 12 { "am" } else { "pm" },
        date.year(),
    )
}

/// The date with the hours of a day, as python-can writes it.
pub(super) fn format_24(date: DateTime) -> String {
    format!(
        "{} {} {:02} {:02}:{:02}:{:02}.{:03} {:04}",
        DAY_NAMES[date.weekday().to_sunday_zero_offset() as usize % 7],
        MONTH_NAMES[(date.month() as usize + 11) % 12],
        date.day(),
        date.hour(),
        date.minute(),
        date.second(),
        date.millisecond(),
        date.year(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: impl AsRef<[u8]>) -> String {
        parse(text.as_ref()).map_or("none".into(), |date| date.to_string())
    }

    #[test]
    fn every_form_of_the_time_is_read() {
        for (text, date) in [
            ("Thu Apr 28 10:44:52.480 am 2022", "2022-04-28T10:44:52.48"),
            ("Thu Apr 28 10:44:52.480 AM 2022", "2022-04-28T10:44:52.48"),
            ("Tue May 27 04:09:35.000 pm 2014", "2014-05-27T16:09:35"),
            ("Fri Jul 20 03:01:21 pm 2007", "2007-07-20T15:01:21"),
            ("Sam Sep 30 15:06:13.191 2017", "2017-09-30T15:06:13.191"),
            ("Sat Sep  3 15:06:13 2017", "2017-09-03T15:06:13"),
            // A time of 24 hours that has a mark all the same.
            ("Sat Sep 30 15:06:13.191 PM 2017", "2017-09-30T15:06:13.191"),
            ("Sat Sep 30 15:06:13 am 2017", "2017-09-30T15:06:13"),
            ("Sat Sep 30 12:00:00.5 am 2017", "2017-09-30T00:00:00.5"),
            ("Sat Sep 30 12:00:00 pm 2017", "2017-09-30T12:00:00"),
            ("Sat Sep 30 00:00:00 am 2017", "2017-09-30T00:00:00"),
            (
                "Fri May 05 06:24:08.927000 PM 2024",
                "2024-05-05T18:24:08.927",
            ),
            (
                "Thu Apr 28 10:44:52.480 a.m. 2022",
                "2022-04-28T10:44:52.48",
            ),
        ] {
            assert_eq!(read(text), date, "{text}");
        }
    }

    #[test]
    fn months_are_read_in_many_languages() {
        let languages = [
            "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
            "JAN feb MAR apr MAY jun JUL aug SEP oct NOV dec",
            "January February March April May June July August September October November December",
            "Jän Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
            "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
            "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
            "ene feb mar abr may jun jul ago sept oct nov dic",
            "gen feb mar apr mag giu lug ago set ott nov dic",
            "jan fev mar abr mai jun jul ago set out nov dez",
            "jan feb mrt apr mei jun jul aug sep okt nov dec",
            "jan feb maart apr maj juni juli aug sep okt nov dec",
            "jan feb mar apr mai jun jul aug sep okt nov des",
            "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
            "1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월",
        ];
        for names in languages {
            for (number, name) in (1..).zip(names.split(' ')) {
                let text = format!("x {name} 7 01:02:03.004 2024");
                assert_eq!(
                    read(&text),
                    format!("2024-{number:02}-07T01:02:03.004"),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn letters_of_windows_code_pages_are_understood_without_being_told() {
        assert_eq!(read(b"Die M\xE4r 7 01:02:03 2024"), "2024-03-07T01:02:03");
        assert_eq!(read(b"jeu. ao\xFBt 7 01:02:03 2024"), "2024-08-07T01:02:03");
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "Sat Sep 30",
            "Sat Lip 30 01:02:03 2017",
            "Sat Sep 31 01:02:03 2017",
            "Sat Sep 30 25:02:03 2017",
            "Sat Sep 30 1:2 2017",
            "Sat Sep 30 1:2:3:4 2017",
            "Sat Sep 30 01:02:03.1234567890 2017",
            "Sat Sep 30 01:02:03.x 2017",
            "Sat Sep 30 01:02:03",
            "Sat Sep x 01:02:03 2017",
        ] {
            assert_eq!(read(text), "none", "{text}");
        }
    }

    #[test]
    fn dates_are_written_with_padded_milliseconds_and_read_again() {
        let all = [
            ("2022-04-28T10:44:52.005", "Thu Apr 28 10:44:52.005 am 2022"),
            ("2026-11-01T00:00:00", "Sun Nov 01 12:00:00.000 am 2026"),
            ("2026-12-31T12:59:59.999", "Thu Dec 31 12:59:59.999 pm 2026"),
            ("1938-03-05T23:00:07.1", "Sat Mar 05 11:00:07.100 pm 1938"),
        ];
        for (date, text) in all {
            assert_eq!(format(date.parse().expect("a date")), text);
            assert_eq!(read(text), date);
        }
    }
}
