//! The command from outside: the real program, its exit codes, streams and files. One binary, so
//! that it is linked once.

mod bus;
mod convert;
mod detect;
mod ends;
mod help;
mod logger;
mod options;
mod player;
mod timing;
mod tool;
