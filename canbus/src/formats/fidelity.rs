//! What a format keeps of a message: data, from which the documentation, the warnings of the
//! converter and the round-trip tests are derived.

/// How much of a channel a format keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelFidelity {
    /// Nothing.
    Nothing,
    /// A number; of a name only the digits that it ends with.
    Number,
    /// A name; a number becomes `canN`.
    Name,
    /// A number or a name, whichever it was; a name of digits may become that number.
    Either,
}

/// What a file of a format keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fidelity {
    /// CAN FD frames with their flags.
    pub fd: bool,
    /// Remote frames.
    pub remote: bool,
    /// The DLC of remote frames.
    pub remote_dlc: bool,
    /// Error frames.
    pub error: bool,
    /// The identifier and data of error frames.
    pub error_cause: bool,
    /// A raw DLC of 9 to 15 of classic frames.
    pub raw_dlc: bool,
    /// The direction.
    pub direction: bool,
    /// The channel.
    pub channel: ChannelFidelity,
    /// The step of timestamps, in nanoseconds.
    pub resolution: u32,
    /// Timestamps before the epoch.
    pub negative_time: bool,
    /// Timestamps before the start of the file; where not, such a message gets the time of the
    /// start: that of the first message rounded down to a millisecond, or the epoch if that was
    /// before 1990, as relative times are.
    pub earlier_than_first: bool,
}
