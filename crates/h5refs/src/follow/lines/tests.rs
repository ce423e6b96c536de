use super::*;

fn span(
    start: u64,
    stride: u64,
    count: impl Into<Option<u64>>,
    block: impl Into<Option<u64>>,
) -> Span {
    Span { start, stride, count: count.into(), block: block.into() }
}

fn line(start: u64, stride: u64, count: u64, block: u64) -> Line {
    Line::of(&span(start, stride, count, block), None).unwrap()
}

/// The elements of a span below `extent`, one by one.
fn elements(span: &Span, extent: u64) -> Vec<u64> {
    let inside = |&n: &u64| {
        let Some(n) = n.checked_sub(span.start) else { return false };
        let block = span.block.unwrap_or(u64::MAX);
        n % span.stride < block && span.count.is_none_or(|count| n / span.stride < count)
    };
    let unlimited = |&n: &u64| span.block.is_some() || n >= span.start;
    match span.block {
        None => (0..extent).filter(unlimited).collect(),
        Some(_) => (0..extent).filter(inside).collect(),
    }
}

#[test]
fn what_is_selected_is_counted() {
    for start in 0..4 {
        for stride in 1..5 {
            for block in 1..=stride {
                for extent in 0..25 {
                    for count in [None, Some(1), Some(3)] {
                        let span = span(start, stride, count, block);
                        let found = selected(&span, extent);
                        assert_eq!(
                            found,
                            elements(&span, extent).len() as u64,
                            "{span:?} {extent}"
                        );
                    }
                }
            }
        }
        assert_eq!(selected(&span(start, 1, 1, None), 10), 10 - start);
    }
}

#[test]
fn the_nth_element_is_where_it_is() {
    for (start, stride, block) in [(0, 1, 1), (2, 3, 1), (1, 4, 3), (5, 2, 2)] {
        let span = span(start, stride, None, block);
        for length in 0..12 {
            let line = Line::of(&span, Some(length)).unwrap();
            let all = elements(&span, 100);
            let expected = &all[..length as usize];
            let found: Vec<u64> = (0..length).map(|n| line.position(n).unwrap()).collect();
            assert_eq!(found, expected);
            assert_eq!(line.end(), Some(expected.last().map_or(0, |last| last + 1)));
            for at in 0..100 {
                let number = expected.iter().position(|&element| element == at);
                assert_eq!(line.number(at), number.map(|n| n as u64), "{line:?} {at}");
            }
        }
    }
}

#[test]
fn chunks_are_shown_where_their_elements_are() {
    // Every fourth frame of the virtual dataset, from the second on.
    let (source, target) = (line(0, 1, 8, 1), line(1, 4, 8, 1));
    assert!(aligned(&source, &target, 1, 32) && !aligned(&source, &target, 2, 32));
    assert_eq!(shown_at(&source, &target, 0), Some(1));
    assert_eq!(shown_at(&source, &target, 7), Some(29));
    assert_eq!(shown_at(&source, &target, 8), None);
    // Blocks of four, in the source one behind the other.
    let (source, target) = (line(8, 1, 1, 8), line(0, 12, 2, 4));
    assert!(aligned(&source, &target, 4, 16) && aligned(&source, &target, 2, 16));
    assert!(!aligned(&source, &target, 8, 16) && !aligned(&source, &target, 3, 16));
    assert_eq!(
        (shown_at(&source, &target, 8), shown_at(&source, &target, 12)),
        (Some(0), Some(12))
    );
    assert_eq!(shown_at(&source, &target, 4), None);
}

#[test]
fn only_the_last_chunk_may_be_cut_and_only_at_the_end() {
    let (source, target) = (line(0, 1, 1, 10), line(8, 1, 1, 10));
    assert!(aligned(&source, &target, 4, 18));
    assert!(!aligned(&source, &target, 4, 19));
    assert!(!aligned(&line(2, 1, 1, 8), &line(0, 1, 1, 8), 4, 8));
    assert!(!aligned(&line(0, 1, 1, 8), &line(2, 1, 1, 8), 4, 10));
}

#[test]
fn nothing_is_beyond_counting() {
    let most = u64::MAX;
    assert_eq!(Line::of(&span(0, most, most - 1, 2), None), None);
    assert_eq!(Line::of(&span(most - 1, 1, 1, 5), None), None);
    assert_eq!(Line::of(&span(0, 1, None, 1), None), None);
    assert_eq!(Line::of_block(&span(1, most, None, 1), 2), None);
    assert_eq!(Line::of_block(&span(1, 4, None, 2), 3).and_then(|line| line.end()), Some(15));
    assert_eq!(selected(&span(0, 1, most - 1, most), most), most);
    assert!(aligned(&Line::whole(0), &Line::whole(0), 5, 0));
}
