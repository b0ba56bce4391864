//! Reads rows from the pages of a plain database, without a detour by `SQLite`, which takes five
//! times as long. The facts are those of "Database File Format" of sqlite.org.
//!
//! Plain is a table that was made with python-can's columns, in a database with a rollback journal.
//! Rows are read some pages at a time, while `SQLite` keeps writers away, and each time from the
//! root of the tree on, so that it does not matter what others changed in between. Whatever is
//! unusual or does not fit together, be it a page, a row or a single value, is left to `SQLite`:
//! from there on it reads some rows, says what is wrong, or finds the way around damage.

pub(super) mod record;

use super::database::{Database, Header};
use super::schema::Tables;
use crate::error::Result;
use crate::formats::input::OnDisk;
use crate::message::Message;
use record::{LEAF, LEAF_HEAD};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// How much is read at a time.
const CAPACITY: usize = 1 << 18;
/// A tree is never deeper (`BTCURSOR_MAX_DEPTH` of `SQLite`).
const DEEPEST: usize = 20;
/// What pages of a table begin with that lead to others.
const INTERIOR: u8 = 0x05;
/// Where the numbers of the cells begin in them.
const INTERIOR_HEAD: usize = 12;

/// The rows of a plain table.
pub(super) struct Plain {
    file: File,
    header: Header,
    page: usize,
    root: u32,
    /// Leaves that were read, one after another.
    leaves: Vec<u8>,
    /// The last row that may be in each of them; `None` where no row is too late.
    bounds: Vec<Option<i64>>,
    /// The leaf that is being read, its next cell, and how many cells it has.
    leaf: usize,
    cell: usize,
    cells: usize,
    /// The row from which on nothing was given out; `None` behind the last.
    next: Option<i64>,
    /// That row as it was set behind a leaf, past what could be in it, and as it was before: pages
    /// that are damaged may have rows in between.
    passed: (Option<i64>, Option<i64>),
    /// The row from which on pages were read last, and last with success.
    loaded: Option<i64>,
    begun: Option<i64>,
    /// Whether rows may come that were given out before.
    seeking: bool,
    /// Whether the next row must be left to `SQLite`, and whether that is so because pages do not
    /// fit together: then all that follows is.
    unusual: bool,
    damaged: bool,
    /// The page above the leaves; kept to keep its memory.
    node: Vec<u8>,
}

impl Plain {
    /// The table, if it is plain.
    ///
    /// # Errors
    /// `Malformed` for a damaged database, `Io`.
    pub(super) fn open(
        disk: &OnDisk,
        database: &Database,
        tables: &Tables,
    ) -> Result<Option<Plain>> {
        let header = &database.header;
        if !database.is_original() || !header.is_plain() {
            return Ok(None);
        }
        let Some(root) = tables.plain_root(&database.connection)? else {
            return Ok(None);
        };
        Ok(Some(Plain {
            // Where locks belong to the process, closing any handle of a file drops those of
            // SQLite: this one is open as long as the connection.
            file: disk.open()?,
            header: header.clone(),
            page: header.page_size,
            root,
            leaves: Vec::new(),
            bounds: Vec::new(),
            leaf: 0,
            cell: 0,
            cells: 0,
            next: Some(i64::MIN),
            passed: (None, None),
            loaded: None,
            begun: None,
            seeking: true,
            unusual: false,
            damaged: false,
            node: Vec::new(),
        }))
    }

    /// The next row of the pages that were read; `None` where there is none, or none that can be
    /// read here: see [`Plain::position`].
    #[inline]
    pub(super) fn next(&mut self) -> Option<Message> {
        loop {
            while self.cell < self.cells {
                let Some((row, record)) = self.record() else {
                    return self.leave_to_sqlite(true);
                };
                let late = self.next.is_some_and(|next| row >= next);
                if !late {
                    let first = self.not_given();
                    if self.seeking && first.is_none_or(|first| row < first) {
                        // Given out before.
                        self.cell += 1;
                        continue;
                    }
                    self.next = first;
                    return self.leave_to_sqlite(true);
                }
                let Some(message) = record::message(record) else {
                    return self.leave_to_sqlite(false);
                };
                self.cell += 1;
                self.seeking = false;
                self.next = row.checked_add(1);
                return Some(message);
            }
            if !self.next_leaf() {
                return None;
            }
        }
    }

