//! Priorities, places and checks, with an invented environment and invented files.

use super::*;

/// An invented system: variables, and files by path.
#[derive(Default)]
struct Fake {
    variables: Vec<(&'static str, &'static str)>,
    files: Vec<(&'static str, &'static [u8])>,
}

impl Fake {
    fn file(text: &'static str) -> Fake {
        Fake {
            variables: vec![("HOME", "/h")],
            files: vec![("/h/can.conf", text.as_bytes())],
        }
    }

    fn load(&self, configuration: &Configuration) -> Result<BusConfig> {
        self.load_over(configuration, Settings::new())
    }

    fn load_over(&self, configuration: &Configuration, defaults: Settings) -> Result<BusConfig> {
        let variable = |name: &str| {
            let found = self.variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, text)| text.into())
        };
        let read = |path: &Path| match self.files.iter().find(|(name, _)| Path::new(name) == path) {
            Some((_, b"locked")) => Err(io::Error::from(io::ErrorKind::PermissionDenied)),
            found => Ok(found.map(|(_, bytes)| bytes.to_vec())),
        };
        let system = System {
            os: "linux",
            variable: &variable,
            read: &read,
        };
        configuration.load_from(defaults, &system)
    }

    fn refusal(&self, configuration: &Configuration) -> Error {
        self.load(configuration).expect_err("refused")
    }
}

fn paths(os: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, text)| text.into())
    };
    let files = usual_files(os, &variable);
    files
        .iter()
        .map(|path| path.display().to_string())
        .collect()
}

/// A configuration with `interface=virtual` and this given too.
fn given(key: &str, value: impl Into<Value>) -> Configuration {
    Configuration::new()
        .set("interface", "virtual")
        .set(key, value)
}

#[test]
fn unix_looks_in_four_places() {
    let home = ("HOME", "/home/me");
    let expected = [
        "/home/me/can.conf",
        "/etc/can.conf",
        "/home/me/.can",
        "/home/me/.canrc",
    ];
    assert_eq!(paths("linux", &[home]), expected);
    assert_eq!(paths("macos", &[home]), expected);
    assert_eq!(paths("linux", &[]), ["/etc/can.conf"]);
    assert_eq!(paths("freebsd", &[home]), ["/home/me/can.conf"]);
}

#[test]
fn windows_looks_in_three_places() {
    let appdata = ("APPDATA", r"C:\Users\me\AppData\Roaming");
    assert_eq!(
        paths(
            "windows",
            &[("USERPROFILE", r"C:\Users\me"), appdata, ("HOME", "/no")]
        ),
        [
            r"C:\Users\me/can.conf",
            "can.ini",
            r"C:\Users\me\AppData\Roaming\can.ini"
        ]
    );
    assert_eq!(
        paths("windows", &[("HOMEDRIVE", "D:"), ("HOMEPATH", r"\me")]),
        [r"D:\me/can.conf", "can.ini"]
    );
    assert_eq!(
        paths("windows", &[("HOMEPATH", r"\me")])[0],
        r"\me/can.conf"
    );
    assert_eq!(paths("windows", &[("HOMEDRIVE", "D:")]), ["can.ini"]);
}

#[test]
fn of_the_usual_files_the_last_one_wins_by_key() {
    let fake = Fake {
        variables: vec![("HOME", "/h")],
        files: vec![
            ("/h/.canrc", b"[default]\na=4"),
            ("/h/.can", b"[default]\na=3\nb=3"),
            ("/etc/can.conf", b"[default]\na=2\nb=2\nc=2"),
            (
                "/h/can.conf",
                b"[default]\ninterface=virtual\na=1\nb=1\nc=1\nd=1",
            ),
        ],
    };
    let options = fake.load(&Configuration::new()).expect("valid").options;
    let expected = [("a", 4), ("b", 3), ("c", 2), ("d", 1)];
    assert_eq!(options, expected.map(|(k, v)| (k.into(), v.into())).into());
    let one = Configuration::new().file("/h/can.conf");
    assert_eq!(
        fake.load(&one).expect("valid").options["a"],
        Value::Integer(1)
    );
}

