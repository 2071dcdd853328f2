//! Rows out of a file. Every chunk is checked before anything of it is read.

use std::io::{BufRead, Read};

use zeroize::Zeroizing;

use super::{
    BackupError, FAMILY, HEADER_BYTES_MAX, Header, MAGIC, SEALED_CHUNK_BYTES, chunk_name, owner, place_of_chunk,
};
use crate::{
    domain::embargoed::Clearance,
    sealing::{DataKey, Sealer, SealingError, WRAPPED_KEY_BYTES},
    store::portable::PortableRow,
};

/// Reads a backup.
pub struct BackupReader<'c, R> {
    from: R,
    header: Header,
    beginning_bytes: usize,
    key: DataKey,
    clearance: &'c Clearance,
    /// Text of chunks that were opened, from `at` on not read yet; wiped in the end.
    text: Zeroizing<Vec<u8>>,
    at: usize,
    chunks: u64,
    lines: u64,
    ended: bool,
}

impl<'c, R: BufRead> BackupReader<'c, R> {
    /// Reads the beginning of a backup.
    ///
    /// # Errors
    /// Where it is none, is of another version, was altered, or was made under a key that `sealer` does not have.
    pub fn open(mut from: R, sealer: &Sealer, clearance: &'c Clearance) -> Result<Self, BackupError> {
        let mut beginning = Vec::new();
        Read::by_ref(&mut from).take(MAGIC.len() as u64).read_until(b'\n', &mut beginning)?;
        if beginning != MAGIC.as_bytes() {
            let family = beginning.starts_with(FAMILY.as_bytes());
            return Err(if family { BackupError::OtherVersion } else { BackupError::NotABackup });
        }
        Read::by_ref(&mut from).take(HEADER_BYTES_MAX as u64).read_until(b'\n', &mut beginning)?;
        let mut wrapped = Vec::with_capacity(WRAPPED_KEY_BYTES);
        Read::by_ref(&mut from).take(WRAPPED_KEY_BYTES as u64).read_to_end(&mut wrapped)?;
        let key = sealer.unwrap(&owner(&beginning), &wrapped).map_err(|error| match error {
            SealingError::OtherKey { .. } => BackupError::Key(error),
            _ => BackupError::BeginningDamaged,
        })?;
        let header =
            serde_json::from_slice(&beginning[MAGIC.len()..]).map_err(|_| BackupError::UnknownRow { line: 0 })?;
        let beginning_bytes = beginning.len();
        let text = Zeroizing::default();
        Ok(Self { from, header, beginning_bytes, key, clearance, text, at: 0, chunks: 0, lines: 0, ended: false })
    }

    /// What stands at the beginning.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next row; `None` at the end that was written as the end.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] where a chunk is not what was written in its place; [`BackupError::UnknownRow`];
    /// [`BackupError::File`].
    pub fn next_row(&mut self) -> Result<Option<PortableRow>, BackupError> {
        loop {
            let searched = self.text.len();
            if let Some(length) = self.text[self.at..].iter().position(|byte| *byte == b'\n') {
                let line = &self.text[self.at..self.at + length];
                self.at += length + 1;
                if line.is_empty() {
                    continue;
                }
                self.lines += 1;
                let row = serde_json::from_slice(line).map_err(|_| BackupError::UnknownRow { line: self.lines })?;
                return Ok(Some(row));
            }
            if self.ended {
                let whole = self.at == searched;
                return if whole { Ok(None) } else { Err(BackupError::UnknownRow { line: self.lines + 1 }) };
            }
            self.next_chunk()?;
        }
    }

    fn next_chunk(&mut self) -> Result<(), BackupError> {
        let mut sealed = Vec::with_capacity(SEALED_CHUNK_BYTES);
        Read::by_ref(&mut self.from).take(SEALED_CHUNK_BYTES as u64).read_to_end(&mut sealed)?;
        let is_last = self.from.fill_buf()?.is_empty();
        let name = chunk_name(self.chunks, is_last);
        let at_byte = place_of_chunk(self.beginning_bytes, self.chunks);
        let opened = self.key.open(&name, &sealed, self.clearance).map_err(|_| BackupError::Damaged { at_byte })?;
        let opened = opened.open(self.clearance);
        // What was read goes; a line that began stays. Growing by hand, so that no text is left behind in freed memory.
        let rest = &self.text[self.at..];
        let mut text = Zeroizing::new(Vec::with_capacity(rest.len() + opened.len()));
        text.extend_from_slice(rest);
        text.extend_from_slice(opened);
        self.text = text;
        self.at = 0;
        self.chunks += 1;
        self.ended = is_last;
        Ok(())
    }
}
