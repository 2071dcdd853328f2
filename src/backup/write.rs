//! Rows into a file.

use std::io::Write;

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::{BackupError, CHUNK_BYTES, HEADER_BYTES_MAX, Header, MAGIC, chunk_name, owner};
use crate::{
    sealing::{DataKey, Sealer},
    store::{
        StoreError,
        portable::{PortableRow, RowSink},
    },
};

/// Writes a backup. Without [`BackupWriter::finish`] what was written is refused by every reader.
pub struct BackupWriter<W> {
    out: W,
    key: DataKey,
    /// Text that was not sealed yet; wiped in the end.
    pending: Zeroizing<Vec<u8>>,
    chunks: u64,
    rows: u64,
}

impl<W: Write> BackupWriter<W> {
    /// Begins a backup in `out`, with a data key of its own under the key that `sealer` seals with. `header.key` is set to
    /// its name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(mut out: W, header: Header, sealer: &Sealer) -> Result<Self, BackupError> {
        // The name that stands in the header must be the one of the key that wraps, whatever is rotated meanwhile.
        let (beginning, key, wrapped) = loop {
            let header = Header { key: sealer.key_id(), ..header.clone() };
            let json = serde_json::to_string(&header).expect("plain data");
            let beginning = format!("{MAGIC}{json}\n");
            assert!(json.len() < HEADER_BYTES_MAX, "a header is short");
            let (key, wrapped) = sealer.new_data_key(&owner(beginning.as_bytes()));
            if crate::sealing::wrapped_by(&wrapped).is_some_and(|id| id.to_string() == header.key) {
                break (beginning, key, wrapped);
            }
        };
        out.write_all(beginning.as_bytes())?;
        out.write_all(&wrapped)?;
        let pending = Zeroizing::new(Vec::with_capacity(2 * CHUNK_BYTES));
        Ok(Self { out, key, pending, chunks: 0, rows: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, row: &PortableRow) -> Result<(), BackupError> {
        serde_json::to_writer(&mut *self.pending, row).expect("rows are plain data");
        self.pending.push(b'\n');
        self.rows += 1;
        let mut sealed = 0;
        // Something must be left for the last chunk.
        while self.pending.len() - sealed > CHUNK_BYTES {
            let chunk = &self.pending[sealed..sealed + CHUNK_BYTES];
            self.out.write_all(&self.key.seal(&chunk_name(self.chunks, false), chunk))?;
            self.chunks += 1;
            sealed += CHUNK_BYTES;
        }
        self.pending.drain(..sealed);
        Ok(())
    }

    /// Ends the backup; returns what it was written into, and the number of rows.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<(W, u64), BackupError> {
        if self.pending.is_empty() {
            // of a store without a row
            self.pending.push(b'\n');
        }
        self.out.write_all(&self.key.seal(&chunk_name(self.chunks, true), &self.pending))?;
        self.out.flush()?;
        Ok((self.out, self.rows))
    }
}

#[async_trait]
impl<W: Write + Send> RowSink for BackupWriter<W> {
    async fn take(&mut self, row: PortableRow) -> Result<(), StoreError> {
        self.add(&row).map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}