#[test]
fn each_source_wins_over_those_after_it() {
    let fake = Fake {
        variables: vec![
            ("HOME", "/h"),
            ("CAN_CONFIG_X", r#"{"c": 3}"#),
            ("CAN_CONFIG", r#"{"c": 4, "d": 4}"#),
        ],
        files: vec![(
            "/h/.can",
            b"[default]\nc=6\nd=6\ne=6\nf=6\ninterface=virtual\n[X]\nc=5\nd=5\ne=5\na=5\nb=5",
        )],
    };
    let defaults = [("a", 2), ("b", 2)].map(|(k, v)| (k.into(), Some(v.into())));
    let config = Configuration::new().context("X").set("a", 1);
    let options = fake
        .load_over(&config, defaults.into())
        .expect("valid")
        .options;
    let expected = [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6)];
    assert_eq!(options, expected.map(|(k, v)| (k.into(), v.into())).into());
    // Without the context, its variables and section are not looked at.
    let options = fake.load(&Configuration::new()).expect("valid").options;
    let expected = [("c", 4), ("d", 4), ("e", 6), ("f", 6)];
    assert_eq!(options, expected.map(|(k, v)| (k.into(), v.into())).into());
    // An empty context is none.
    let empty = Configuration::new().context("");
    assert_eq!(fake.load(&empty).expect("valid").options, options);
}

#[test]
fn the_section_default_in_capitals_wins_over_default_where_a_context_inherits_it() {
    let fake = Fake::file("[DEFAULT]\na=1\n[default]\ninterface=virtual\na=2\nb=2\n[X]\n");
    let options = |config| fake.load(&config).expect("valid").options;
    assert_eq!(
        options(Configuration::new().context("X"))["a"],
        Value::Integer(1)
    );
    assert_eq!(
        options(Configuration::new().context("X"))["b"],
        Value::Integer(2)
    );
    assert_eq!(options(Configuration::new())["a"], Value::Integer(2));
    assert_eq!(
        options(Configuration::new().context("x"))["a"],
        Value::Integer(2)
    );
}

#[test]
fn text_of_every_source_is_cast_and_typed_values_are_kept() {
    let fake = Fake {
        variables: vec![
            ("CAN_CHANNEL", "0"),
            ("CAN_CONFIG", r#"{"a": "true", "b": 1.0}"#),
        ],
        files: vec![("/etc/can.conf", b"[default]\nc = FALSE\nd = yes")],
    };
    let config = fake.load(&given("e", ".5").set("f", 7)).expect("valid");
    assert_eq!(config.channel, Some(Value::Integer(0)));
    let expected = [
        ("a", Value::Flag(true)),
        ("b", Value::Number(1.0)),
        ("c", Value::Flag(false)),
        ("d", Value::from("yes")),
        ("e", Value::Number(0.5)),
        ("f", Value::Integer(7)),
    ];
    assert_eq!(config.options, expected.map(|(k, v)| (k.into(), v)).into());
}

#[test]
fn ignoring_the_configuration_leaves_what_was_given_as_it_is() {
    let fake = Fake::file("[default\n");
    let config = Configuration::new().ignore_config();
    let config = config
        .set("bustype", "virtual")
        .set("channel", "0")
        .set("a", "007");
    let defaults = [("b".into(), Some(Value::Integer(1)))];
    let loaded = fake.load_over(&config, defaults.into()).expect("valid");
    assert_eq!(loaded.interface, "virtual");
    assert_eq!(loaded.channel, Some(Value::from("0")));
    assert_eq!(loaded.options, [("a".into(), Value::from("007"))].into());
}

#[test]
fn bustype_stands_for_interface_within_its_source() {
    let fake = Fake::file(
        "[default]\ninterface=socketcan\n[X]\nbustype=virtual\n[Y]\nbustype=a\ninterface=b\n[Z]\nbustype=a\ninterface=\n",
    );
    let interface = |context| {
        let config = fake
            .load(&Configuration::new().context(context))
            .expect("valid");
        assert!(config.options.is_empty());
        config.interface
    };
    assert_eq!(interface("X"), "virtual");
    assert_eq!(interface("Y"), "b");
    assert_eq!(interface("Z"), "a");
    assert_eq!(interface("none"), "socketcan");
}

#[test]
fn null_hides_the_key_of_later_sources() {
    let mut fake = Fake::file("[default]\ninterface=virtual\nchannel=1\na=1\nb=1");
    let json = r#"{"channel": null, "a": null, "fd": null, "port": null}"#;
    fake.variables.push(("CAN_CONFIG", json));
    let config = fake.load(&Configuration::new()).expect("valid");
    assert_eq!(config.channel, None);
    assert_eq!(config.options, [("b".into(), Value::Integer(1))].into());
    fake.variables
        .push(("CAN_CONFIG_X", r#"{"interface": null}"#));
    let error = fake.refusal(&Configuration::new().context("X"));
    assert_eq!(error.kind(), ErrorKind::BackendUnavailable);
    fake.variables
        .push(("CAN_CONFIG_Y", r#"{"interface": null, "bustype": "y"}"#));
    let config = fake.load(&Configuration::new().context("Y"));
    assert_eq!(config.expect("valid").interface, "y");
}

#[test]
fn without_an_interface_the_message_says_what_to_do() {
    for fake in [Fake::default(), Fake::file("[default]\ninterface=\n")] {
        let error = fake.refusal(&Configuration::new());
        assert_eq!(error.kind(), ErrorKind::BackendUnavailable);
        assert_eq!(
            error.to_string(),
            "no interface is configured; name one, or set CAN_INTERFACE, \
             or write \"interface = …\" under [default] into ~/can.conf"
        );
    }
    let ignoring = Configuration::new().ignore_config();
    let error = Fake::file("[default]\ninterface=virtual").refusal(&ignoring);
    assert_eq!(error.kind(), ErrorKind::BackendUnavailable);
}

#[test]
fn ports_are_whole_numbers_from_1_to_65534() {
    let fake = Fake::default();
    for (port, number) in [("1", 1), ("+80", 80), ("65534", 65534)] {
        let config = fake.load(&given("port", port)).expect("valid");
        assert_eq!(config.options["port"], Value::Integer(number));
    }
    for port in [
        "0",
        "-1",
        "65535",
        "80.5",
        "http",
        "true",
        "",
        "99999999999999999999",
    ] {
        let error = fake.refusal(&given("port", port));
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(
            error.to_string(),
            format!("option port is {port}, but expected a whole number from 1 to 65534")
        );
    }
    // Nobody checks where the configuration is ignored.
    assert!(fake.load(&given("port", 0).ignore_config()).is_ok());
}

#[test]
fn fd_becomes_a_flag_where_it_spells_one() {
    let fake = Fake::default();
    let fd = |value: &str| fake.load(&given("fd", value)).expect("valid").options["fd"].clone();
    assert_eq!(fd("0"), Value::Flag(false));
    assert_eq!(fd("1"), Value::Flag(true));
    assert_eq!(fd("True"), Value::Flag(true));
    assert_eq!(fd("no"), Value::Flag(false));
    assert_eq!(fd("2"), Value::Integer(2));
    assert_eq!(fd("maybe"), Value::from("maybe"));
}

#[test]
fn bad_files_are_named_with_the_line() {
    let default = Configuration::new();
    let error = Fake::file("[default]\nx").refusal(&default);
    assert_eq!(
        error.to_string(),
        "/h/can.conf, line 2: expected a section, or an option: key = value"
    );
    assert_eq!(error.kind(), ErrorKind::Malformed);
    let error = Fake::file("[default]\na=%\n").refusal(&default);
    assert_eq!(
        error.to_string(),
        "/h/can.conf, line 2: option a: expected %% (a percent sign) or %(key)s, found %"
    );
    // A context's references are not resolved where nobody asks for it.
    let fake = Fake::file("[default]\ninterface=virtual\n[X]\na=%");
    assert!(fake.load(&default).is_ok());
    assert!(fake.load(&Configuration::new().context("X")).is_err());
    let fake = Fake {
        variables: vec![],
        files: vec![("/etc/can.conf", b"[default]\n\na=\xff")],
    };
    let error = fake.refusal(&default);
    assert_eq!(error.to_string(), "/etc/can.conf, line 3: not UTF-8 text");
    assert_eq!(error.kind(), ErrorKind::Malformed);
    let fake = Fake {
        variables: vec![],
        files: vec![("/etc/can.conf", b"locked")],
    };
    let error = fake.refusal(&default);
    assert_eq!(error.to_string(), "/etc/can.conf: permission denied");
    assert_eq!(error.kind(), ErrorKind::Io);
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let error = Fake::default().refusal(&given("a", 1).file("/x/y.conf"));
    assert_eq!(error.to_string(), "/x/y.conf: there is no such file");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(Fake::default().load(&given("a", 1)).is_ok());
}

#[test]
fn the_byte_order_mark_of_windows_editors_is_ignored() {
    let fake = Fake::file("\u{feff}[default]\ninterface=virtual");
    assert_eq!(
        fake.load(&Configuration::new()).expect("valid").interface,
        "virtual"
    );
}

#[test]
fn errors_of_the_environment_come_through_with_and_without_context() {
    for (variable, context) in [
        ("CAN_CONFIG", ""),
        ("CAN_CONFIG", "X"),
        ("CAN_CONFIG_X", "X"),
    ] {
        let mut fake = Fake::file("[default]\ninterface=virtual");
        fake.variables.push((variable, "[]"));
        let error = fake.refusal(&Configuration::new().context(context));
        assert!(
            error
                .to_string()
                .starts_with(&format!("{variable}: expected a JSON object"))
        );
    }
}

#[test]
fn defaults_of_the_program_hold_until_taken_back() {
    let key = "option_of_the_test_about_defaults";
    set_default(key, "1");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.conf");
    fs::write(&file, format!("[default]\n{key}=2\na_key=3\n")).expect("written");
    let config = given("a", 1).file(&file);
    let options = config.load().expect("valid").options;
    assert_eq!((&options[key], &options["a_key"]), (&1.into(), &3.into()));
    remove_default(key);
    assert_eq!(
        config.load().expect("valid").options[key],
        Value::Integer(2)
    );
}

#[test]
fn folders_are_no_configuration_files() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(read(folder.path()).expect("no error"), None);
    assert_eq!(read(&folder.path().join("x/y")).expect("no error"), None);
    let file = folder.path().join("x");
    fs::write(&file, b"abc").expect("written");
    assert_eq!(read(&file).expect("no error"), Some(b"abc".to_vec()));
    assert_eq!(read(&file.join("y")).expect("no error"), None);
}

#[test]
fn the_home_is_known_even_where_the_variable_is_not_set() {
    let home = env::home_dir().map(PathBuf::into_os_string);
    assert!(home.is_some());
    assert_eq!(or_home("HOME", None), home);
    assert_eq!(or_home("HOME", Some("/h".into())), Some("/h".into()));
    assert_eq!(or_home("CAN_CHANNEL", None), None);
}

#[test]
fn a_context_is_unknown_where_neither_a_section_nor_a_variable_names_it() {
    let files = ini::parse("[X]\n").expect("valid");
    let some = Settings::from([("a".into(), None)]);
    assert!(is_unknown("x", &Settings::new(), &files));
    assert!(!is_unknown("X", &Settings::new(), &files));
    assert!(!is_unknown("x", &some, &files));
    assert!(!is_unknown("X", &some, &files));
}
