//! Selections along one dimension: how far they reach, and where the chunks of a source come to lie.
//!
//! A regular hyperslab is a product of its dimensions, so that two of them with as many elements along
//! each dimension show each other dimension by dimension. Nothing here counts elements one by one.

use h5meta::selection::Span;

/// What is selected along one dimension, as far as it reaches: blocks at regular distances, of which
/// the last may be cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    start: u64,
    stride: u64,
    block: u64,
    /// Elements selected in all.
    pub(super) length: u64,
}

impl Line {
    /// All of a dimension.
    pub(super) fn whole(extent: u64) -> Self {
        Self { start: 0, stride: extent.max(1), block: extent.max(1), length: extent }
    }

    /// A span that is limited; of one that is not, the first `length` elements. `None` if that is more
    /// than can be counted.
    pub(super) fn of(span: &Span, length: Option<u64>) -> Option<Self> {
        let (start, stride) = (span.start, span.stride);
        let line = match (span.count, span.block, length) {
            (Some(count), Some(block), None) => {
                Self { start, stride, block, length: count.checked_mul(block)? }
            }
            (None, Some(block), Some(length)) => Self { start, stride, block, length },
            // An unlimited block is one block; further ones it cannot have.
            (Some(1), None, Some(length)) => Self { start, stride, block: length, length },
            _ => return None,
        };
        let line = match line.block {
            // Blocks without gaps are one.
            block if block >= line.stride || line.length <= block => {
                Self { stride: line.length.max(1), block: line.length.max(1), ..line }
            }
            _ => line,
        };
        line.end().map(|_| line)
    }

    /// One block of a span of endless blocks.
    pub(super) fn of_block(span: &Span, number: u64) -> Option<Self> {
        let block = span.block.filter(|_| span.count.is_none())?;
        let start = number.checked_mul(span.stride)?.checked_add(span.start)?;
        start.checked_add(block)?;
        Some(Self { start, stride: block.max(1), block: block.max(1), length: block })
    }

    /// The element behind the last; 0 if none is selected.
    pub(super) fn end(&self) -> Option<u64> {
        match self.length.checked_sub(1) {
            None => Some(0),
            Some(last) => self.position(last)?.checked_add(1),
        }
    }

    /// The first element.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Whether there are no gaps in it.
    pub(super) fn is_run(&self) -> bool {
        self.length <= self.block
    }

    /// Where the nth of the selected elements is.
    fn position(&self, n: u64) -> Option<u64> {
        let block = self.block.max(1);
        (n / block).checked_mul(self.stride)?.checked_add(self.start)?.checked_add(n % block)
    }

    /// Which of the selected elements is at `position`.
    fn number(&self, position: u64) -> Option<u64> {
        let from_start = position.checked_sub(self.start)?;
        let (blocks, rest) = (from_start / self.stride.max(1), from_start % self.stride.max(1));
        let number = blocks.checked_mul(self.block)?.checked_add(rest)?;
        (rest < self.block && number < self.length).then_some(number)
    }

    /// Whether the element at `position` is selected.
    pub(super) fn selects(&self, position: u64) -> bool {
        self.number(position).is_some()
    }

    /// Whether chunks of `chunk` elements lie whole in it, but for the last.
    fn is_on_grid(&self, chunk: u64) -> bool {
        let of_chunks = |n: u64| n.is_multiple_of(chunk);
        of_chunks(self.start) && (self.is_run() || of_chunks(self.stride) && of_chunks(self.block))
    }
}

/// How many elements a span selects of a dimension of this extent.
pub(super) fn selected(span: &Span, extent: u64) -> u64 {
    let Some(reach) = extent.checked_sub(span.start) else { return 0 };
    let Some(block) = span.block else { return reach };
    let stride = span.stride.max(1);
    let all = (reach / stride).saturating_mul(block).saturating_add((reach % stride).min(block));
    match span.count {
        Some(count) => all.min(count.saturating_mul(block)),
        None => all,
    }
}

/// Where a chunk comes to lie that is at `at` along a dimension of its source; `None` if it is not
/// selected.
pub(super) fn shown_at(source: &Line, target: &Line, at: u64) -> Option<u64> {
    target.position(source.number(at)?)
}

/// Whether the chunks of a source are chunks of the virtual dataset too: whole ones, but for the last
/// where the virtual dataset ends with it.
pub(super) fn aligned(source: &Line, target: &Line, chunk: u64, extent: u64) -> bool {
    let chunk = chunk.max(1);
    source.is_on_grid(chunk)
        && target.is_on_grid(chunk)
        && (source.length.is_multiple_of(chunk) || target.end() == Some(extent))
}

#[cfg(test)]
mod tests;
