//! Two adapters of LAWICEL's protocol on one CAN bus, behind TCP ports: what one is given to send
//! the other one delivers.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// How an adapter behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    /// As the CAN232 manual says: CR and BEL as answers, `z` and `Z` for frames.
    Lawicel,
    /// Does what it is told, and answers nothing, as Linux's driver at the other end of a line.
    Silent,
    /// Knows no listen-only.
    WithoutListenOnly,
    /// Starts like an Arduino: says who it is, and hears nothing before that.
    Starting,
    /// Takes no frame.
    Full,
}

/// What the two adapters know of each other.
type Bus = Arc<[Mutex<Adapter>; 2]>;

#[derive(Debug, Default)]
struct Adapter {
    client: Option<TcpStream>,
    open: bool,
    listens_only: bool,
    given: Vec<String>,
}

/// Two adapters on one CAN bus.
pub(crate) struct Adapters {
    /// Their names, for the option `channel`.
    pub(crate) names: [String; 2],
    bus: Bus,
}

impl Adapters {
    /// The lines that an adapter was given by the program that has it open, without their CR.
    pub(crate) fn given(&self, number: usize) -> Vec<String> {
        lock(&self.bus[number]).given.clone()
    }
}

/// Two adapters that wait for one program each.
pub(crate) fn joined_adapters(manners: Manners) -> Adapters {
    let bus = Bus::default();
    let names = [0, 1].map(|own| {
        let server = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = server.local_addr().expect("bound");
        let bus = Arc::clone(&bus);
        std::thread::spawn(move || {
            let Ok((client, _)) = server.accept() else {
                return;
            };
            if manners == Manners::Starting {
                std::thread::sleep(std::time::Duration::from_millis(700));
                let _ = (&client).write_all(b"t9 starting\r");
            }
            // An adapter does not hold a frame back to send more at once.
            client.set_nodelay(true).expect("a connection");
            lock(&bus[own]).client = client.try_clone().ok();
            serve(client, &bus, own, manners);
        });
        format!("socket://{address}")
    });
    Adapters { names, bus }
}

fn lock(adapter: &Mutex<Adapter>) -> std::sync::MutexGuard<'_, Adapter> {
    adapter.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(client: TcpStream, bus: &Bus, own: usize, manners: Manners) {
    let mut lines = BufReader::new(client);
    let mut line = Vec::new();
    while lines
        .read_until(b'\r', &mut line)
        .is_ok_and(|count| count > 0)
    {
        let answer = obey(&line, bus, own, manners);
        let mut adapter = lock(&bus[own]);
        let text = String::from_utf8_lossy(&line);
        adapter.given.push(text.trim_end().to_string());
        if manners != Manners::Silent
            && let Some(client) = &mut adapter.client
            && client.write_all(answer.as_bytes()).is_err()
        {
            return;
        }
        line.clear();
    }
    // The client has gone: this adapter says nothing to nobody.
    *lock(&bus[own]) = Adapter::default();
}

const DONE: &str = "\r";
const REFUSED: &str = "\x07";

/// Carries a command out and says what is answered.
fn obey(line: &[u8], bus: &Bus, own: usize, manners: Manners) -> String {
    let mut adapter = lock(&bus[own]);
    let answer = match (line[0], adapter.open) {
        (b'\r', _) | (b'S' | b's' | b'Y', false) => DONE,
        (b'L', false) if manners == Manners::WithoutListenOnly => REFUSED,
        (letter @ (b'O' | b'L'), false) => {
            adapter.open = true;
            adapter.listens_only = letter == b'L';
            DONE
        }
        (b'C', true) => {
            adapter.open = false;
            DONE
        }
        (b'V', _) => "V1013\r",
        (b'N', _) => "NA123\r",
        (b'F', true) => "F20\r",
        (b't' | b'r' | b'd' | b'b' | b'T' | b'R' | b'D' | b'B', true)
            if !adapter.listens_only && manners != Manners::Full =>
        {
            drop(adapter);
            deliver(line, &mut lock(&bus[1 - own]));
            let extended = line[0].is_ascii_uppercase();
            return if extended { "Z\r" } else { "z\r" }.into();
        }
        _ => REFUSED,
    };
    answer.into()
}

fn deliver(line: &[u8], other: &mut Adapter) {
    if other.open
        && let Some(client) = &mut other.client
    {
        // Who has gone hears nothing.
        let _ = client.write_all(line);
    }
}
