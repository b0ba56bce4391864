//! Goes on with an existing file: verifies it, mends the end that a killed writer left, and
//! takes over its counts.

use super::container::{self, HEAD_SIZE, Inflater, Packer, STORED, State};
use super::contents::PADDED;
use super::header::{FileHeader, STATISTICS, USED};
use super::object::{self, BASE_SIZE, Base, CONTAINER, LARGEST, SIGNATURE};
use super::reader::{Reader, after_padding};
use super::writer::Times;
use crate::error::{Error, Result};
use crate::formats::{Input, Output};
use jiff::tz::TimeZone;
use memchr::memmem;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

/// A container whose contents are larger is not mended, only cut off.
const MOST: usize = 64 << 20;
/// So much is searched at a time.
const STEP: usize = 64 << 10;

/// What the contents of a container add to the header's uncompressed size.
pub(super) fn uncompressed(contents: u64) -> u64 {
    HEAD_SIZE as u64 + contents
}

/// Brings the file into a state to which containers can be added, at its end. Gives the header
/// with correct counts, and the times unless the file has no objects yet.
///
/// # Errors
/// `Malformed` if it is not a BLF file, `Io`.
pub(super) fn continue_file(
    output: &mut Output,
    zone: &TimeZone,
    packer: &mut Packer,
) -> Result<(FileHeader, Option<Times>)> {
    let Some(file) = output.file() else {
        return Ok((FileHeader::new(), None));
    };
    let size = file.seek(SeekFrom::End(0))?;
    let bytes = read_at(file, 0, USED)?;
    let header = bytes.first_chunk().and_then(FileHeader::parse);
    let header = header.filter(|header| (USED as u64..=size).contains(&header.size.into()));
    let Some(mut header) = header else {
        return Err(Error::malformed(
            "not a BLF file, so that nothing can be appended to it",
        ));
    };
    let mut end = End::find(file, header, size)?;
    let torn = Torn::find(file, end.padded(), size)?;
    let mended = mend(file, &mut end)?;
    let cut = size.saturating_sub(torn.at);
    if cut > 0 || !mended.is_empty() {
        log::warn!(
            "the BLF file ends in the middle of an object ({cut} bytes); what is complete is kept"
        );
    }
    let padding = object::padding(end.last_size);
    let mut length = end.at + padding as u64;
    let mut uncompressed_size = end.uncompressed;
    if mended.is_empty() {
        output.cut(end.at)?;
        // The padding must be complete, or a reader would take it from what follows.
        output.write_all(&vec![0; padding])?;
    } else {
        let mut packed = Vec::new();
        packer.pack(&mended, &mut packed)?;
        length += packed.len() as u64;
        uncompressed_size += uncompressed(mended.len() as u64);
        for (at, bytes) in steps(end.at, padding, &packed, &torn) {
            file.seek(SeekFrom::Start(at))?;
            file.write_all(&bytes)?;
            file.sync_data()?;
        }
        output.cut(length)?;
    }
    let Some(file) = output.file() else {
        return Ok((header, None));
    };
    if length == u64::from(header.size) {
        header.file_size = length;
        return Ok((header, None));
    }
    let mut times = Times {
        start: end.header.start(zone),
        stop: header.stop(zone),
    };
    if header.file_size != length {
        // The writer did not come to complete the header, so that all has to be counted.
        header.file_size = length;
        header.uncompressed_size = uncompressed_size;
        header.objects = count(file, &mut times, zone)?;
        header.set_stop(times.stop, zone);
    }
    // From here on the header is in step with the file.
    file.seek(SeekFrom::Start(STATISTICS))?;
    file.write_all(&header.to_bytes()[STATISTICS as usize..USED])?;
    file.seek(SeekFrom::Start(length))?;
    Ok((header, Some(times)))
}

