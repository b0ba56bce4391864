//! The buses that are recorded: the one of `-i` and `-c`, and those of `--bus`.

use super::Args;
use crate::args;
use crate::args::extra::{self, Extra, Taker};
use crate::console::Console;
use crate::exit::Failure;
use canbus::config::BusConfig;
use canbus::formats::{ChannelFidelity, Fidelity};
use canbus::{Bus, Channel, Notifier, OptionSpec, Value, backends, formats};
use clap::Args as _;

/// The configuration of each bus, and the options of the log's writer.
pub(super) struct Assigned {
    pub(super) configs: Vec<BusConfig>,
    pub(super) for_writer: Vec<(String, String)>,
}

impl Args {
    /// Finds out which buses to open, and gives the further arguments to the writer and to the
    /// bus of `-i`.
    pub(super) fn assign(&self, extra: &[Extra]) -> Result<Assigned, Failure> {
        let mut takers = Vec::new();
        if let Some(path) = &self.file {
            let (format, _) = formats::find(path).map_err(Failure::of_setup)?;
            takers.push(Taker {
                name: format!("the writer of {}", format.extension),
                options: format
                    .write
                    .map_or(&[] as &[OptionSpec], |write| write.options),
            });
        }
        let mut configs = Vec::new();
        if self.buses.is_empty() || self.bus.is_given() {
            let config = self.bus.configure()?;
            let backend = backends::find(&config.interface).map_err(Failure::Usage)?;
            takers.push(Taker {
                name: backend.name.into(),
                options: backend.options,
            });
            configs.push(config);
        }
        let command = Args::augment_args(clap::Command::new("logger"));
        let assigned = extra::assign(extra, &takers, &command).map_err(Failure::of_setup)?;
        let mut assigned = assigned.into_iter();
        let for_writer = self.file.as_ref().and_then(|_| assigned.next());
        if let (Some(config), Some(options)) = (configs.first_mut(), assigned.next()) {
            let options = options.into_iter();
            let mut options: Vec<_> = options.map(|(key, value)| (key, value.into())).collect();
            options.extend(self.listen_only(config)?);
            self.bus.add(config, options)?;
        }
        for spec in &self.buses {
            let mut config = spec.configure()?;
            if let Some((key, value)) = self.listen_only(&config)? {
                if spec.gives(&key) {
                    return Err(args::given_twice(&key));
                }
                config.options.insert(key, value);
            }
            configs.push(config);
        }
        Ok(Assigned {
            configs,
            for_writer: for_writer.unwrap_or_default(),
        })
    }

    /// What `--active` and `--passive` mean for a bus.
    fn listen_only(&self, config: &BusConfig) -> Result<Option<(String, Value)>, Failure> {
        let backend = backends::find(&config.interface).map_err(Failure::Usage)?;
        let is_it = |option: &OptionSpec| option.name == "listen_only";
        let wanted = self.passive || self.active && backend.options.iter().any(is_it);
        Ok(wanted.then(|| ("listen_only".into(), self.passive.into())))
    }

    /// Opens them all, in order.
    pub(super) fn open(&self, configs: Vec<BusConfig>) -> Result<Vec<Bus>, Failure> {
        let open = |config| args::open(config, &self.filter.filter);
        configs.into_iter().map(open).collect()
    }
}

/// "A, B and C"
pub(super) fn summaries(buses: &[Bus]) -> String {
    let summaries: Vec<String> = buses
        .iter()
        .map(|bus| bus.describe().summary.clone())
        .collect();
    crate::summary::listed(&summaries)
}

/// Says which buses cannot be told from one another in a log that keeps so much; `None` for all.
pub(super) fn warn_of_same_channels(buses: &[Bus], keeps: Option<Fidelity>, console: Console) {
    let kept = |bus: &Bus| -> Vec<Option<Channel>> {
        let channels = bus.describe().channels.iter();
        channels.map(|channel| kept(*channel, keeps)).collect()
    };
    for (at, bus) in buses.iter().enumerate() {
        let channels = kept(bus);
        let same = |other: &&Bus| kept(other).iter().any(|channel| channels.contains(channel));
        if let Some(other) = buses[..at].iter().find(same) {
            console.say(format_args!(
                "warning: {} and {} have the same channel, as far as the log keeps it, which does not \
                 tell their frames apart",
                other.describe().summary,
                bus.describe().summary
            ));
        }
    }
}

/// "0 dropped", and by which buses if there are several.
pub(super) fn dropped(buses: &[Bus], notifier: &Notifier) -> String {
    let all = format!("{} dropped", notifier.dropped());
    let by_bus: Vec<String> = buses
        .iter()
        .filter(|bus| buses.len() > 1 && bus.dropped() > 0)
        .map(|bus| format!("{} by {}", bus.dropped(), bus.describe().summary))
        .collect();
    if by_bus.is_empty() {
        return all;
    }
    format!("{all} ({})", by_bus.join(", "))
}

/// What a log keeps of a channel; all of them are alike where it keeps none.
fn kept(channel: Channel, keeps: Option<Fidelity>) -> Option<Channel> {
    match keeps.map(|keeps| keeps.channel) {
        Some(ChannelFidelity::Nothing) => None,
        Some(ChannelFidelity::Number) => channel.trailing_number().map(Channel::number),
        _ => Some(channel),
    }
}
