//! `canbus detect`.

use crate::tool::{folder, run};
use serde_json::Value;

#[test]
fn the_answer_in_json_is_a_list_of_what_to_open() {
    let folder = folder();
    let done = run(folder.path(), "detect --json -i virtual --timeout 1");
    done.expect(0, "");
    let answer: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(
        answer,
        serde_json::json!([{"interface": "virtual", "channel": "channel-0"}])
    );
}

#[test]
fn the_answer_in_text_can_be_pasted_behind_the_other_commands() {
    let folder = folder();
    let done = run(folder.path(), "detect --interface virtual");
    done.expect(0, "");
    assert_eq!(done.stdout, "-i virtual -c channel-0\n");
    run(
        folder.path(),
        &format!("logger --duration 0 {}", done.stdout),
    )
    .expect(0, "0 frames");
}

#[test]
fn all_kinds_of_buses_are_looked_for_unless_some_are_named() {
    let folder = folder();
    let done = run(folder.path(), "detect --json");
    let answer: Vec<Value> = serde_json::from_str(&done.stdout).expect("JSON");
    for backend in ["virtual", "udp_multicast"] {
        assert!(
            answer.iter().any(|one| one["interface"] == backend),
            "{backend}"
        );
    }
    run(folder.path(), "detect -i nothing").expect(2, "invalid value 'nothing'");
}
