//! The inflated contents of the containers, joined, and the walk over the objects in them.

use super::object::{BASE_SIZE, Base, CONTAINER, SIGNATURE, decode};
use super::written::{NO_SUCH_FRAME, written};
use crate::error::{Error, Result};
use crate::message::Message;
use memchr::memmem;

/// Padding follows some objects; the next one begins within so many bytes.
pub(super) const PADDED: usize = 8;

/// Objects that were inflated and not yet read.
#[derive(Default)]
pub(super) struct Contents {
    data: Vec<u8>,
    start: usize,
    end: usize,
    /// How many inflated bytes of the file are behind `data[0]`, for error messages.
    behind: u64,
    /// How many bytes of an object that is passed over are still to come.
    skip: u64,
    /// Whether it is unknown where the next object begins.
    lost: bool,
    /// Whether frames that CAN does not have are given as they are.
    pub(super) as_written: bool,
    /// Objects that were passed over since [`Contents::take_passed_over`].
    passed_over: u64,
}

/// What the search for the next object came to.
enum Found {
    Object,
    /// More data are needed.
    Nothing,
    /// It is not where it must be.
    Damage(Error),
}

impl Contents {
    /// The next message or damaged object; `None` when more data are needed. `start` is the
    /// file's start time in nanoseconds; errors do not name the file yet.
    #[inline]
    pub(super) fn next(&mut self, start: i64) -> Option<Result<Message>> {
        loop {
            if self.skip > 0 && !self.skip_on() {
                return None;
            }
            let rest = &self.data[self.start..self.end];
            let head = rest.first_chunk::<BASE_SIZE>()?;
            let Some(base) = Base::parse(head) else {
                match self.find() {
                    Found::Object => continue,
                    Found::Nothing => return None,
                    Found::Damage(error) => return Some(Err(error)),
                }
            };
            if !base.has_frame() || !base.is_plausible() {
                if let Some(damage) = self.pass_over(base) {
                    return Some(Err(damage));
                }
                continue;
            }
            self.lost = false;
            let object = rest.get(..base.size as usize)?;
            let message = decode(object, base, start);
            if self.as_written
                && let Some(frame) = written(object, base, start, &message)
            {
                self.start += object.len();
                return Some(Err(self.damaged(base, NO_SUCH_FRAME).with_source(frame)));
            }
            self.start += object.len();
            match message {
                Ok(message) => return Some(Ok(message)),
                Err(what) => return Some(Err(self.damaged(base, what))),
            }
        }
    }

    /// Goes on over an object that is passed over; false when more data are needed.
    fn skip_on(&mut self) -> bool {
        let count = self.skip.min((self.end - self.start) as u64);
        self.start += count as usize;
        self.skip -= count;
        self.skip == 0
    }

    /// Goes to the next object.
    #[cold]
    fn find(&mut self) -> Found {
        let rest = &self.data[self.start..self.end];
        if self.lost {
            let found = memmem::find(rest, SIGNATURE);
            self.start += found.unwrap_or(rest.len() - (SIGNATURE.len() - 1));
            return found.map_or(Found::Nothing, |_| Found::Object);
        }
        if let Some(padding) = memmem::find(&rest[..PADDED], SIGNATURE) {
            self.start += padding;
            return Found::Object;
        }
        self.lost = true;
        Found::Damage(self.malformed("expected an object here"))
    }

    /// Goes over an object without a frame. Damage is reported once: until an object is found
    /// that can be one, signatures are taken for chance.
    #[cold]
    fn pass_over(&mut self, base: Base) -> Option<Error> {
        if base.is_plausible() && base.kind != CONTAINER {
            self.skip = base.size.into();
            self.passed_over += 1;
            self.lost = false;
            return None;
        }
        let damage = (!self.lost).then(|| {
            self.malformed(format!(
                "an object of type {} with a header of {} and {} bytes in all cannot be here",
                base.kind, base.header_size, base.size
            ))
        });
        self.start += SIGNATURE.len();
        self.lost = true;
        damage
    }

    /// The error for the object that was just read.
    #[cold]
    fn damaged(&self, base: Base, what: &str) -> Error {
        let at = self.behind + self.start as u64 - u64::from(base.size);
        Error::malformed(format!(
            "byte {at} of the inflated contents: an object of type {} cannot be read: {what}",
            base.kind
        ))
    }

    fn malformed(&self, what: impl std::fmt::Display) -> Error {
        let at = self.behind + self.start as u64;
        Error::malformed(format!("byte {at} of the inflated contents: {what}"))
    }

    /// Room for so many more bytes, behind the rest of an object that is not complete.
    pub(super) fn room(&mut self, count: usize) -> &mut [u8] {
        self.data.copy_within(self.start..self.end, 0);
        self.behind += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        if self.data.len() < self.end + count {
            self.data.resize(self.end + count, 0);
        }
        &mut self.data[self.end..self.end + count]
    }

    /// Says how many bytes were put into the [room](Contents::room).
    pub(super) fn add(&mut self, count: usize) {
        self.end += count;
    }

    /// Forgets the rest: what comes next does not continue it. `lost` if it need not begin with
    /// an object either.
    pub(super) fn interrupt(&mut self, lost: bool) {
        self.start = self.end;
        self.skip = 0;
        self.lost = lost;
    }

    /// Whether an object has begun whose end is missing.
    pub(super) fn is_incomplete(&self) -> bool {
        let rest = &self.data[self.start..self.end];
        self.skip > 0 || (!self.lost && rest.iter().any(|&byte| byte != 0))
    }

    /// How many objects were passed over since it was last asked.
    pub(super) fn take_passed_over(&mut self) -> u64 {
        std::mem::take(&mut self.passed_over)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{messages, objects};
    use super::*;

    fn fed(contents: &mut Contents, bytes: &[u8]) {
        contents.room(bytes.len()).copy_from_slice(bytes);
        contents.add(bytes.len());
    }

    #[test]
    fn damage_is_told_with_its_place_in_all_that_was_inflated() {
        let mut contents = Contents::default();
        let part = objects(&messages(0..3));
        for _ in 0..2 {
            fed(&mut contents, &part);
            for _ in 0..3 {
                assert!(matches!(contents.next(0), Some(Ok(_))));
            }
            assert!(contents.next(0).is_none());
        }
        fed(&mut contents, &[b'x'; 64]);
        let error = contents.next(0).expect("damage").expect_err("an error");
        let told = format!("byte {} of the inflated contents", 2 * part.len());
        assert!(error.to_string().starts_with(&told), "{error}");
    }

    #[test]
    fn an_object_that_has_begun_is_incomplete_and_padding_is_none() {
        let part = objects(&messages(0..2));
        let incomplete = |bytes: &[u8]| {
            let mut contents = Contents::default();
            fed(&mut contents, bytes);
            while contents.next(0).is_some() {}
            contents.is_incomplete()
        };
        assert!(!incomplete(&part));
        assert!(incomplete(&part[..part.len() - 1]));
        assert!(!incomplete(&[&part[..], &[0, 0]].concat()));
        // An object that is passed over and whose end is missing: type 65, 100 bytes.
        let mut other = part[..32].to_vec();
        other[8] = 100;
        other[12] = 65;
        assert!(incomplete(&other));
        other.resize(100, 0);
        assert!(!incomplete(&other));
    }
}
