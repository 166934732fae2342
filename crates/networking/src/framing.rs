//! Frames on a stream: a `u32` little-endian length, then that many bytes.
//!
//! What must hold: the length is checked before anything is allocated, and memory follows the bytes that have arrived,
//! not the length that was claimed. Waiting for a frame to begin may last for ever; once its first byte is here the rest
//! must follow within the deadline, so nobody holds a half frame open.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Bytes in the length prefix.
const HEADER_BYTES: usize = 4;
/// First allocation for a frame's bytes; it doubles as they arrive.
const FIRST_CHUNK_BYTES: usize = 64 * 1024;

/// Why a frame could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    /// The announced length is over the limit.
    #[error("a frame of {bytes} bytes was announced")]
    TooLarge { bytes: u32 },
    /// The frame began and was not complete in time.
    #[error("the frame was not complete in time")]
    Deadline,
    /// The stream broke, or ended inside a frame.
    #[error("the stream broke")]
    Io(#[from] io::Error),
}

/// Reads one frame of at most `bytes_max` bytes; `None` if the stream ended between frames.
pub(crate) async fn read_frame<R: AsyncRead + Unpin>(
    reader: &mut R,
    bytes_max: usize,
    deadline: Duration,
) -> Result<Option<Bytes>, FrameError> {
    let mut header = [0; HEADER_BYTES];
    let begun = reader.read(&mut header).await?;
    if begun == 0 {
        return Ok(None);
    }
    let rest = async {
        reader.read_exact(&mut header[begun..]).await?;
        let announced = u32::from_le_bytes(header);
        match usize::try_from(announced) {
            Ok(length) if length <= bytes_max => read_body(reader, length).await,
            Ok(_) | Err(_) => Err(FrameError::TooLarge { bytes: announced }),
        }
    };
    timeout(deadline, rest)
        .await
        .map_err(|_elapsed| FrameError::Deadline)?
        .map(Some)
}

async fn read_body<R: AsyncRead + Unpin>(
    reader: &mut R,
    length: usize,
) -> Result<Bytes, FrameError> {
    let mut body = Vec::new();
    while body.len() < length {
        let arrived = body.len();
        let next = length.min(arrived.saturating_mul(2).max(FIRST_CHUNK_BYTES));
        body.reserve_exact(next - arrived);
        body.resize(next, 0);
        reader.read_exact(&mut body[arrived..]).await?;
    }
    Ok(Bytes::from(body))
}

/// Writes one frame without flushing. The caller has checked the length against its class.
pub(crate) async fn write_frame<W: AsyncWrite + Unpin>(
    writer: &mut W,
    frame: &[u8],
) -> io::Result<()> {
    let length = u32::try_from(frame.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "frame over 4 GiB"))?;
    writer.write_all(&length.to_le_bytes()).await?;
    writer.write_all(frame).await
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use super::*;
    use futures::io::Cursor;
    use tokio_util::compat::TokioAsyncReadCompatExt;

    const DEADLINE: Duration = Duration::from_millis(50);

    async fn read(bytes: &[u8], bytes_max: usize) -> (Result<Option<Bytes>, FrameError>, u64) {
        let mut reader = Cursor::new(bytes);
        let result = read_frame(&mut reader, bytes_max, DEADLINE).await;
        (result, reader.position())
    }

    #[tokio::test]
    async fn frames_come_out_as_they_went_in() {
        let frames: [&[u8]; 4] = [b"", b"a", &[7; 100_000], &[8; 300_000]];
        let mut wire = Vec::new();
        for frame in frames {
            write_frame(&mut wire, frame).await.unwrap();
        }
        let mut reader = Cursor::new(wire);
        for frame in frames {
            let read = read_frame(&mut reader, 300_000, DEADLINE).await.unwrap();
            assert_eq!(read.unwrap(), frame);
        }
        assert!(
            read_frame(&mut reader, 300_000, DEADLINE)
                .await
                .unwrap()
                .is_none()
        );
    }

    #[tokio::test]
    async fn a_length_over_the_limit_is_refused_after_the_header_alone() {
        for (announced, bytes_max) in [(u32::MAX, 1 << 20), (11, 10)] {
            let wire = [&announced.to_le_bytes()[..], &[0; 64]].concat();
            let (result, consumed) = read(&wire, bytes_max).await;
            assert!(matches!(result, Err(FrameError::TooLarge { bytes }) if bytes == announced));
            assert_eq!(consumed, 4);
        }
    }

    #[tokio::test]
    async fn a_stream_that_ends_inside_a_frame_is_an_error() {
        for wire in [&[5_u8, 0][..], &[5, 0, 0, 0, 1, 2]] {
            assert!(matches!(read(wire, 10).await.0, Err(FrameError::Io(_))));
        }
    }

    #[tokio::test]
    async fn a_frame_that_begins_must_end_in_time_but_silence_may_last() {
        let (mut near, far) = tokio::io::duplex(64);
        let mut far = far.compat();
        let silent = timeout(DEADLINE * 3, read_frame(&mut far, 10, DEADLINE)).await;
        assert!(silent.is_err(), "silence between frames is no fault");

        tokio::io::AsyncWriteExt::write_all(&mut near, &[9])
            .await
            .unwrap();
        let stalled = read_frame(&mut far, 10, DEADLINE).await;
        assert!(matches!(stalled, Err(FrameError::Deadline)));
    }
}
