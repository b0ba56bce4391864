use super::*;
use crate::options::OptionKind;
use std::time::Instant;

/// Opens a virtual bus under another name: enough of a backend to be registered.
fn open_virtual(options: &Options) -> Result<Box<dyn Driver>> {
    let channel = options.text("channel").unwrap_or_default().to_string();
    open("virtual", [("channel", channel)])
}

const OPTIONS: &[OptionSpec] = &[OptionSpec::new("channel", OptionKind::Text, "any name")];

const fn third_party(name: &'static str, detect: Option<Search>) -> Backend {
    Backend {
        name,
        summary: "a backend of another crate",
        options: OPTIONS,
        open: open_virtual,
        detect,
    }
}

fn names_of(detection: &Detection) -> Vec<&'static str> {
    detection
        .found
        .iter()
        .map(|found| found.interface)
        .collect()
}

#[test]
fn a_backend_of_another_crate_is_found_opened_and_suggested() {
    register(third_party("third-party", None)).expect("the name is free");
    assert!(all().iter().any(|backend| backend.name == "third-party"));
    assert_eq!(
        find("third-party").expect("there").summary,
        "a backend of another crate"
    );
    let bus = open("third-party", [("channel", "backends-tests")]).expect("opens");
    assert_eq!(bus.describe().backend, "virtual");
    let error = find("third-parti").expect_err("misspelt");
    assert!(
        error.to_string().ends_with("did you mean third-party?"),
        "{error}"
    );
    // Its options are checked as any backend's.
    let error = open("third-party", [("chanel", "x")]).err();
    let error = error.expect("misspelt").to_string();
    assert_eq!(
        error,
        "third-party has no option chanel; did you mean channel?"
    );
}

#[test]
fn a_name_is_registered_once() {
    register(third_party("registered-twice", None)).expect("the name is free");
    for name in ["registered-twice", "virtual"] {
        let error = register(third_party(name, None)).expect_err("the name is taken");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn an_unknown_backend_gets_the_list_where_nothing_is_near() {
    let error = find("zzzzzzzzz").expect_err("unknown");
    assert_eq!(error.kind(), ErrorKind::BackendUnavailable);
    assert!(
        error
            .to_string()
            .contains("simulated, slcan, socketcan, udp_multicast, virtual"),
        "{error}"
    );
}

#[test]
fn detection_is_told_what_to_search_and_prints_what_to_open() {
    let detection = detect(Some(&["simulated"]), Duration::from_secs(5)).expect("it is known");
    assert_eq!(names_of(&detection), ["simulated"]);
    assert!(detection.failed.is_empty());
    assert_eq!(
        detection.found[0].to_string(),
        "interface=simulated channel=car"
    );
    let all = detect(None, Duration::from_millis(300)).expect("all are known");
    assert!(names_of(&all).is_sorted());
    assert!(names_of(&all).contains(&"virtual") && names_of(&all).contains(&"simulated"));
    let error = detect(Some(&["virtul"]), Duration::ZERO).expect_err("misspelt");
    assert_eq!(error.kind(), ErrorKind::BackendUnavailable);
}

fn fails(_timeout: Duration) -> Result<Vec<Detected>> {
    Err(Error::new(ErrorKind::OperationFailed, "no permission"))
}

fn hangs(_timeout: Duration) -> Result<Vec<Detected>> {
    thread::sleep(Duration::from_secs(20));
    Ok(Vec::new())
}

#[test]
fn a_search_that_fails_or_hangs_is_told_and_spoils_no_other() {
    register(third_party("fails-to-detect", Some(fails))).expect("the name is free");
    register(third_party("hangs-in-detect", Some(hangs))).expect("the name is free");
    register(third_party("detects-nothing", None)).expect("the name is free");
    let names = [
        "hangs-in-detect",
        "simulated",
        "fails-to-detect",
        "detects-nothing",
    ];
    let start = Instant::now();
    let detection = detect(Some(&names), Duration::from_millis(100)).expect("all are known");
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(names_of(&detection), ["simulated"]);
    let failed: Vec<_> = detection
        .failed
        .iter()
        .map(|(name, error)| (*name, error.kind()))
        .collect();
    assert_eq!(
        failed,
        [
            ("fails-to-detect", ErrorKind::OperationFailed),
            ("hangs-in-detect", ErrorKind::Timeout)
        ]
    );
}

#[test]
fn every_backend_takes_a_channel_and_can_be_told_only_to_listen() {
    for backend in BACKENDS {
        for name in ["channel", "listen_only"] {
            let has = backend.options.iter().any(|option| option.name == name);
            assert!(has, "{} has no option {name}", backend.name);
        }
    }
}

#[test]
fn a_search_may_be_given_all_the_time_there_is() {
    for timeout in [Duration::MAX, Duration::from_secs(u64::MAX / 2)] {
        let detection = detect(Some(&["virtual"]), timeout).expect("searched");
        assert!(detection.failed.is_empty(), "{:?}", detection.failed);
    }
}
