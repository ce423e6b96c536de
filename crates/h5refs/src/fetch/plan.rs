//! Which reads to send for which ranges: a pure function.

use std::ops::Range;

/// How reads are merged and how many are sent at once.
///
/// What a run costs is `rounds x time to the first byte + requests / request rate + bytes / bandwidth`, in
/// seconds. So a gap between two wanted ranges is worth reading where that takes less time than another
/// request does: `gap <= bandwidth / request rate`, in bytes. At 90 MB/s a connection and about 1,500
/// requests a second that is 60 kB.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Whether `gap` and `whole_file_below` follow what the run itself measures; they are then what is
    /// gone by before anything is.
    pub adapt: bool,
    /// Bytes of the first read, which usually brings the superblock, the root group and its first
    /// children. At 30 ms to the first byte and 90 MB/s, 1 MiB costs a third of a round trip, and on
    /// scattered files saves several; four times as much takes longer, and saves no more.
    pub first_read: u64,
    /// Bytes between two wanted ranges that are read rather than skipped.
    pub gap: u64,
    /// Bytes of one read at most; longer ranges are split.
    pub max_request: u64,
    /// Reads in flight at once.
    pub concurrency: usize,
    /// Bytes in flight at once.
    pub bytes_in_flight: u64,
    /// Files of fewer bytes are read whole: that takes two rounds, whatever is in them.
    pub whole_file_below: u64,
    /// Bytes that are kept of what was read, for what is not yet known to be needed.
    pub keep: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            adapt: true,
            first_read: 1 << 20,
            gap: 64 << 10,
            max_request: 8 << 20,
            concurrency: 256,
            bytes_in_flight: 32 << 20,
            whole_file_below: 8 << 20,
            keep: 8 << 20,
        }
    }
}

impl Policy {
    /// The default, whatever is measured: the same reads on every run.
    #[must_use]
    pub fn fixed() -> Self {
        Self { adapt: false, ..Self::default() }
    }

    /// Reads exactly what is wanted, each range for itself.
    #[must_use]
    pub fn exact() -> Self {
        Self { adapt: false, first_read: 1, gap: 0, whole_file_below: 0, ..Self::default() }
    }
}

/// The reads that cover `ranges`: in order, without overlap, merged over gaps, split where too long,
/// ending where the file does.
#[must_use]
pub fn plan(ranges: &[Range<u64>], policy: &Policy, length: Option<u64>) -> Vec<Range<u64>> {
    let end_of_file = length.unwrap_or(u64::MAX);
    let mut wanted: Vec<Range<u64>> = ranges
        .iter()
        .map(|range| range.start..range.end.min(end_of_file))
        .filter(|range| !range.is_empty())
        .collect();
    wanted.sort_unstable_by_key(|range| (range.start, range.end));

    let mut reads: Vec<Range<u64>> = Vec::new();
    for range in wanted {
        match reads.last_mut() {
            Some(last) if joins(last, &range, policy) => {
                last.end = last.end.max(range.end);
            }
            _ => reads.push(range),
        }
    }
    let largest = policy.max_request.max(1);
    reads.into_iter().flat_map(|read| split(read, largest)).collect()
}

/// Whether two ranges, of which `last` starts first, are better read as one. Overlapping ones always:
/// no byte is read twice.
pub(super) fn joins(last: &Range<u64>, next: &Range<u64>, policy: &Policy) -> bool {
    let overlap = next.start < last.end;
    let near = next.start <= last.end.saturating_add(policy.gap);
    let fits = next.end.max(last.end).saturating_sub(last.start) <= policy.max_request.max(1);
    overlap || (near && fits)
}

fn split(range: Range<u64>, largest: u64) -> impl Iterator<Item = Range<u64>> {
    let end = range.end;
    std::iter::successors(Some(range.start), move |at| at.checked_add(largest))
        .take_while(move |&at| at < end)
        .map(move |at| at..at.saturating_add(largest).min(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(gap: u64, max_request: u64) -> Policy {
        Policy { gap, max_request, ..Policy::default() }
    }

    #[test]
    fn near_ranges_are_merged_and_far_ones_not() {
        let ranges = [100..110, 0..10, 15..20, 31..40];
        assert_eq!(plan(&ranges, &policy(10, 1000), None), [0..20, 31..40, 100..110]);
        assert_eq!(plan(&ranges, &policy(11, 1000), None), [0..40, 100..110]);
        assert_eq!(plan(&ranges, &policy(0, 1000), None), [0..10, 15..20, 31..40, 100..110]);
    }

    #[test]
    fn reads_are_no_larger_than_allowed() {
        assert_eq!(plan(&[0..10, 10..20, 20..30], &policy(5, 20), None), [0..20, 20..30]);
        assert_eq!(plan(&[5..50, 5..6], &policy(5, 20), None), [5..25, 25..45, 45..50]);
    }

    #[test]
    fn no_byte_is_read_twice() {
        let reads = plan(&[0..30, 10..12, 25..60, 0..30], &policy(0, 20), None);
        assert_eq!(reads, [0..20, 20..40, 40..60]);
    }

    #[test]
    fn reads_end_where_the_file_does() {
        assert_eq!(plan(&[0..10, 90..120, 200..210], &policy(5, 100), Some(100)), [0..10, 90..100]);
        let last = u64::MAX - 1..u64::MAX;
        assert_eq!(plan(&[last.clone(), last], &policy(u64::MAX, 10), None).len(), 1);
    }

    /// Whatever is wanted is read, in order, within the bounds.
    #[test]
    fn every_wanted_byte_is_in_one_read() {
        let mut seed = 7_u64;
        let mut random = |below: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for _ in 0..500 {
            let ranges: Vec<_> = (0..random(20))
                .map(|_| {
                    let start = random(1000);
                    start..start + random(100)
                })
                .collect();
            let policy = policy(random(50), 1 + random(200));
            let reads = plan(&ranges, &policy, None);
            assert!(reads.windows(2).all(|pair| pair[0].end <= pair[1].start));
            assert!(reads.iter().all(|read| read.end - read.start <= policy.max_request));
            for at in ranges.into_iter().flatten() {
                assert_eq!(reads.iter().filter(|read| read.contains(&at)).count(), 1);
            }
        }
    }
}
