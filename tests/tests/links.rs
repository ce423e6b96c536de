//! Objects under all the paths that links give them, and the objects that a user selects.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::collections::BTreeMap;

use e2e::{options, references, testdata};
use h5refs::Error;
use h5refs::fetch::Counters;
use h5refs::kerchunk::{self, Selection, Which};
use h5refs::sidecar::{Options, Sidecar, sidecar};
use h5refs::source::open;
use serde_json::{Value, json};

type Refs = BTreeMap<String, Value>;

async fn made(file: &str, what: kerchunk::Options) -> Result<(Refs, Sidecar), Error> {
    let source = open(testdata(file).to_str().unwrap(), &options()).await?;
    let mut options = Options::default();
    options.url = Some(file.to_owned());
    options.references = what;
    let made = sidecar(&*source, &options, &Counters::default()).await?;
    Ok((references(&made), made))
}

fn links(which: Which) -> kerchunk::Options {
    let mut options = kerchunk::Options::default();
    options.links = which;
    options
}

fn selection(include: &[&str], exclude: &[&str], group: Option<&str>) -> kerchunk::Options {
    let owned = |globs: &[&str]| globs.iter().map(|&glob| glob.into()).collect::<Vec<_>>();
    let mut options = kerchunk::Options::default();
    options.selection = Selection::new(&owned(include), &owned(exclude), group).unwrap();
    options
}

/// The arrays and groups of a sidecar.
fn objects(refs: &Refs) -> Vec<&str> {
    let is_object = |key: &&String| key.ends_with(".zarray") || key.ends_with(".zgroup");
    let path = |key: &str| key.len() - ".zarray".len();
    refs.keys().filter(is_object).map(|key| key[..path(key)].trim_end_matches('/')).collect()
}

fn document(refs: &Refs, key: &str) -> Value {
    serde_json::from_str(refs[key].as_str().unwrap()).unwrap()
}

fn why(made: &Sidecar, path: &str) -> String {
    let link = made.links.iter().find(|link| link.path == path);
    link.map_or_else(|| format!("{path} is not in the report"), |link| link.reason.clone())
}

#[tokio::test]
async fn objects_are_under_all_paths_that_end() {
    let (refs, made) = made("links.h5", links(Which::All)).await.unwrap();
    let data = |group: &str| ["", "/strings", "/values", "/x"].map(|name| format!("{group}{name}"));
    let mut expected = vec!["".to_owned()];
    expected.extend(["also_data", "data", "soft_group"].into_iter().flat_map(data));
    expected
        .extend(["other", "other/own", "other/values", "other/x", "soft_of_soft"].map(Into::into));
    expected.sort();
    assert_eq!(objects(&refs), expected);
    // The same references under each.
    for key in [".zarray", "0"] {
        let first = &refs[&format!("also_data/values/{key}")];
        for path in ["data", "soft_group", "other"] {
            assert_eq!(first, &refs[&format!("{path}/values/{key}")], "{path}");
        }
    }
    assert_eq!(made.counts.linked, 10);
    // What is not there is said.
    assert!(made.is_complete());
    for path in ["/data/up", "/data/self", "/also_data/up", "/soft_group/self"] {
        assert_eq!(why(&made, path), "leads back to a group that it is in", "{path}");
    }
    for path in ["/nowhere", "/other/soft_values"] {
        assert_eq!(why(&made, path), "leads nowhere", "{path}");
    }
    assert!(why(&made, "/circle").contains("a circle of soft links"));
    assert_eq!(why(&made, "/elsewhere"), "leads to another file");
    assert_eq!(why(&made, "/null"), "leads to /also_null, which is not in the sidecar");
    assert!(!made.links.iter().any(|link| link.path == "/also_datatype"), "its first path");
}

#[tokio::test]
async fn dimensions_that_links_bring_do_not_meet_others_of_their_name() {
    let (refs, _) = made("links.h5", links(Which::All)).await.unwrap();
    let dimensions =
        |path: &str| document(&refs, &format!("{path}/.zattrs"))["_ARRAY_DIMENSIONS"].clone();
    // `other` has an `x` of its own, of another length.
    assert_eq!(dimensions("other/own"), json!(["x"]));
    assert_eq!(dimensions("other/values"), json!(["also_data/x"]));
    // A group that is there as a whole is as it is at home.
    assert_eq!(dimensions("data/values"), json!(["x"]));
}

#[tokio::test]
async fn first_names_only_is_the_same_without_links() {
    let (all, _) = made("links.h5", links(Which::All)).await.unwrap();
    let (first, report) = made("links.h5", links(Which::First)).await.unwrap();
    assert!(first.iter().all(|(key, value)| all.get(key) == Some(value)));
    assert_eq!(objects(&first).len(), 8);
    assert_eq!(why(&report, "/soft_group"), "only first names are asked for");
}

#[tokio::test]
async fn a_billion_paths_cost_what_they_may_and_no_more() {
    let mut options = links(Which::All);
    options.max_linked = 1 << 20;
    let (refs, made) = made("links_doubling.h5", options).await.unwrap();
    let first = format!("{}x/0", "a/".repeat(30));
    assert!(refs.contains_key(&first), "first paths are always there");
    assert!(refs.len() < 20_000, "{} keys", refs.len());
    // Each link is in the sidecar whole, or said not to be.
    assert_eq!(made.counts.linked > 0, made.links.len() < 30);
    let too_many = made.links.iter().filter(|link| link.reason == "would be too many paths");
    assert!(too_many.count() >= 15 && made.counts.linked > 100);
}

#[tokio::test]
async fn what_is_selected_is_there_with_the_groups_on_the_way() {
    let (refs, made) = made("links.h5", selection(&["**/own"], &[], None)).await.unwrap();
    assert_eq!(objects(&refs), ["", "other", "other/own"]);
    assert_eq!((made.counts.datasets, made.counts.arrays, made.counts.not_selected), (6, 1, 5));
}

#[tokio::test]
async fn a_path_that_a_link_gives_can_be_selected_alone() {
    let (refs, _) = made("links.h5", selection(&["/soft_of_soft"], &[], None)).await.unwrap();
    assert_eq!(objects(&refs), ["", "soft_of_soft"]);
    assert!(refs.contains_key("soft_of_soft/0"));
}

#[tokio::test]
async fn a_sidecar_can_be_rooted_at_a_group_whatever_leads_to_it() {
    for group in ["also_data", "/data/", "soft_group"] {
        let selected = selection(&[], &["**/strings"], Some(group));
        let (refs, _) = made("links.h5", selected).await.unwrap();
        assert_eq!(objects(&refs), ["", "values", "x"], "{group}");
        assert_eq!(document(&refs, ".zgroup"), json!({ "zarr_format": 2 }));
    }
}

#[tokio::test]
async fn a_selection_of_nothing_is_an_error() {
    for (options, what) in [
        (selection(&["/no/such"], &[], None), "both included and not excluded"),
        (selection(&[], &[], Some("nothing")), "no group /nothing"),
        (selection(&[], &[], Some("other/own")), "/other/own is a dataset"),
    ] {
        let error = made("links.h5", options).await.unwrap_err();
        assert!(error.is_usage() && error.to_string().contains(what), "{error}");
    }
}
