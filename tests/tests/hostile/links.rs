//! Links to the same objects, and the paths that they go through.

use super::*;

/// How many links are left out, those that are not listed too.
fn left_out(made: &Sidecar) -> usize {
    let more = made.links.last().filter(|last| last.kind == "any");
    let more = more.map(|last| last.reason.split(' ').next().unwrap().parse::<usize>().unwrap());
    made.links.len() - usize::from(more.is_some()) + more.unwrap_or(0)
}

/// Five thousand links to an object with a name of sixty thousand bytes.
#[tokio::test]
async fn links_to_a_long_path_are_charged() {
    let mut links = vec![link_info(), link(&"!".repeat(60_000), Ok(OBJECTS))];
    links.extend((0..5_000).map(|n| hard_link(&n.to_string(), OBJECTS)));
    let dataset = header(&[dataspace(1), byte_type(), layout(&[1, 1], BTREE)]);
    let file = Forge::new().put(ROOT, &header(&links)).put(OBJECTS, &dataset);
    let made = made(file.put(BTREE, &leaf(1, 1, 0, 1, |_| 0)), &Options::default(), 130).await;
    assert_eq!(made.counts.linked as usize + left_out(&made), 5_000);
    assert!(made.counts.linked > 100 && made.links.last().unwrap().kind == "any");
}

/// A thousand links back, in a group that three thousand links lead to.
#[tokio::test]
async fn links_that_are_left_out_below_others_are_charged() {
    let mut links = vec![link_info(), hard_link("!", OBJECTS)];
    links.extend((0..3_000).map(|n| hard_link(&n.to_string(), OBJECTS)));
    let mut back = vec![link_info()];
    back.extend((0..1_000).map(|n| hard_link(&n.to_string(), ROOT)));
    let file = Forge::new().put(ROOT, &header(&links)).put(OBJECTS, &header(&back));
    let made = made(file, &Options::default(), 130).await;
    // Those of the group itself, and as many below each that is taken.
    let below = 1_000 * (1 + made.counts.linked as usize);
    assert_eq!(left_out(&made), below + 3_000 - made.counts.linked as usize);
    assert!(made.counts.linked > 1_000, "{}", made.counts.linked);
}

/// A hundred soft links in a group that a hundred links lead to, each through a path of thirty thousand steps.
#[tokio::test]
async fn long_paths_are_gone_once() {
    let long = "/a".repeat(30_000) + "/x";
    let mut links = vec![link_info(), link("a", Ok(ROOT)), link("p", Err(&long))];
    links.extend((0..100).map(|n| hard_link(&format!("g{n}"), OBJECTS)));
    links.push(link("x", Ok(OBJECTS)));
    let mut soft = vec![link_info()];
    soft.extend((0..100).map(|n| link(&n.to_string(), Err("/p"))));
    let file = Forge::new().put(ROOT, &header(&links)).put(OBJECTS, &header(&soft));
    let made = made(file, &Options::default(), 60).await;
    let back = made.links.iter().filter(|link| link.reason.starts_with("leads back")).count();
    assert!(back > 10_000, "{back}");
}
