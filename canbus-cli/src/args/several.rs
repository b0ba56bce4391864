//! Further buses of one command: `--bus interface=udp_multicast,channel=239.74.163.2,port=43113`.

use super::{KeyValue, given_twice, load};
use crate::exit::Failure;
use canbus::config::{BusConfig, Configuration};
use std::str::FromStr;

/// A bus that is described in one argument: options of the form KEY=VALUE, parted by commas. A
/// comma behind which no KEY= stands belongs to the value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BusSpec(Vec<KeyValue>);

impl FromStr for BusSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<BusSpec, String> {
        let mut parts: Vec<KeyValue> = Vec::new();
        for part in text.split(',') {
            match (part.parse::<KeyValue>(), parts.last_mut()) {
                (Ok(part), _) => parts.push(part),
                (Err(_), Some(before)) => {
                    before.value.push(',');
                    before.value.push_str(part);
                }
                (Err(_), None) => {
                    return Err("expected KEY=VALUE,…, such as interface=virtual,channel=a".into());
                }
            }
        }
        Ok(BusSpec(parts))
    }
}

impl BusSpec {
    /// What was given, completed from the environment and configuration files.
    pub(crate) fn configure(&self) -> Result<BusConfig, Failure> {
        let mut configuration = Configuration::new();
        for (at, KeyValue { key, value }) in self.0.iter().enumerate() {
            if self.0[..at].iter().any(|other| other.key == *key) {
                return Err(given_twice(key));
            }
            configuration = configuration.set(key, value.as_str());
        }
        load(&configuration)
    }

    /// Whether an option of this name was given.
    pub(crate) fn gives(&self, key: &str) -> bool {
        self.0.iter().any(|one| one.key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<String>, String> {
        let spec: BusSpec = text.parse()?;
        let shown = |one: &KeyValue| format!("{}={}", one.key, one.value);
        Ok(spec.0.iter().map(shown).collect())
    }

    #[test]
    fn options_are_parted_by_commas_and_values_may_hold_some() {
        let expected = ["interface=vector", "channel=0,1", "app_name=a=b,"];
        let found = parsed("interface=vector,channel=0,1,app-name=a=b,").expect("valid");
        assert_eq!(found, expected);
        for wrong in ["", "vector", ",channel=0", "=1"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_option_that_is_given_twice_is_refused() {
        let spec: BusSpec = "interface=virtual,channel=a,channel=b"
            .parse()
            .expect("valid");
        assert!(matches!(spec.configure(), Err(Failure::Usage(_))));
        assert!(spec.gives("channel") && !spec.gives("bitrate"));
    }
}
