//! Which options go to the readers and which to the writer.

use super::{Args, Path, STANDARD};
use crate::args::extra::{self, Extra, Taker};
use crate::args::{self, KeyValue};
use crate::exit::Failure;
use canbus::formats::{self, Format};
use canbus::{Error, ErrorKind, OptionSpec};
use clap::Args as _;

/// The options of each log's reader, and those of the writer.
pub(super) struct Assigned {
    pub(super) readers: Vec<Vec<(String, String)>>,
    pub(super) writer: Vec<(String, String)>,
}

/// Gives options to who takes them. Those of `--reader` and `--writer` go there; of others it must
/// be clear.
pub(super) fn assign(args: &Args, extra: &[Extra]) -> Result<Assigned, Failure> {
    let of_input = |path: &Path| format_of(path, args.from.as_deref());
    let inputs = args.inputs.iter().map(|path| of_input(path));
    let inputs: Vec<Format> = inputs.collect::<Result<_, _>>()?;
    let output = format_of(&args.output, args.to.as_deref())?;
    let written = output.write.map_or(&[] as &[_], |write| write.options);
    let (mut for_readers, mut writer) = (args.reader.clone(), args::pairs(&args.writer));
    for one in extra {
        let reads = inputs.iter().any(|format| takes(read(format), one));
        match (reads, takes(written, one)) {
            (true, true) => return Err(unclear(&one.key)),
            (true, false) => for_readers.push(one.clone()),
            (false, true) => writer.push((one.key.clone(), one.value.clone())),
            (false, false) => return Err(unknown(one, &inputs, output)),
        }
    }
    // One that only some of the readers take is for those; one that none takes is refused by all.
    let known = |one: &&KeyValue| inputs.iter().any(|format| takes(read(format), one));
    let readers = inputs.iter().map(|format| {
        let own = |one: &&KeyValue| takes(read(format), one) || !known(one);
        let own: Vec<KeyValue> = for_readers.iter().filter(own).cloned().collect();
        args::pairs(&own)
    });
    Ok(Assigned {
        readers: readers.collect(),
        writer,
    })
}

/// The format that a name, or what was said of it, stands for.
fn format_of(path: &Path, said: Option<&str>) -> Result<Format, Failure> {
    let found = match said {
        Some(said) => formats::find(Path::new(&format!("a.{}", said.trim_start_matches('.'))))
            .or_else(|error| named(said).ok_or(error)),
        None if path == Path::new(STANDARD) => return Err(Failure::Told),
        None => formats::find(path),
    };
    found.map(|(format, _)| format).map_err(Failure::of_setup)
}

/// The format of this name, where it is not the suffix.
fn named(name: &str) -> Option<(Format, bool)> {
    let plain = name.strip_suffix(".gz").unwrap_or(name);
    let found = formats::all()
        .into_iter()
        .find(|format| format.name == plain);
    found.map(|format| (format, plain != name))
}

fn read(format: &Format) -> &'static [OptionSpec] {
    format.read.map_or(&[], |read| read.options)
}

fn takes(options: &[OptionSpec], one: &KeyValue) -> bool {
    let is_it = |option: &OptionSpec| option.name == one.key || option.aliases.contains(&&*one.key);
    options.iter().any(is_it)
}

fn unclear(key: &str) -> Failure {
    let text = format!(
        "reader and writer both take an option {key}: use --reader {key}=… or --writer {key}=…"
    );
    Failure::Usage(Error::new(ErrorKind::InvalidInput, text))
}

fn unknown(one: &Extra, inputs: &[Format], output: Format) -> Failure {
    let mut takers: Vec<Taker> = Vec::new();
    for format in inputs {
        let name = format!("the reader of {}", format.extension);
        if !takers.iter().any(|taker| taker.name == name) {
            takers.push(Taker {
                name,
                options: read(format),
            });
        }
    }
    takers.push(Taker {
        name: format!("the writer of {}", output.extension),
        options: output.write.map_or(&[], |write| write.options),
    });
    let command = Args::augment_args(clap::Command::new("logconvert"));
    let error = extra::assign(std::slice::from_ref(one), &takers, &command).err();
    error.map_or(Failure::Told, Failure::of_setup)
}
