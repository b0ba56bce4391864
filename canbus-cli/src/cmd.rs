//! The commands, one file each.

pub(crate) mod detect;
pub(crate) mod logconvert;
pub(crate) mod logger;
pub(crate) mod player;
pub(crate) mod send;
pub(crate) mod timing;
