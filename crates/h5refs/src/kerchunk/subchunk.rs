//! Large contiguous datasets in pieces, so that they can be read in parallel and in part.

/// Numbers of pieces that are tried. An extent is what a file says, and dividing it by all numbers might never end.
const MOST_TRIED: usize = 1 << 12;

/// The shape of the chunks that elements in one run of bytes, in C order, are cut into: each at most `most`
/// bytes where an element is, and a run of bytes itself. `None` if they stay whole.
///
/// Zarr wants all chunks alike. If no number of pieces fits, the last chunk ends `spare` bytes or fewer
/// behind the data: what is behind the edge of an array is never looked at.
pub(super) fn split(shape: &[u64], element_size: u64, most: u64, spare: u64) -> Option<Vec<u64>> {
    // Pieces are cut along the first axis of which one step is small enough; before it they are one thin.
    let mut step = element_size;
    let mut steps: Vec<u64> = Vec::with_capacity(shape.len());
    for extent in shape.iter().rev() {
        steps.push(step);
        step = step.checked_mul(*extent)?;
    }
    if step <= most || step == 0 {
        return None;
    }
    steps.reverse();
    let fits = steps.iter().position(|step| *step <= most);
    let axis = fits.unwrap_or(shape.len().checked_sub(1)?);
    let (extent, step) = (*shape.get(axis)?, *steps.get(axis)?);

    let fewest = extent.div_ceil((most / step).max(1));
    let even = |pieces: &u64| extent.is_multiple_of(*pieces);
    let pieces = (fewest..=fewest.saturating_mul(4).min(extent)).take(MOST_TRIED).find(even);
    let length = match pieces {
        Some(pieces) => extent / pieces,
        None => {
            let length = extent.div_ceil(fewest);
            let all = length.checked_mul(extent.div_ceil(length))?;
            let over = all.checked_sub(extent)?.checked_mul(step)?;
            if over > spare {
                return None;
            }
            length
        }
    };
    let mut chunk = vec![1; axis];
    chunk.push(length);
    chunk.extend(shape.iter().skip(axis + 1));
    Some(chunk)
}

/// How many pieces there are.
pub(super) fn count(shape: &[u64], chunk_shape: &[u64]) -> u64 {
    (0..shape.len()).map(|n| along(shape, chunk_shape, n)).fold(1, u64::saturating_mul)
}

fn along(shape: &[u64], chunk_shape: &[u64], n: usize) -> u64 {
    let (Some(all), Some(one)) = (shape.get(n), chunk_shape.get(n)) else { return 1 };
    all.div_ceil((*one).max(1))
}

/// The place of each piece in the run, in bytes, with its first element.
pub(super) fn pieces<'a>(
    shape: &'a [u64],
    chunk_shape: &'a [u64],
    element_size: u64,
) -> impl Iterator<Item = (Vec<u64>, u64)> + 'a {
    let along = |n: usize| along(shape, chunk_shape, n);
    (0..count(shape, chunk_shape)).map(move |number| {
        let mut number = number;
        let mut offset = vec![0; shape.len()];
        for (n, at) in offset.iter_mut().enumerate().rev() {
            *at = (number % along(n)) * chunk_shape[n];
            number /= along(n);
        }
        let element = offset
            .iter()
            .zip(shape)
            .fold(0_u64, |sum, (at, all)| sum.saturating_mul(*all).saturating_add(*at));
        (offset, element.saturating_mul(element_size))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces put together are the run, whatever it was cut into.
    fn check(shape: &[u64], element_size: u64, most: u64, spare: u64) -> Option<Vec<u64>> {
        let chunk = split(shape, element_size, most, spare)?;
        let size = chunk.iter().product::<u64>() * element_size;
        assert!(size <= most || size == element_size, "{shape:?} {chunk:?}");
        let total = shape.iter().product::<u64>() * element_size;
        let pieces: Vec<_> = pieces(shape, &chunk, element_size).collect();
        let mut covered = 0;
        for (offset, at) in &pieces {
            assert!(*at <= covered && at + size <= total + spare, "{shape:?} {chunk:?} {offset:?}");
            covered = at + size;
        }
        assert!(covered >= total);
        Some(chunk)
    }

    #[test]
    fn runs_are_cut_along_the_first_axis_that_is_fine_enough() {
        assert_eq!(check(&[100, 10], 4, 400, 0), Some(vec![10, 10]));
        assert_eq!(check(&[100, 10], 4, 4000, 0), None);
        assert_eq!(check(&[2, 1000], 8, 1000, 0), Some(vec![1, 125]));
        assert_eq!(check(&[4, 10], 8, 5, 0), Some(vec![1, 1]));
        // Six in place of five pieces of 20, since 96 is no multiple of five.
        assert_eq!(check(&[96], 1, 20, 0), Some(vec![16]));
    }

    #[test]
    fn a_prime_is_cut_where_there_is_something_behind_it() {
        assert_eq!(check(&[101], 1, 50, 0), None);
        assert_eq!(check(&[101], 1, 50, 1), Some(vec![34]));
    }

    /// A prime, of which no number of pieces is found.
    #[test]
    fn a_huge_extent_is_not_tried_for_ever() {
        assert_eq!(split(&[(1 << 61) - 1], 1, 1, 0), Some(vec![1]));
        assert_eq!(split(&[(1 << 61) - 1], 1, 2, 0), None);
        assert_eq!(split(&[u64::MAX], 1, 2, 0), None);
    }

    #[test]
    fn whatever_the_shape_the_pieces_are_the_run() {
        let mut random = 7_u64;
        let mut next = |most: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            1 + (random >> 33) % most
        };
        for _ in 0..2000 {
            let shape: Vec<u64> = (0..next(3)).map(|_| next(40)).collect();
            check(&shape, next(8), next(300), next(100));
        }
    }
}
