//! Problems that are alike: an index of a million chunks that lies behind the end of the file has as many.

use crate::error::{Error, Kind};
use crate::model::Problem;
use crate::wire::to_u64;

/// Problems of one object that mean the same and are of the same structure, of which each is told.
const TOLD: usize = 16;

const WHY: &str = "further problems like these";

/// Tells the first of those that are alike, and how many more there are. They are in order.
pub(super) fn sum_up(problems: &[Problem]) -> Vec<Problem> {
    let told = problems.chunk_by(is_alike).flat_map(|alike| {
        let (told, more) = alike.split_at(alike.len().min(TOLD));
        let more = more.first().map(|first| {
            let kind = Kind::Invalid { value: to_u64(more.len()), why: WHY };
            Problem { error: Error::new(kind, first.error.structure(), 0), ..first.clone() }
        });
        told.iter().cloned().chain(more)
    });
    told.collect()
}

fn is_alike(one: &Problem, other: &Problem) -> bool {
    one.path == other.path
        && one.effect == other.effect
        && one.error.structure() == other.error.structure()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Effect;
    use crate::spec::Structure;

    fn problem(path: &str, structure: Structure, value: u64) -> Problem {
        let kind = Kind::Invalid { value, why: "a test" };
        let error = Error::new(kind, structure, 0);
        Problem { path: path.into(), effect: Effect::Data, error }
    }

    #[test]
    fn what_is_alike_is_told_of_some() {
        let of = |path, structure, count| (0..count).map(move |n| problem(path, structure, n));
        let few = of("/a", Structure::FixedArray, 16).chain(of("/a", Structure::BtreeV1, 16));
        let few: Vec<Problem> = few.chain(of("/b", Structure::BtreeV1, 1)).collect();
        assert_eq!(sum_up(&few), few);
        for (count, more) in [(17, 1), (18, 2), (1000, 984)] {
            let many: Vec<_> = of("/0", Structure::BtreeV1, count).chain(few.clone()).collect();
            let told = sum_up(&many);
            assert_eq!((&told[..16], &told[17..]), (&many[..16], &few[..]));
            let kind = Kind::Invalid { value: more, why: WHY };
            assert_eq!(*told[16].error.kind(), kind);
            assert_eq!((&*told[16].path, &told[16].effect), ("/0", &Effect::Data));
        }
    }
}