/// How a mended container gets to its place behind padding: what is written where, one after the
/// other. A crash in between loses nothing, for there is a copy behind all that it replaces, which
/// readers find as they find any object behind damage. No size of anything before it reaches it,
/// and no container is ever seen with half of its head, or joined to one that it does not
/// follow: the old signatures go first, the last one before the others, and the new one comes
/// last.
fn steps(at: u64, padding: usize, packed: &[u8], torn: &Torn) -> [(u64, Vec<u8>); 5] {
    let begin = at + padding as u64;
    let (signature, rest) = packed.split_at(SIGNATURE.len());
    let copy = torn.reaches.max(begin + packed.len() as u64) + LARGEST as u64;
    [
        (copy, packed.to_vec()),
        (torn.at, vec![0; signature.len()]),
        (at, vec![0; padding + signature.len()]),
        (begin + signature.len() as u64, rest.to_vec()),
        (begin, signature.to_vec()),
    ]
}

/// What is torn at the end of the file.
struct Torn {
    at: u64,
    /// Where it ends, or says that it does.
    reaches: u64,
}

impl Torn {
    fn find(file: &mut File, at: u64, size: u64) -> Result<Torn> {
        let head = read_at(file, at, BASE_SIZE)?;
        let base = head.first_chunk().and_then(Base::parse);
        let claimed = base.map_or(0, |base| u64::from(base.size).min(MOST as u64));
        Ok(Torn {
            at,
            reaches: size.max(at + claimed),
        })
    }
}

/// Where the last complete object or header at the top level ends.
struct End {
    /// The last header: of files that were joined each has its own, with its own start time.
    header: FileHeader,
    /// Behind it, without padding.
    at: u64,
    /// Where it began; 0, where no container can be, if it is a header.
    last_at: u64,
    /// Its size, 0 if it is a header.
    last_size: u32,
    /// What the file's size would be up to here without compression.
    uncompressed: u64,
    /// What the last object adds to that.
    last_uncompressed: u64,
}

impl End {
    /// Behind a header that ends here.
    fn behind(header: FileHeader, at: u64, uncompressed: u64) -> End {
        End {
            header,
            at,
            last_at: 0,
            last_size: 0,
            uncompressed,
            last_uncompressed: 0,
        }
    }

    fn find(file: &mut File, header: FileHeader, size: u64) -> Result<End> {
        let mut at = u64::from(header.size);
        let mut end = End::behind(header, at, at);
        loop {
            if at == end.at
                && let Some((header, behind)) = joined(file, at)?
                && behind <= size
            {
                let uncompressed = end.uncompressed + u64::from(header.size);
                end = End::behind(header, behind, uncompressed);
                at = behind;
                continue;
            }
            let Some(found) = search(file, at)? else {
                break;
            };
            let head = read_at(file, found, HEAD_SIZE)?;
            let Some(base) = head.first_chunk().and_then(Base::parse) else {
                break;
            };
            let next = found + u64::from(base.size);
            if base.is_plausible() && next <= size {
                let last_uncompressed = match base.kind {
                    CONTAINER => uncompressed(container::head(&head).1.into()),
                    _ => base.size.into(),
                };
                end = End {
                    header: end.header,
                    at: next,
                    last_at: found,
                    last_size: base.size,
                    uncompressed: end.uncompressed + last_uncompressed,
                    last_uncompressed,
                };
                at = next;
            } else if base.kind == CONTAINER && container::head(&head).0 == STORED {
                // What is found in it are its own objects.
                break;
            } else {
                at = found + SIGNATURE.len() as u64;
            }
        }
        Ok(end)
    }

    /// Behind it with its padding.
    fn padded(&self) -> u64 {
        self.at + object::padding(self.last_size) as u64
    }
}

/// The header that follows here, but for padding, and where it ends.
fn joined(file: &mut File, at: u64) -> Result<Option<(FileHeader, u64)>> {
    let near = read_at(file, at, PADDED)?;
    let Some(padding) = after_padding(&near) else {
        return Ok(None);
    };
    let begin = at + padding as u64;
    let bytes = read_at(file, begin, USED)?;
    let header = bytes.first_chunk().and_then(FileHeader::parse);
    let header = header.filter(FileHeader::is_plausible);
    Ok(header.map(|header| (header, begin + u64::from(header.size))))
}

