//! Running the command, and files for it.

use assert_cmd::Command;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fs, process};

/// How long a command may take to do what it is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// The command in a folder, with no configuration but what a test gives.
pub(crate) fn canbus(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("canbus").expect("it is built");
    command.current_dir(folder).env_clear().env("HOME", folder);
    command.timeout(PATIENCE);
    command
}

/// What a command that has ended said, and its exit code.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the command to its end. Arguments are parted at blanks.
pub(crate) fn run(folder: &Path, arguments: &str) -> Ended {
    let output = canbus(folder)
        .args(arguments.split_whitespace())
        .output()
        .expect("it runs");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

impl Ended {
    /// That it ended with this exit code and said this on the standard error.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, said: &str) -> &Ended {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert!(self.stderr.contains(said), "{}", self.stderr);
        self
    }
}

/// A logger or player that runs beside the test.
pub(crate) struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts it, and waits until it is at work.
    pub(crate) fn start(folder: &Path, arguments: &[&str], stdout: Stdio) -> Running {
        let mut child = process::Command::new(env!("CARGO_BIN_EXE_canbus"))
            .current_dir(folder)
            .env_clear()
            .env("HOME", folder)
            .args(arguments.iter().flat_map(|part| part.split_whitespace()))
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let said = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&said);
        let listener = thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).expect("text") > 0 {
                heard.lock().expect("no panic").push_str(&line);
                line.clear();
            }
        });
        let running = Running {
            child,
            said,
            listener: Some(listener),
        };
        running.wait_for("Ctrl-C ends it");
        running
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().expect("no panic").clone()
    }

    /// Waits until it has said something.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.said().contains(text) {
            assert!(start.elapsed() < PATIENCE, "{text}? {}", self.said());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Its standard output.
    pub(crate) fn stdout(&mut self) -> process::ChildStdout {
        self.child.stdout.take().expect("a pipe")
    }

    /// Sends it a signal: TERM, INT, HUP, KILL…
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = process::Command::new("kill")
            .args(["-s", name, &pid])
            .status();
        assert!(sent.expect("kill is there").success());
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let status = self.wait();
        self.listener.take().map(JoinHandle::join);
        let mut stdout = String::new();
        if let Some(mut pipe) = self.child.stdout.take() {
            pipe.read_to_string(&mut stdout).expect("text");
        }
        Ended {
            code: status.code(),
            stdout,
            stderr: self.said(),
        }
    }

    fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "does not end: {}", self.said());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already, as a rule.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An empty folder, which is gone after the test.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

pub(crate) fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect(name)
}

pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect(name);
}

/// The names of the files in a folder, in the alphabet.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> = files
        .map(|file| {
            file.expect("a file")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    names.sort();
    names
}

/// A log of candump with so many frames, a millisecond apart, each with its number as data.
pub(crate) fn log_of(frames: u32) -> String {
    let mut log = String::new();
    for number in 0..frames {
        let (seconds, millis, id) = (number / 1000, number % 1000, number % 0x7FF);
        let line = format!("(16000{seconds:05}.{millis:03}000) can0 {id:03X}#{number:08X} R\n");
        log.push_str(&line);
    }
    log
}
