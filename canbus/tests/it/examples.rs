//! The examples run: each is a program that ends by itself and says what its page promises.

use std::path::PathBuf;
use std::process::Command;

/// An example, which `cargo test` has built beside this test.
fn example(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("this test is a file");
    path.pop();
    path.pop();
    path.join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

fn run(name: &str) -> String {
    let output = Command::new(example(name))
        .output()
        .expect("it was built and starts");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn async_receive_prints_five_messages() {
    let printed = run("async_receive");
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 5, "{printed}");
    for (number, line) in lines.iter().enumerate() {
        assert!(line.contains(&format!("DL:  1    {number:02x} ")), "{line}");
    }
}

/// Over UDP, whose buses have a descriptor on every system of the Unix family.
#[cfg(unix)]
#[test]
fn on_tokio_and_on_smol_a_bus_is_received_from_by_its_descriptor() {
    for name in ["fd_on_tokio", "fd_on_smol"] {
        let printed = run(name);
        let numbers = printed.lines().enumerate();
        for (number, line) in numbers {
            assert!(line.contains(&format!("DL:  1    {number:02x} ")), "{line}");
        }
        assert_eq!(printed.lines().count(), 5, "{printed}");
    }
}

#[test]
fn the_table_of_formats_in_the_docs_is_what_the_library_says() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/formats.md");
    let page = std::fs::read_to_string(page).expect("it is there");
    assert_eq!(
        page.replace("\r\n", "\n"),
        run("format_table"),
        "cargo xtask docs writes it"
    );
}
