//! `_ARRAY_DIMENSIONS`: the names of an array's dimensions.
//!
//! A dimension is named after its dimension scale, without the group, so that a group opened by itself
//! has coordinates; the whole path is used only where two scales of one name meet in one group, or a scale
//! and an array of its name that is not it.
//! Dimensions without a scale are `phony_dim_N`; in the whole file one N has one length, so that any
//! group, and the tree of groups, can be opened. (kerchunk uses paths, and numbers by axis: many groups
//! of real products then have two lengths under one name and do not open.)

mod linked;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use h5meta::message::Dataspace;
use h5meta::model::{Index, Object};
use h5meta::value::Value;

use super::attrs::{find, is_scale};

pub(super) use self::linked::rename;

/// The names of every dataset's dimensions.
#[derive(Debug, Default)]
pub(super) struct Dimensions {
    by_path: HashMap<String, Vec<Named>>,
    phony: Phony,
}

/// A dimension with its name.
#[derive(Clone, Debug)]
struct Named {
    name: Arc<str>,
    /// The path of its scale; that of a phony dimension is its name.
    scale: Option<Arc<str>>,
}

/// Texts, each there once: a scale may be that of many dimensions.
#[derive(Debug, Default)]
struct Texts(HashSet<Arc<str>>);

impl Texts {
    fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// Names by length; of one dataset no two dimensions have the same name.
#[derive(Debug, Default)]
struct Phony {
    /// By length, and how many dimensions of that length the dataset has before.
    numbers: BTreeMap<(u64, usize), usize>,
    texts: Texts,
}

/// What a dimension is known by before it is named.
enum Dimension<'a> {
    Scale(&'a str),
    Phony(u64),
}

impl Dimensions {
    /// The dimensions of all datasets of an index.
    pub(super) fn of(index: &Index) -> Self {
        let ids = netcdf_ids(index);
        // Group by group, since a name is chosen among those that meet there.
        let mut groups: BTreeMap<&str, Vec<(&str, Vec<Dimension<'_>>)>> = BTreeMap::new();
        for (object, dataset) in index.datasets() {
            let shape = dataset.dataspace.as_ref().map(Dataspace::shape).unwrap_or_default();
            let dimensions = dimensions(object, shape, &ids, index);
            groups.entry(group(&object.path)).or_default().push((&object.path, dimensions));
        }
        let mut named = Self::default();
        for datasets in groups.into_values() {
            let ambiguous = ambiguous(&datasets);
            for (path, dimensions) in datasets {
                let names = named.phony.names(dimensions, &ambiguous);
                named.by_path.insert(path.to_owned(), names);
            }
        }
        named
    }

    fn named(&self, path: &str) -> &[Named] {
        self.by_path.get(path).map(Vec::as_slice).unwrap_or_default()
    }

    /// The names for a dataset, with `further` dimensions of an array type behind them.
    pub(super) fn names(&self, path: &str, further: &[u64]) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> =
            self.named(path).iter().map(|one| Arc::clone(&one.name)).collect();
        for length in further {
            let axis = names.len();
            names.push(format!("element_dim_{axis}_{length}").into());
        }
        names
    }
}

impl Phony {
    fn names(&mut self, dimensions: Vec<Dimension<'_>>, ambiguous: &HashSet<&str>) -> Vec<Named> {
        let mut seen: HashMap<u64, usize> = HashMap::new();
        let mut names = Vec::with_capacity(dimensions.len());
        for dimension in dimensions {
            let scale = match dimension {
                Dimension::Scale(path) => Some(self.texts.get(path)),
                Dimension::Phony(_) => None,
            };
            let name = match dimension {
                Dimension::Scale(path) if ambiguous.contains(name(path)) => {
                    self.texts.get(whole(path))
                }
                Dimension::Scale(path) => self.texts.get(name(path)),
                Dimension::Phony(length) => {
                    let before = seen.entry(length).or_default();
                    let next = self.numbers.len();
                    let number = *self.numbers.entry((length, *before)).or_insert(next);
                    *before += 1;
                    self.texts.get(&format!("phony_dim_{number}"))
                }
            };
            names.push(Named { name, scale });
        }
        names
    }
}

/// The name that no other scale has.
fn whole(path: &str) -> &str {
    path.trim_start_matches('/')
}

fn dimensions<'a>(
    object: &'a Object,
    shape: &[u64],
    ids: &HashMap<i128, &'a str>,
    index: &'a Index,
) -> Vec<Dimension<'a>> {
    let scales = scales(object, index);
    let coordinates = coordinates(object, ids);
    let own = is_scale(object);
    shape
        .iter()
        .enumerate()
        .map(|(axis, &length)| {
            let of_list = scales.get(axis).copied().flatten();
            let of_ids = coordinates.get(axis).copied().flatten();
            // A scale names its own dimension; of several only netCDF says which are others.
            let own = (own && axis == 0).then_some(object.path.as_str());
            of_list.or(of_ids).or(own).map_or(Dimension::Phony(length), Dimension::Scale)
        })
        .collect()
}

/// The first scale of each dimension, from `DIMENSION_LIST`.
fn scales<'a>(object: &Object, index: &'a Index) -> Vec<Option<&'a str>> {
    let list = find(object, "DIMENSION_LIST").and_then(|list| list.values.as_deref());
    let first = |value: &Value| match value {
        Value::Sequence(scales) => scales.iter().find_map(|scale| match scale {
            Value::Reference(Some(address)) => {
                index.object_at(*address).map(|scale| scale.path.as_str())
            }
            _ => None,
        }),
        _ => None,
    };
    list.unwrap_or_default().iter().map(first).collect()
}

/// The dimensions of a netCDF coordinate variable of several dimensions, which is a scale itself and
/// so cannot have a `DIMENSION_LIST`.
fn coordinates<'a>(object: &Object, ids: &HashMap<i128, &'a str>) -> Vec<Option<&'a str>> {
    let list = find(object, "_Netcdf4Coordinates").and_then(|list| list.values.as_deref());
    let by_id = |value: &Value| match value {
        Value::Integer(id) => ids.get(id).copied(),
        _ => None,
    };
    list.unwrap_or_default().iter().map(by_id).collect()
}

/// netCDF's numbers of its dimensions. Variables have one too, that of their first dimension.
fn netcdf_ids(index: &Index) -> HashMap<i128, &str> {
    let id = |object: &Object| match find(object, "_Netcdf4Dimid")?.values.as_deref()? {
        [Value::Integer(id)] => Some(*id),
        _ => None,
    };
    let scales = index.datasets().filter(|(object, _)| is_scale(object));
    scales.filter_map(|(object, _)| Some((id(object)?, object.path.as_str()))).collect()
}

/// Names under which two scales meet in one group, or a scale and an array that is not it.
fn ambiguous<'a>(datasets: &[(&'a str, Vec<Dimension<'a>>)]) -> HashSet<&'a str> {
    let arrays: HashMap<&str, &str> =
        datasets.iter().map(|(path, _)| (name(path), *path)).collect();
    let mut paths: BTreeMap<&str, &str> = BTreeMap::new();
    let mut ambiguous = HashSet::new();
    for dimension in datasets.iter().flat_map(|(_, dimensions)| dimensions) {
        let Dimension::Scale(path) = dimension else { continue };
        let array = arrays.get(name(path)).is_some_and(|array| array != path);
        if array || *paths.entry(name(path)).or_insert(path) != *path {
            ambiguous.insert(name(path));
        }
    }
    ambiguous
}

fn group(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(group, _)| group)
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
