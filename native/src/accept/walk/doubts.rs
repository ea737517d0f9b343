//! What is known of the entries of a Bundle that is walked by entry.

/// What is known of the entries of a Bundle, in their order.
#[derive(Default)]
pub(crate) struct Doubts {
    /// Where each starts on the tape, and where the last one ends.
    pub starts: Vec<usize>,
    pub end: usize,
    pub doubted: Vec<bool>,
    /// An entry, and one that it takes to be in order.
    pub leanings: Vec<(usize, usize)>,
    /// Ends of values of which there is something to say, in the line.
    pub remarks: Vec<usize>,
    /// What is left to the explainer: an entry, and the member of its resource, counted from 0, or
    /// `by_entry::WHOLE`.
    pub parts: Vec<(u32, u32)>,
}

impl Doubts {
    pub fn clear(&mut self) {
        self.starts.clear();
        self.end = 0;
        self.doubted.clear();
        self.leanings.clear();
        self.remarks.clear();
        self.parts.clear();
    }

    pub fn remark(&mut self, at: usize) {
        self.remarks.push(at);
    }

    /// The entry that a value on the tape stands in.
    pub fn entry_of(&self, value: usize) -> Option<usize> {
        (value < self.end)
            .then(|| self.starts.partition_point(|&start| start <= value))?
            .checked_sub(1)
    }

    pub fn doubt(&mut self, entry: Option<usize>) {
        if let Some(entry) = entry {
            self.doubted[entry] = true;
        }
    }

    /// Doubt whatever leans on an entry in doubt.
    pub fn spread(&mut self) {
        let mut before = None;
        let count = |doubted: &[bool]| Some(doubted.iter().filter(|&&one| one).count());
        while before != count(&self.doubted) {
            before = count(&self.doubted);
            for &(entry, other) in &self.leanings {
                self.doubted[entry] |= self.doubted[other];
            }
        }
    }
}
