//! A bus that both the command and the test can open: a multicast group on the loopback interface,
//! each test on a port of its own.

use canbus::{BufferedReader, Bus, Frame, Id, Message, Notifier};
use std::net::UdpSocket;
use std::time::Duration;

const GROUP: &str = "239.74.163.2";

pub(crate) struct Group {
    port: u16,
    /// Keeps other tests off the port, on another address of loopback.
    _reserved: UdpSocket,
}

impl Group {
    pub(crate) fn new() -> Group {
        let reserved = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        Group {
            port: reserved.local_addr().expect("bound").port(),
            _reserved: reserved,
        }
    }

    /// The arguments with which the command opens it.
    pub(crate) fn arguments(&self) -> String {
        let port = self.port;
        format!(
            "-i udp_multicast -c {GROUP} --bus-kwargs port={port} network_interface=lo hop_limit=0"
        )
    }

    /// The same as what a channel of a log is mapped to.
    pub(crate) fn target(&self) -> String {
        let port = self.port;
        format!("udp_multicast:{GROUP},port={port},network_interface=lo,hop_limit=0")
    }

    /// The same as one argument of `--bus`.
    pub(crate) fn spec(&self) -> String {
        let port = self.port;
        format!(
            "interface=udp_multicast,channel={GROUP},port={port},network_interface=lo,hop_limit=0"
        )
    }

    pub(crate) fn open(&self) -> Bus {
        Bus::builder("udp_multicast")
            .option("channel", GROUP)
            .option("port", i64::from(self.port))
            .option("network_interface", "lo")
            .option("hop_limit", 0)
            .open()
            .expect("loopback has multicast")
    }

    /// Collects what is sent from now on.
    pub(crate) fn listen(&self) -> Heard {
        let reader = BufferedReader::new();
        let notifier = Notifier::builder()
            .bus(self.open())
            .listener(reader.clone())
            .start()
            .expect("it starts");
        Heard { reader, notifier }
    }
}

pub(crate) struct Heard {
    reader: BufferedReader,
    notifier: Notifier,
}

impl Heard {
    /// What was heard.
    pub(crate) fn messages(self) -> Vec<Message> {
        self.notifier
            .stop(Duration::from_secs(5))
            .expect("no error");
        std::iter::from_fn(|| self.reader.get_message(Duration::ZERO)).collect()
    }
}

/// The frame of this number: its ID goes round, its data is the number.
pub(crate) fn frame(number: u32) -> Frame {
    let id = Id::standard(number % 0x7FF).expect("fits");
    Frame::data(id, &number.to_be_bytes()).expect("valid")
}

/// Sends the frames of these numbers as fast as they are taken.
pub(crate) fn send(bus: &Bus, numbers: std::ops::Range<u32>) {
    for number in numbers {
        bus.send(&frame(number), None).expect("it is sent");
    }
}

/// The numbers of the frames in a log of candump.
pub(crate) fn numbers(log: &str) -> Vec<u32> {
    log.lines()
        .map(|line| {
            let (_, data) = line.split_once('#').expect("a frame");
            let digits = data.split(' ').next().expect("data");
            u32::from_str_radix(digits, 16).expect("a number")
        })
        .collect()
}
