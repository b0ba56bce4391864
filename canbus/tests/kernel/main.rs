//! The tests of `socketcan`, to be run inside a kernel that has CAN, by its administrator:
//! `cargo xtask test kernel`. Which part runs in which kernel: `xtask/src/kernel/suite.rs`.
//!
//! Complaints about python-can's SocketCAN and what became of them here. Tests are of this folder
//! unless they are said to be of the script `tests/differential/kernel/socketcan.py`.
//!
//! | thread | complaint | here |
//! |---|---|---|
//! | #1135, #657, #474 | frames lost under load, in silence | script: `of_20000_frames_in_a_burst_what_is_missing_is_counted` |
//! | #2005 | `send(timeout=None)` does not wait | `delivery::a_full_queue_is_waited_for_within_the_timeout` |
//! | #2004, #310 | a full queue is an error at once | the same; `controller::what_nobody_acknowledges_is_a_timeout_and_there_is_room_again_later` |
//! | #1274 | frames of other programs look like own ones | `delivery::own_frames_say_tx_and_those_of_other_programs_rx`, `delivery::own_frames_those_of_other_programs_and_those_of_the_wire_are_told_apart`, `delivery::frames_of_other_programs_on_this_machine_can_be_left_out` |
//! | #1881 | no times of the hardware | `controller::times_of_received_and_of_sent_frames_are_the_devices`, `delivery::timestamps_are_those_of_the_kernel_however_late_they_are_read` |
//! | #549 | the bit rate cannot be set | `links::a_controller_gets_its_bit_rate_from_the_bus`, `controller::a_timing_given_in_quanta_or_by_its_sample_point_is_the_controllers` |
//! | – | periodic sending on channel "" goes wrong | `periodic::a_bus_over_all_interfaces_sends_periodically_on_the_one_that_is_named` |
//! | – | `detect` misses names other than can0 and vcan0 | script: `the_interfaces_that_python_can_detects_are_detected` |
//!
//! python-can's own tests of SocketCAN that go through its public API: loopback is in `delivery`, two
//! buses back to back are the conformance suite, cyclic sending is in `periodic`, and both together
//! with python-can in the script (`periodic_frames_of_both_arrive_with_the_other`). Its tests of
//! structures have their counterpart in `transport/can_socket/tests.rs`, against the kernel's headers.

#![cfg(target_os = "linux")]

#[path = "../it/peers/candlelight.rs"]
mod candlelight;
mod changes;
mod conformance;
mod controller;
mod delivery;
mod ends;
mod isotp;
mod link_command;
mod links;
mod pci;
mod peers;
mod periodic;
mod slcan;
mod unload;
mod vhci;
mod wire;
