//! The command from outside: the real program, its exit codes, streams and files. One binary, so
//! that it is linked once.

mod bus;
mod convert;
mod convert_parts;
mod detect;
mod ends;
mod help;
mod inspect;
mod join;
mod killed;
mod logger;
mod options;
mod player;
mod player_told;
mod rotation;
mod send;
mod timing;
mod tool;
