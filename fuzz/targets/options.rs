//! Values are guessed and checked against every kind of option without a panic, and what an
//! integer option accepts is within its range.
#![no_main]

use canbus::{OptionKind, OptionSpec, Options, Value};
use libfuzzer_sys::fuzz_target;

const TAKES: &[OptionSpec] = &[
    OptionSpec::new("flag", OptionKind::Flag, ""),
    OptionSpec::new(
        "byte",
        OptionKind::Integer {
            min: -128,
            max: 127,
        },
        "",
    ),
    OptionSpec::new(
        "any",
        OptionKind::Integer {
            min: i64::MIN,
            max: i64::MAX,
        },
        "",
    ),
    OptionSpec::new("number", OptionKind::Number { min: -0.5 }, ""),
    OptionSpec::new("text", OptionKind::Text, ""),
    OptionSpec::new("choice", OptionKind::Choice(&["normal", "silent"]), ""),
];

fuzz_target!(|text: &str| {
    for value in [Value::from(text), Value::guess(text)] {
        for spec in TAKES {
            let Ok(options) = Options::check("fuzz", TAKES, [(spec.name, value.clone())]) else {
                continue;
            };
            if let Some(byte) = options.integer("byte") {
                assert!((-128..=127).contains(&byte), "{byte} from {text:?}");
                assert_eq!(options.count("byte").is_some(), byte >= 0);
            }
            if let Some(number) = options.number("number") {
                assert!(
                    number.is_finite() && number >= -0.5,
                    "{number} from {text:?}"
                );
            }
        }
    }
    // The rest of the text as the name of an option: it is refused with a hint, or it is known.
    let known = TAKES.iter().any(|spec| spec.name == text);
    let outcome = Options::check("fuzz", TAKES, [(text, Value::Flag(true))]);
    assert!(known || outcome.is_err());
});
