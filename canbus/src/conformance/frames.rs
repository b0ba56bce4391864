//! Every kind of frame arrives as it was sent, or is refused before it is sent.

use super::{Check, Outcome, Subject, ensure, expect_error, numbered};
use crate::error::{ErrorKind, Result};
use crate::frame::{Frame, Id, MAX_CLASSIC_LEN, dlc_to_len};

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "classic_frames_of_every_length_and_width_arrive_unchanged",
        |subject| arrive(subject, data_frames()?),
    ),
    Check::new("identifiers_at_the_edges_keep_their_width", |subject| {
        arrive(subject, edge_ids()?)
    }),
    Check::new("remote_frames_keep_their_dlc", |subject| {
        arrive(subject, remote_frames()?)
    })
    .needs(|able| able.remote, "remote frames"),
    Check::new("fd_frames_of_every_length_keep_their_flags", |subject| {
        let (fast, flagged) = fd_frames()?;
        let esi = subject.open()?.0.describe().capabilities.esi;
        arrive(subject, fast)?;
        arrive(subject, if esi { flagged } else { Vec::new() })
    })
    .needs(|able| able.fd, "CAN FD"),
    Check::new("error_frames_arrive_as_messages", |subject| {
        arrive(subject, error_frames()?)
    })
    .needs(|able| able.send_error, "sending error frames"),
    Check::new("raw_dlcs_above_8_are_kept", |subject| {
        arrive(subject, raw_dlc_frames()?)
    })
    .needs(|able| able.raw_dlc, "raw DLCs"),
    Check::new(
        "frames_that_are_not_carried_are_refused_and_never_shortened",
        refused,
    ),
];

fn ids() -> Result<[Id; 2]> {
    Ok([Id::standard(0x123)?, Id::extended(0x18DA_F110)?])
}

fn data_frames() -> Result<Vec<Frame>> {
    let bytes = [0x00, 0xFF, 0x55, 0xAA, 1, 2, 3, 0x80];
    let mut frames = Vec::new();
    for id in ids()? {
        for len in 0..=MAX_CLASSIC_LEN {
            frames.push(Frame::data(id, &bytes[..len])?);
        }
    }
    Ok(frames)
}

fn edge_ids() -> Result<Vec<Frame>> {
    let ids = [
        Id::standard(0)?,
        Id::standard(Id::MAX_STANDARD)?,
        Id::extended(0)?,
        Id::extended(Id::MAX_STANDARD)?,
        Id::extended(Id::MAX_EXTENDED)?,
    ];
    ids.into_iter().map(|id| Frame::data(id, b"edge")).collect()
}

fn remote_frames() -> Result<Vec<Frame>> {
    let mut frames = Vec::new();
    for id in ids()? {
        for dlc in 0..=8 {
            frames.push(Frame::remote(id, dlc)?);
        }
    }
    Ok(frames)
}

/// Frames without and with the flag ESI.
fn fd_frames() -> Result<(Vec<Frame>, Vec<Frame>)> {
    let bytes: Vec<u8> = (0..64).map(|at| at ^ 0x5A).collect();
    let (mut frames, mut flagged) = (Vec::new(), Vec::new());
    for dlc in 0..16 {
        let len = dlc_to_len(dlc).unwrap_or_default();
        for brs in [false, true] {
            for id in ids()? {
                frames.push(Frame::fd(id, &bytes[..len], brs, false)?);
                flagged.push(Frame::fd(id, &bytes[..len], brs, true)?);
            }
        }
    }
    Ok((frames, flagged))
}

fn error_frames() -> Result<Vec<Frame>> {
    Ok(vec![
        Frame::error(Id::extended(0x80)?, &[])?,
        Frame::error(Id::extended(0x4)?, &[0, 8, 0, 0, 0, 0, 96, 127])?,
    ])
}

fn raw_dlc_frames() -> Result<Vec<Frame>> {
    let full = Frame::data(Id::standard(0x123)?, &[1, 2, 3, 4, 5, 6, 7, 8])?;
    (9..=15).map(|dlc| full.with_raw_dlc(dlc)).collect()
}

/// Sends each frame and expects exactly it on the other side.
fn arrive(subject: &Subject, frames: Vec<Frame>) -> Outcome {
    let (sender, receiver) = subject.open()?;
    for frame in frames {
        sender.send(&frame, subject.patience)?;
        let message = subject.next(&receiver)?;
        ensure!(
            message.frame == frame,
            "{frame:?} arrived as {:?}",
            message.frame
        );
    }
    Ok(())
}

fn refused(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let able = sender.describe().capabilities;
    let mut frames = Vec::new();
    let (fast, flagged) = fd_frames()?;
    if !able.fd {
        frames.extend(fast);
    }
    if !able.fd || !able.esi {
        frames.extend(flagged);
    }
    if !able.remote {
        frames.extend(remote_frames()?);
    }
    if !able.send_error {
        frames.extend(error_frames()?);
    }
    if !able.raw_dlc {
        frames.extend(raw_dlc_frames()?);
    }
    for frame in frames {
        let doing = format!("sending {frame:?}");
        expect_error(
            sender.send(&frame, subject.patience),
            ErrorKind::Unsupported,
            &doing,
        )?;
        let both = [numbered(1)?, frame];
        expect_error(
            sender.send_batch(&both, subject.patience),
            ErrorKind::Unsupported,
            &doing,
        )?;
    }
    // Nothing of it may have reached the wire: the next frame is the first that arrives.
    sender.send(&numbered(7)?, subject.patience)?;
    let first = subject.next(&receiver)?.frame;
    ensure!(first == numbered(7)?, "a refused frame arrived: {first:?}");
    Ok(())
}
