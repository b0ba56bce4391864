//! The time zone of formats whose files tell dates without one.

use crate::error::{Error, Result};
use jiff::tz::TimeZone;

/// The time zone that an option names.
///
/// # Errors
/// `InvalidInput` for a name that is none.
pub(crate) fn named(name: &str) -> Result<TimeZone> {
    match name.to_ascii_lowercase().as_str() {
        "utc" => Ok(TimeZone::UTC),
        "local" => Ok(TimeZone::system()),
        _ => TimeZone::get(name).map_err(|error| {
            Error::invalid(format!(
                "option tz is {name}, but expected utc, local or a name such as Europe/Berlin"
            ))
            .with_source(error)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_utc_local_or_one_of_the_database() {
        assert_eq!(named("UTC").expect("a time zone"), TimeZone::UTC);
        assert!(named("local").is_ok());
        assert!(named("Europe/Berlin").is_ok());
        let error = named("Nowhere/Land").expect_err("refused");
        assert_eq!(
            error.to_string(),
            "option tz is Nowhere/Land, but expected utc, local or a name such as Europe/Berlin"
        );
    }
}
