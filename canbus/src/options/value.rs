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
    /// Text as python-can's configuration reads it: a whole number, a number, yes or no by the
    /// words `true`, `yes`, `false`, `no`, else text.
    pub fn guess(text: &str) -> Value {
        let word = text.trim().to_ascii_lowercase();
        if let Ok(number) = word.parse() {
            return Value::Integer(number);
        }
        if let Ok(number) = word.parse() {
            return Value::Number(number);
        }
        match word.as_str() {
            "true" | "yes" => Value::Flag(true),
            "false" | "no" => Value::Flag(false),
            _ => Value::Text(text.into()),
        }
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

    #[test]
    fn text_is_guessed_as_python_can_does() {
        assert_eq!(Value::guess("500000"), Value::Integer(500_000));
        assert_eq!(Value::guess("-3"), Value::Integer(-3));
        assert_eq!(Value::guess("0.5"), Value::Number(0.5));
        assert_eq!(Value::guess("Yes"), Value::Flag(true));
        assert_eq!(Value::guess(" FALSE "), Value::Flag(false));
        assert_eq!(Value::guess("on"), Value::Text("on".into()));
        assert_eq!(Value::guess("vcan0"), Value::Text("vcan0".into()));
        assert_eq!(Value::guess("0x10"), Value::Text("0x10".into()));
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
