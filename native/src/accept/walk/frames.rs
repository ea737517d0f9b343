//! Frames: the profiles that are laid over a line which is walked by site, one inside the other.
//!
//! What a profile asks about a value is in doubt at that value. Where anything else in a profile is
//! in doubt, its frame fails: all that was told inside is dropped, and the explainer runs the check
//! of the profile there.

pub(crate) type FrameNumber = u32;
/// No profile is being laid.
pub(crate) const NO_FRAME: FrameNumber = u32::MAX;
/// One is laid over what a reference leads to: nothing counts but whether it holds.
pub(crate) const FOLLOWED: FrameNumber = u32::MAX - 1;
/// Marks the part of a profile that is about members of one name, or of a choice.
pub(super) const OF_MEMBERS: u32 = 1 << 31;
/// In place of the number of a profile's overlay: all profiles that a resource claims.
pub(super) const CLAIMS: u32 = u32::MAX;
/// Frames of one line at the most.
const MOST: usize = 4096;

/// What says something that is told later, and where its findings stand among others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saying {
    pub frame: FrameNumber,
    /// The profiles that are laid around it: how many there are, and where their numbers begin
    /// among those of all sites.
    pub laid: (u32, u32),
    pub order: u32,
    /// The part of the innermost of them that says it.
    pub part: Option<Part>,
}

/// One of the things that a profile says of what it is laid over: a check of the object, or all of
/// the members of one name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// Its number among the profile's own checks; among what it says of members with `OF_MEMBERS`.
    pub number: u32,
    /// Where its findings stand among others.
    pub order: u32,
}

impl Saying {
    /// No profile: the type says it.
    pub const OF_TYPE: Saying = Saying {
        frame: NO_FRAME,
        laid: (0, 0),
        order: 0,
        part: None,
    };
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub outer: FrameNumber,
    /// What it is laid over, and the resource that claims the outermost one.
    pub object: usize,
    pub claimant: usize,
    pub has_failed: bool,
}

#[derive(Default)]
pub(crate) struct Frames(Vec<Frame>);

impl Frames {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Begin a frame inside another one, or the first of a resource's; none where there are too
    /// many.
    pub fn open(&mut self, outer: FrameNumber, object: usize) -> Option<FrameNumber> {
        if self.0.len() >= MOST {
            return None;
        }
        let claimant = self.get(outer).map_or(object, |frame| frame.claimant);
        self.0.push(Frame {
            outer,
            object,
            claimant,
            has_failed: false,
        });
        Some(self.0.len() as FrameNumber - 1)
    }

    pub fn get(&self, number: FrameNumber) -> Option<&Frame> {
        self.0.get(number as usize)
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether a frame of a number, or of a higher one, has failed.
    pub fn has_failed(&self, first: usize) -> bool {
        self.0[first..].iter().any(|frame| frame.has_failed)
    }

    pub fn fail(&mut self, number: FrameNumber) {
        if let Some(frame) = self.0.get_mut(number as usize) {
            frame.has_failed = true;
        }
    }

    /// Whether a frame has failed, or one around it.
    pub fn is_dropped(&self, number: FrameNumber) -> bool {
        let mut at = number;
        while let Some(frame) = self.get(at) {
            if frame.has_failed {
                return true;
            }
            at = frame.outer;
        }
        false
    }

    /// Whether a frame has failed, and none around it.
    pub fn is_in_doubt(&self, number: FrameNumber) -> bool {
        self.get(number)
            .is_some_and(|frame| frame.has_failed && !self.is_dropped(frame.outer))
    }

    /// The frames that have failed, and none around them.
    pub fn in_doubt(&self) -> impl Iterator<Item = &Frame> {
        (0..self.0.len() as FrameNumber)
            .filter(|&number| self.is_in_doubt(number))
            .filter_map(|number| self.get(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_a_frame_that_fails_is_dropped() {
        let mut frames = Frames::default();
        let outer = frames.open(NO_FRAME, 3).expect("there is room");
        let inner = frames.open(outer, 5).expect("there is room");
        frames.fail(inner);
        assert!(frames.is_dropped(inner) && !frames.is_dropped(outer));
        assert!(frames.is_in_doubt(inner) && !frames.is_dropped(NO_FRAME));
        frames.fail(outer);
        assert!(!frames.is_in_doubt(inner));
        let found: Vec<_> = frames.in_doubt().map(|frame| frame.object).collect();
        assert_eq!(found, [3]);
        assert_eq!(frames.get(inner).map(|frame| frame.claimant), Some(3));
    }
}