    /// The row and the record of the present cell.
    #[inline]
    fn record(&self) -> Option<(i64, &[u8])> {
        let leaf = self.leaf.checked_sub(1)?;
        let page = self.leaves.get(leaf * self.page..)?.get(..self.page)?;
        let pointer = page.get(LEAF_HEAD + 2 * self.cell..)?.first_chunk()?;
        let cell = usize::from(u16::from_be_bytes(*pointer));
        if cell < LEAF_HEAD + 2 * self.cells {
            return None;
        }
        let (row, record) = record::of_cell(page.get(cell..)?, self.page)?;
        let bound = self.bounds.get(leaf)?;
        bound
            .is_none_or(|bound| row <= bound)
            .then_some((row, record))
    }

    /// The first row that was not given out for sure.
    fn not_given(&self) -> Option<i64> {
        match self.passed {
            (next, before) if next == self.next && before.is_some() => before,
            _ => self.next,
        }
    }

    #[cold]
    fn leave_to_sqlite(&mut self, damaged: bool) -> Option<Message> {
        self.unusual = true;
        self.damaged |= damaged;
        self.forget_pages();
        None
    }

    fn forget_pages(&mut self) {
        self.bounds.clear();
        (self.leaf, self.cell, self.cells) = (0, 0, 0);
    }

    /// Goes on with the next leaf that was read; false where there is none.
    fn next_leaf(&mut self) -> bool {
        if let Some(&bound) = self
            .leaf
            .checked_sub(1)
            .and_then(|leaf| self.bounds.get(leaf))
        {
            // Whatever could be in this leaf was given out.
            let behind = bound.and_then(|bound| bound.checked_add(1));
            let before = self.not_given();
            self.next = behind.zip(self.next).map(|(behind, next)| behind.max(next));
            self.passed = (self.next, before);
        }
        if self.leaf >= self.bounds.len() {
            self.forget_pages();
            return false;
        }
        let head = &self.leaves[self.leaf * self.page..];
        self.leaf += 1;
        (self.cell, self.cells) = (0, usize::from(u16::from_be_bytes([head[3], head[4]])));
        true
    }

    /// Where to go on when there was no next row: with pages from this row on, or, if the second
    /// is true, with `SQLite`. `None` at the end.
    pub(super) fn position(&self) -> Option<(i64, bool)> {
        Some((self.next?, self.unusual))
    }

    /// Whether pages do not fit together, so that `SQLite` has to find its way.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// For a row that comes next: where the pages began from which rows before it were given out,
    /// and the row before it. `None` if there are none.
    pub(super) fn begun(&self, next: i64) -> Option<(i64, i64)> {
        let begun = self.begun.filter(|&begun| begun < next)?;
        Some((begun, next.checked_sub(1)?))
    }

    /// Goes on at a row, behind those that `SQLite` read.
    pub(super) fn go_on(&mut self, next: Option<i64>) {
        self.next = next;
        self.passed = (None, None);
        self.unusual = false;
    }

    /// Reads pages from a row on, so many bytes; `None` for what only `SQLite` may judge. The
    /// caller keeps writers away.
    pub(super) fn load(&mut self, from: i64) -> Option<usize> {
        self.forget_pages();
        // Twice at the same row would be for ever.
        let again = self.loaded.replace(from) == Some(from);
        let loaded = if again { None } else { self.load_pages(from) };
        match loaded {
            Some(_) => self.begun = Some(from),
            None => _ = self.leave_to_sqlite(true),
        }
        loaded
    }

