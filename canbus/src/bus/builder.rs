//! How a bus is described before it is opened.

use super::Bus;
use crate::backends;
use crate::error::Result;
use crate::filter::Filter;
use crate::options::Value;

/// A bus that is not open yet: backend, options, filters.
///
/// ```
/// use canbus::{Bus, Filter};
/// # fn main() -> canbus::Result<()> {
/// let bus = Bus::builder("virtual")
///     .option("channel", "doc-builder")
///     .option("receive_own_messages", true)
///     .filter(Filter::new(0x100, 0x700))
///     .open()?;
/// assert_eq!(bus.filters().len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct BusBuilder {
    interface: String,
    options: Vec<(String, Value)>,
    filters: Vec<Filter>,
}

impl BusBuilder {
    pub(super) fn new(interface: &str) -> BusBuilder {
        BusBuilder {
            interface: interface.into(),
            options: Vec::new(),
            filters: Vec::new(),
        }
    }

    /// Gives an option. Which there are, the backend's row in
    /// [`backends::all`](crate::backends::all) tells.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<Value>) -> BusBuilder {
        self.options.push((name.into(), value.into()));
        self
    }

    /// Gives several options.
    pub fn options<N: Into<String>, V: Into<Value>>(
        mut self,
        options: impl IntoIterator<Item = (N, V)>,
    ) -> BusBuilder {
        let options = options.into_iter();
        self.options
            .extend(options.map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Adds a filter.
    pub fn filter(mut self, filter: Filter) -> BusBuilder {
        self.filters.push(filter);
        self
    }

    /// Adds several filters.
    pub fn filters(mut self, filters: impl IntoIterator<Item = Filter>) -> BusBuilder {
        self.filters.extend(filters);
        self
    }

    /// Opens the bus.
    ///
    /// # Errors
    /// `BackendUnavailable`, `InvalidInput` naming the option, `OpenFailed`.
    pub fn open(self) -> Result<Bus> {
        let driver = backends::open(&self.interface, self.options)?;
        let bus = Bus::from_driver(driver);
        if !self.filters.is_empty() {
            bus.set_filters(&self.filters)?;
        }
        Ok(bus)
    }
}