/// Where the next object begins, from an offset on.
fn search(file: &mut File, mut at: u64) -> Result<Option<u64>> {
    let mut wanted = BASE_SIZE;
    loop {
        let bytes = read_at(file, at, wanted)?;
        if let Some(found) = memmem::find(&bytes, SIGNATURE) {
            return Ok(Some(at + found as u64));
        }
        if bytes.len() < wanted {
            return Ok(None);
        }
        at += (bytes.len() - SIGNATURE.len() + 1) as u64;
        wanted = STEP;
    }
}

/// The objects that are to be written again because their container is torn, or because it ends
/// in an object that was never completed: the next container would be taken for its rest. Moves
/// the end before that container.
fn mend(file: &mut File, end: &mut End) -> Result<Vec<u8>> {
    let mut data = contents(file, end.last_at)?;
    let last = data.len();
    data.extend_from_slice(&contents(file, end.padded())?);
    let whole = whole_objects(&data);
    if whole >= last {
        return Ok(data[last..whole].to_vec());
    }
    if whole == 0 {
        return Ok(Vec::new());
    }
    end.at = end.last_at;
    end.last_size = 0;
    end.uncompressed -= end.last_uncompressed;
    data.truncate(whole);
    Ok(data)
}

/// What a container inflates to, as far as it is there; nothing if it is none, or too large.
fn contents(file: &mut File, at: u64) -> Result<Vec<u8>> {
    let head = read_at(file, at, HEAD_SIZE)?;
    let base = head.first_chunk().and_then(Base::parse);
    let Some(base) = base.filter(|base| base.kind == CONTAINER && base.size as usize <= MOST)
    else {
        return Ok(Vec::new());
    };
    let left = (base.size as usize).saturating_sub(HEAD_SIZE);
    let packed = read_at(file, at + HEAD_SIZE as u64, left)?;
    if container::head(&head).0 == STORED {
        return Ok(packed);
    }
    let mut inflater = Inflater::new();
    let (mut read, mut written) = (0, 0);
    let mut data = Vec::new();
    while written < MOST {
        data.resize(written + STEP, 0);
        let piece = inflater.piece(&packed[read..], &mut data[written..]);
        read += piece.read;
        written += piece.written;
        if piece.state != State::Going || piece.read + piece.written == 0 {
            break;
        }
    }
    data.truncate(written);
    Ok(data)
}

/// How many bytes there are up to the end of the last complete object. The first one may have
/// begun in the container before; damage among the others is left to readers.
fn whole_objects(data: &[u8]) -> usize {
    let (mut end, mut from) = (0, 0);
    while let Some(found) = memmem::find(&data[from..], SIGNATURE) {
        let at = from + found;
        let Some(base) = data[at..].first_chunk().and_then(Base::parse) else {
            break;
        };
        let next = at.saturating_add(base.size as usize);
        if base.is_plausible() && next <= data.len() {
            end = next;
            from = next;
        } else {
            from = at + SIGNATURE.len();
        }
    }
    let rest = &data[end..];
    if end > 0 && rest.len() < SIGNATURE.len() && rest.iter().all(|&byte| byte == 0) {
        return data.len();
    }
    end
}

/// Counts the objects of the file and finds its latest time.
fn count(file: &mut File, times: &mut Times, zone: &TimeZone) -> Result<u32> {
    file.seek(SeekFrom::Start(0))?;
    let input = Input::new("the existing file", file.try_clone()?);
    let report = input.report();
    let mut objects = 0;
    for message in Reader::open(input, zone.clone())?.flatten() {
        objects += 1;
        times.stop = times.stop.max(message.timestamp.as_nanos());
    }
    Ok(u32::try_from(objects + report.passed_over()).unwrap_or(u32::MAX))
}

fn read_at(file: &mut File, at: u64, count: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