    fn load_pages(&mut self, from: i64) -> Option<usize> {
        let before = Header::of(&mut self.file).ok()??;
        if !before.is_like(&self.header) {
            return None;
        }
        self.leaves.resize(CAPACITY.max(self.page), 0);
        let mut node = std::mem::take(&mut self.node);
        let found = self.descend(from, &mut node);
        self.node = node;
        found?;
        // Where locks were lost, a writer shows by this that it was there.
        let after = Header::of(&mut self.file).ok()??;
        if after.changes != before.changes {
            return None;
        }
        self.seeking = true;
        Some(self.bounds.len() * self.page)
    }

    /// Finds the leaf of a row, and reads it and its neighbours.
    fn descend(&mut self, from: i64, node: &mut Vec<u8>) -> Option<()> {
        self.bounds.clear();
        self.read_leaf(self.root, None)?;
        for _ in 0..DEEPEST {
            if self.leaves[0] == LEAF {
                return Some(());
            }
            // Not a leaf yet: the node of the next level.
            let above = self.bounds.pop()?;
            node.clear();
            node.extend_from_slice(&self.leaves[..self.page]);
            let node = Node::of(node)?;
            let at = node.find(from, above)?;
            let most = self.leaves.len() / self.page;
            let (page, bound) = node.child(at)?;
            self.read_leaf(page, bound.or(above))?;
            if self.leaves[0] != LEAF {
                continue;
            }
            // With the one before, in which nothing may be that is wanted.
            self.bounds.clear();
            for child in at.saturating_sub(1)..=node.cells {
                let (page, bound) = node.child(child)?;
                self.read_leaf(page, bound.or(above))?;
                if self.bounds.len() == most {
                    break;
                }
            }
        }
        None
    }

    /// Reads a page behind those that are there; behind a leaf it must be one too.
    fn read_leaf(&mut self, number: u32, bound: Option<i64>) -> Option<()> {
        let start = self.bounds.len() * self.page;
        let page = self.leaves.get_mut(start..start + self.page)?;
        let at = u64::from(number.checked_sub(1)?) * self.page as u64;
        self.file.seek(SeekFrom::Start(at)).ok()?;
        self.file.read_exact(page).ok()?;
        let (kind, cells) = (page[0], usize::from(u16::from_be_bytes([page[3], page[4]])));
        let fits = LEAF_HEAD + 2 * cells <= self.page;
        if number < 2 || !fits || (start > 0 && kind != LEAF) {
            return None;
        }
        self.bounds.push(bound);
        Some(())
    }
}

/// A page that leads to others.
struct Node<'a> {
    page: &'a [u8],
    cells: usize,
}

impl Node<'_> {
    fn of(page: &[u8]) -> Option<Node<'_>> {
        let cells = usize::from(u16::from_be_bytes([page[3], page[4]]));
        (page[0] == INTERIOR).then_some(Node { page, cells })
    }

    /// The first cell whose page may have a row from this one on; `None` where cells are not in
    /// their order, or lead beyond what the page above says.
    fn find(&self, from: i64, above: Option<i64>) -> Option<usize> {
        let mut last = None;
        let mut found = self.cells;
        for cell in (0..self.cells).rev() {
            let bound = self.child(cell)?.1?;
            let fits = match (last, above) {
                (Some(behind), _) => bound < behind,
                (None, Some(above)) => bound <= above,
                (None, None) => true,
            };
            if !fits {
                return None;
            }
            last = Some(bound);
            if bound >= from {
                found = cell;
            }
        }
        Some(found)
    }

    /// The page that a cell leads to, and the last row that may be there; what is behind the last
    /// cell leads to all others.
    fn child(&self, cell: usize) -> Option<(u32, Option<i64>)> {
        let number = |at: usize| Some(u32::from_be_bytes(*self.page.get(at..)?.first_chunk()?));
        if cell == self.cells {
            return Some((number(8)?, None));
        }
        let pointer = self.page.get(INTERIOR_HEAD + 2 * cell..)?.first_chunk()?;
        let at = usize::from(u16::from_be_bytes(*pointer));
        let (row, _) = record::varint(self.page.get(at + 4..)?)?;
        Some((number(at)?, Some(row)))
    }
}
