//! A value as a user gives it: typed from a program or JSON, text from a file or command line.

use std::fmt;

/// The value of an option before it is checked against what the option takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number with decimals.
    Number(f64),
    /// Text, which may spell any of the others.
    Text(String),
}

impl Value {
    /// Text as python-can's configuration reads it: a whole number in decimal, a number with a
    /// point, the words `true` and `false` in any case; else text, with its spaces.
    ///
    /// Numbers that do not fit stay text, so that what is refused later is what the user wrote.
    pub fn guess(text: &str) -> Value {
        // One line end after the value is no part of it; other space makes it text.
        let line = text.strip_suffix('\n').unwrap_or(text);
        let unsigned = line.strip_prefix(['+', '-']).unwrap_or(line);
        let number = if is_digits(unsigned) {
            line.parse().ok().map(Value::Integer)
        } else if is_decimal(unsigned) {
            let number = line.parse().ok();
            number.filter(|n: &f64| n.is_finite()).map(Value::Number)
        } else if line.eq_ignore_ascii_case("true") {
            Some(Value::Flag(true))
        } else if line.eq_ignore_ascii_case("false") {
            Some(Value::Flag(false))
        } else {
            None
        };
        number.unwrap_or_else(|| Value::Text(text.into()))
    }

    /// As yes or no, where it spells one.
    pub(crate) fn as_flag(&self) -> Option<bool> {
        match self {
            Value::Flag(flag) => Some(*flag),
            Value::Integer(0) => Some(false),
            Value::Integer(1) => Some(true),
            Value::Integer(_) | Value::Number(_) => None,
            Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Some(true),
                "false" | "no" | "off" | "0" => Some(false),
                _ => None,
            },
        }
    }

    /// As a whole number, where it spells one.
    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            Value::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                Some(*number as i64)
            }
            Value::Flag(_) | Value::Number(_) => None,
            Value::Text(text) => {
                let text = text.trim();
                match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                    Some(digits) => i64::from_str_radix(digits, 16).ok(),
                    None => text.parse().ok(),
                }
            }
        }
    }

    /// As a finite number, where it spells one.
    pub(crate) fn as_number(&self) -> Option<f64> {
        let number = match self {
            Value::Integer(number) => *number as f64,
            Value::Number(number) => *number,
            Value::Flag(_) => return None,
            Value::Text(text) => text.trim().parse().ok()?,
        };
        number.is_finite().then_some(number)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether this is `digits? . digits (e sign? digits)?`: the point must be there, and an exponent
/// needs the small `e`.
fn is_decimal(unsigned: &str) -> bool {
    let Some((whole, rest)) = unsigned.split_once('.') else {
        return false;
    };
    let (fraction, exponent) = match rest.split_once('e') {
        Some((fraction, exponent)) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            (fraction, is_digits(digits))
        }
        None => (rest, true),
    };
    (whole.is_empty() || is_digits(whole)) && is_digits(fraction) && exponent
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Flag(flag) => write!(f, "{flag}"),
            Value::Integer(number) => write!(f, "{number}"),
            Value::Number(number) => write!(f, "{number}"),
            Value::Text(text) => f.write_str(text),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Value {
        Value::Flag(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // What python-can 4.6.1's cast_from_string gives for these texts.
    #[test]
    fn text_is_guessed_as_python_can_does() {
        for (text, number) in [
            ("500000", 500_000),
            ("-3", -3),
            ("+7", 7),
            ("007", 7),
            ("-0", 0),
            ("1\n", 1),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(Value::guess(text), Value::Integer(number), "{text:?}");
        }
        for (text, number) in [
            ("0.5", 0.5),
            (".5", 0.5),
            ("+.5", 0.5),
            ("-12.25", -12.25),
            ("1.5e3", 1500.0),
            ("1.5e+2", 150.0),
            ("15.0e-1", 1.5),
            ("1.5\n", 1.5),
        ] {
            assert_eq!(Value::guess(text), Value::Number(number), "{text:?}");
        }
        assert_eq!(Value::guess("True"), Value::Flag(true));
        assert_eq!(Value::guess("tRUE"), Value::Flag(true));
        assert_eq!(Value::guess("FALSE"), Value::Flag(false));
        for text in [
            "vcan0", "yes", "No", "on", "", " ", "-", "+", "--1", "0x10", "1_000", " 1", "1 ",
            "1\n\n", "\n1", " true", "true ", "1e5", "1.5E3", "5.", ".", "-.", "1.5e", "1.5e-",
            ".e1", "1..5", "1.2.3", "x.5", "1.x", "inf", "nan", "-inf",
        ] {
            assert_eq!(Value::guess(text), Value::Text(text.into()), "{text:?}");
        }
    }

    #[test]
    fn numbers_that_do_not_fit_stay_the_text_they_were() {
        for text in ["9223372036854775808", "-9223372036854775809", "1.0e999"] {
            assert_eq!(Value::guess(text), Value::Text(text.into()));
        }
    }

    #[test]
    fn flags_are_read_from_words_and_from_0_and_1() {
        for yes in ["true", "YES", "on", "1", " True "] {
            assert_eq!(Value::from(yes).as_flag(), Some(true), "{yes}");
        }
        for no in ["false", "No", "OFF", "0"] {
            assert_eq!(Value::from(no).as_flag(), Some(false), "{no}");
        }
        assert_eq!(Value::from("2").as_flag(), None);
        assert_eq!(Value::Integer(1).as_flag(), Some(true));
        assert_eq!(Value::Integer(0).as_flag(), Some(false));
        assert_eq!(Value::Integer(2).as_flag(), None);
        assert_eq!(Value::Number(1.0).as_flag(), None);
        assert_eq!(Value::Flag(true).as_flag(), Some(true));
    }

    #[test]
    fn whole_numbers_are_read_in_decimal_and_hexadecimal() {
        assert_eq!(Value::from("0xFf").as_integer(), Some(255));
        assert_eq!(Value::from("0XFF").as_integer(), Some(255));
        assert_eq!(Value::from(" -12 ").as_integer(), Some(-12));
        assert_eq!(Value::from("1.0").as_integer(), None);
        assert_eq!(Value::Number(3.0).as_integer(), Some(3));
        assert_eq!(Value::Number(3.5).as_integer(), None);
        assert_eq!(Value::Number(1e300).as_integer(), None);
        assert_eq!(Value::Number(9e15).as_integer(), None);
        assert_eq!(
            Value::Number(-9e15 + 1.0).as_integer(),
            Some(1 - 9_000_000_000_000_000)
        );
        assert_eq!(Value::Flag(true).as_integer(), None);
        assert_eq!(Value::from(7).as_integer(), Some(7));
    }

    #[test]
    fn numbers_must_be_finite() {
        assert_eq!(Value::from("1e3").as_number(), Some(1000.0));
        assert_eq!(Value::from("inf").as_number(), None);
        assert_eq!(Value::from(f64::NAN).as_number(), None);
        assert_eq!(Value::from(true).as_number(), None);
        assert_eq!(Value::Integer(2).as_number(), Some(2.0));
        assert_eq!(Value::from("x").as_number(), None);
    }

    #[test]
    fn display_is_what_the_user_wrote() {
        let shown = [
            (Value::from(true), "true"),
            (Value::from(5), "5"),
            (Value::from(0.25), "0.25"),
            (Value::from(String::from("a b")), "a b"),
        ];
        for (value, text) in shown {
            assert_eq!(value.to_string(), text);
        }
    }
}
