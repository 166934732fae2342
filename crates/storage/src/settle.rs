//! Making durable what an opening has found, before any of it is told to anybody.
//!
//! Bytes that were written and never synced are in the page cache when their process ends between the two, or because the
//! sync failed. The next process reads them like any others; a power loss takes them back. So whoever opens a log writes
//! once more what may be unsynced, and syncs it.
//!
//! A sync alone is not enough: after a failed one, Linux holds the pages for clean and a later sync stores nothing of them.
//! Nor is writing what a second reading gives: a clean page may be dropped in between, and come back as the disk has it. What
//! is written is therefore made from the bytes that were checked. They are what the place holds already, so that a power
//! loss on the way leaves no other state than there was.
//!
//! What may be unsynced is little, because a frame is only written after the one before it was synced, and a file only begun
//! after the one before it was: the last frame, the header of a file that was being begun, the size, and the name.

use crate::disk::DiskFile;
use crate::error::{IoContext, StorageError};
use crate::frame::{self, FileKind, FrameHeader};
use karwan_types::ChainId;
use std::path::Path;

/// The last sound frame of a file, as it was read and checked.
pub(crate) struct LastFrame {
    offset: u64,
    header: FrameHeader,
    body: Vec<u8>,
}

impl LastFrame {
    /// A further frame was read; its body is taken out of the buffer, which gets the room of the one before.
    pub(crate) fn replace(
        last: &mut Option<Self>,
        offset: u64,
        header: FrameHeader,
        body: &mut Vec<u8>,
    ) {
        let room = last.take().map_or_else(Vec::new, |before| before.body);
        *last = Some(Self {
            offset,
            header,
            body: std::mem::replace(body, room),
        });
    }
}

/// The last file of a log, as it was read and checked.
pub(crate) struct FileAsRead<'a> {
    pub(crate) path: &'a Path,
    pub(crate) kind: FileKind,
    pub(crate) chain: &'a ChainId,
    /// The number in its header.
    pub(crate) number: u64,
    /// None when it holds no frame yet.
    pub(crate) last: Option<&'a LastFrame>,
    /// Where the sound part ends, in bytes. What follows is a torn tail.
    pub(crate) end: u64,
}

impl FileAsRead<'_> {
    /// Cuts a torn tail, and makes the rest durable. The name of the file is for the caller to sync.
    pub(crate) fn settle(&self, file: &dyn DiskFile) -> Result<(), StorageError> {
        // Even without a torn tail: an earlier cut may not be durable, and what it cut off must not come back behind the
        // next frame.
        file.truncate(self.end).context("cut", self.path)?;
        let header = frame::file_header(self.kind, self.chain, self.number);
        file.write_at(0, &header).context("write", self.path)?;
        if let Some(LastFrame {
            offset,
            header,
            body,
        }) = self.last
        {
            let bytes = frame::frame_with(self.chain, *offset, header.number, header.witness, body);
            file.write_at(*offset, &bytes).context("write", self.path)?;
        }
        file.sync().context("sync", self.path)
    }
}
