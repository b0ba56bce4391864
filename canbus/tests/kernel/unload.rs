//! The driver is unloaded under load, again and again: every interface goes at once. In a boot of
//! its own, because the interfaces of all tests go with it.

use crate::wire::{PATIENCE, SILENCE, Wire, next, numbered};
use canbus::ErrorKind;
use rustix::system::{delete_module, finit_module};
use std::fs::File;
use std::thread;
use std::time::Duration;

#[test]
fn a_driver_that_is_unloaded_a_hundred_times_under_load_ends_no_program() {
    let module = std::env::var("CANBUS_KERNEL_VCAN").expect("the boot says where it is");
    let wire = Wire::new();
    let small = wire.builder().option("receive_buffer", 20_000);
    let lasting = small.clone().option("reconnect", true).open();
    let lasting = lasting.expect("opens");
    for round in 0..100 {
        let (bus, sender) = (small.clone().open().expect("it is up"), wire.open());
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                loop {
                    if let Err(error) = bus.recv(PATIENCE) {
                        return error;
                    }
                }
            });
            let writer = scope.spawn(|| {
                loop {
                    if let Err(error) = sender.send_batch(&[numbered(1); 50], PATIENCE) {
                        return error;
                    }
                    thread::sleep(Duration::from_millis(1));
                }
            });
            thread::sleep(Duration::from_millis(5));
            delete_module(c"vcan", 0).expect("an administrator");
            for thread in [reader, writer] {
                let error = thread.join().expect("no panic");
                let kind = error.kind();
                assert_eq!(kind, ErrorKind::DeviceLost, "round {round}: {error}");
            }
        });
        let file = File::open(&module).expect("it is there");
        finit_module(&file, c"", 0).expect("an administrator");
        wire.add();
    }
    let sender = wire.open();
    while lasting.recv(SILENCE).expect("it is there").is_some() {}
    sender.send(&numbered(0x7A5), PATIENCE).expect("sent");
    assert_eq!(next(&lasting).frame, numbered(0x7A5));
}
