//! Blocks: the one form of everything in a file but its first 64 bytes. A block begins with `##`
//! and two letters, its length and the number of its links; then come the links, which are offsets
//! in the file or zero, and then what is particular to it.

/// `##`, two letters, four reserved bytes, the length (u64), the number of links (u64).
pub(super) const HEAD: usize = 24;
/// The least length of a block that counts as one.
pub(super) const LEAST: u64 = HEAD as u64;
/// The identification at the beginning of a file, which is no block.
pub(super) const IDENTIFICATION: usize = 64;
/// Where the header block stands.
pub(super) const HEADER_AT: u64 = IDENTIFICATION as u64;

/// What a finished file begins with, and one that its writer did not finish.
pub(super) const FINISHED: &[u8; 8] = b"MDF     ";
pub(super) const UNFINISHED: &[u8; 8] = b"UnFinMF ";

/// What an unfinished file still lacks: the counts of records.
pub(super) const LACKS_COUNTS: u16 = 0x01;
/// The length of the last data block.
pub(super) const LACKS_LENGTH: u16 = 0x04;
/// The last links in a list of data blocks.
pub(super) const LACKS_LINKS: u16 = 0x10;
/// The offsets of data of variable length.
pub(super) const LACKS_OFFSETS: u16 = 0x40;

/// Flags of a channel group: its records are data of variable length.
pub(super) const VARIABLE: u16 = 0x01;
/// It holds bus events; each of its records is one by itself.
pub(super) const BUS_EVENT: u16 = 0x02;
pub(super) const PLAIN_BUS_EVENT: u16 = 0x04;
/// The time of its records is in another group.
pub(super) const REMOTE_MASTER: u16 = 0x08;

/// The beginning of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) id: [u8; 2],
    pub(super) length: u64,
    pub(super) links: u64,
}

impl Head {
    /// Reads it; `None` where there is no block, or one that its links do not fit into.
    pub(super) fn parse(bytes: &[u8; HEAD]) -> Option<Head> {
        let head = Head {
            id: [bytes[2], bytes[3]],
            length: u64::from_le_bytes(field(bytes, 8)),
            links: u64::from_le_bytes(field(bytes, 16)),
        };
        let least = head.links.checked_mul(8)?.checked_add(LEAST)?;
        (bytes.starts_with(b"##") && head.length >= least).then_some(head)
    }

    /// Its letters, for error messages.
    pub(super) fn name(&self) -> String {
        self.id
            .map(|byte| char::from(byte).escape_default().to_string())
            .concat()
    }
}

/// `N` bytes from `at` on; zeros where they are missing.
#[inline]
pub(super) fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    found.copied().unwrap_or([0; N])
}

/// Blocks in the making, from an offset in the file on.
pub(super) struct Builder {
    base: u64,
    pub(super) bytes: Vec<u8>,
}

impl Builder {
    pub(super) fn new(base: u64) -> Builder {
        let bytes = Vec::new();
        Builder { base, bytes }
    }

    /// Adds a block; gives its offset in the file. Every block begins at a multiple of 8.
    pub(super) fn add(&mut self, id: [u8; 2], links: &[u64], data: &[u8]) -> u64 {
        let at = self.end();
        put(&mut self.bytes, id, links, data);
        at
    }

    /// Adds a text.
    pub(super) fn text(&mut self, text: &str) -> u64 {
        self.ended(*b"TX", text)
    }

    /// Adds a description in XML.
    pub(super) fn xml(&mut self, text: &str) -> u64 {
        self.ended(*b"MD", text)
    }

    /// Texts end with a zero and fill their block.
    fn ended(&mut self, id: [u8; 2], text: &str) -> u64 {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize((bytes.len() + 1).next_multiple_of(8), 0);
        self.add(id, &[], &bytes)
    }

    /// Where the next block will stand.
    pub(super) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }
}

/// Appends a block and what fills it up to a multiple of 8.
pub(super) fn put(out: &mut Vec<u8>, id: [u8; 2], links: &[u64], data: &[u8]) {
    let length = HEAD + 8 * links.len() + data.len();
    head(out, id, length as u64, links);
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(8), 0);
}

/// Appends the beginning of a block of this length.
pub(super) fn head(out: &mut Vec<u8>, id: [u8; 2], length: u64, links: &[u64]) {
    out.extend_from_slice(&[b'#', b'#', id[0], id[1], 0, 0, 0, 0]);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(links.len() as u64).to_le_bytes());
    for link in links {
        out.extend_from_slice(&link.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Written by asammdf 8.8.28.
    const UNIT: &str = "2323545800000000200000000000000000000000000000007300000000000000";

    #[test]
    fn a_text_is_written_as_asammdf_writes_it() {
        let mut builder = Builder::new(0x6710);
        assert_eq!(builder.text("s"), 0x6710);
        assert_eq!(faster_hex::hex_string(&builder.bytes), UNIT);
        assert_eq!(builder.end(), 0x6730);
        let head = Head::parse(builder.bytes.first_chunk().expect("long enough"));
        let head = head.expect("a block");
        assert_eq!(
            (head.name().as_str(), head.length, head.links),
            ("TX", 32, 0)
        );
    }

    #[test]
    fn a_block_needs_its_mark_and_room_for_its_links() {
        let mut bytes = Vec::new();
        put(&mut bytes, *b"DL", &[1, 2], &[]);
        let parse = |bytes: &[u8]| Head::parse(bytes.first_chunk().expect("long enough"));
        assert!(parse(&bytes).is_some());
        let mut short = bytes.clone();
        short[8] -= 1;
        assert_eq!(parse(&short), None);
        let mut many = bytes.clone();
        many[23] = 0xFF;
        assert_eq!(parse(&many), None);
        bytes[0] = b'x';
        assert_eq!(parse(&bytes), None);
    }

    #[test]
    fn blocks_are_filled_up_to_a_multiple_of_eight() {
        let mut bytes = Vec::new();
        put(&mut bytes, *b"DT", &[], &[7; 5]);
        assert_eq!((bytes.len(), bytes[8]), (32, 29));
    }
}
