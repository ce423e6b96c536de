//! Where in the dataset the chunk of a number is.
//!
//! Spec: VII, "Appendix C: Types of Indexes for Dataset Chunks".

/// The grid that an array index numbers its chunks over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Dimensions from the slowest to the fastest: which, and how many chunks along it.
    order: Vec<(usize, u64)>,
    chunk_shape: Vec<u64>,
}

impl Grid {
    /// The grid of a dataset of this extent, which may grow to `max_shape`.
    ///
    /// An extensible array has one unlimited dimension, which is numbered slowest wherever it stands in
    /// the dataset: numbers do not change when it grows.
    #[must_use]
    pub fn new(
        shape: &[u64],
        max_shape: &[Option<u64>],
        chunk_shape: &[u64],
        extensible: bool,
    ) -> Self {
        let chunks = |axis: usize| {
            let extent = max_shape.get(axis).copied().flatten();
            let extent = extent.or(shape.get(axis).copied()).unwrap_or(0);
            extent.div_ceil(chunk_shape.get(axis).copied().unwrap_or(1).max(1)).max(1)
        };
        let mut order: Vec<(usize, u64)> =
            (0..chunk_shape.len()).map(|axis| (axis, chunks(axis))).collect();
        let unlimited = max_shape.iter().position(Option::is_none);
        if let (true, Some(axis)) = (extensible && unlimited < Some(order.len()), unlimited) {
            let slowest = order.remove(axis);
            order.insert(0, slowest);
        }
        Self { order, chunk_shape: chunk_shape.to_vec() }
    }

    /// The first element of the chunk of that number, a dimension at a time.
    #[must_use]
    pub fn offset(&self, number: u64) -> Vec<u64> {
        let mut offset = vec![0; self.chunk_shape.len()];
        let mut rest = number;
        for (n, &(axis, chunks)) in self.order.iter().enumerate().rev() {
            // The slowest takes what is left: it may have grown past what it was.
            let coordinate = if n == 0 { rest } else { rest.checked_rem(chunks).unwrap_or(0) };
            rest = rest.checked_div(chunks).unwrap_or(0);
            let extent = self.chunk_shape.get(axis).copied().unwrap_or(0);
            if let Some(offset) = offset.get_mut(axis) {
                *offset = coordinate.saturating_mul(extent);
            }
        }
        offset
    }

    /// Chunks in the grid, if 64 bits can count them.
    #[must_use]
    pub fn chunks(&self) -> Option<u64> {
        self.order.iter().try_fold(1_u64, |product, &(_, chunks)| product.checked_mul(chunks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_over_the_largest_extent() {
        let grid = Grid::new(&[21, 33], &[Some(21), Some(100)], &[5, 8], false);
        assert_eq!(grid.offset(0), [0, 0]);
        assert_eq!(grid.offset(12), [0, 96]);
        assert_eq!(grid.offset(13), [5, 0]);
        assert_eq!(grid.chunks(), Some(5 * 13));
    }

    #[test]
    fn the_unlimited_dimension_of_an_extensible_array_is_slowest() {
        let grid = Grid::new(&[10, 30], &[Some(10), None], &[5, 10], true);
        // Two chunks in the first dimension; the second grows.
        assert_eq!(grid.offset(1), [5, 0]);
        assert_eq!(grid.offset(2), [0, 10]);
        assert_eq!(grid.offset(7), [5, 30]);
    }
}
