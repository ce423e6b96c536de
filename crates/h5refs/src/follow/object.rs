//! A dataset of another file, by the path that another file has for it.

use h5meta::Index;
use h5meta::model::{Dataset, Object, ObjectKind};

use crate::links::Resolver;

/// The dataset at `path`, through groups and soft links; `None` if there is none.
///
/// # Errors
/// A path through an external link, a circle of soft links, or to something else than a dataset.
pub(super) fn dataset<'a>(
    index: &'a Index,
    path: &'a str,
    resolver: &mut Resolver,
) -> Result<Option<(&'a Object, &'a Dataset)>, String> {
    let Some(root) = index.objects.first() else { return Ok(None) };
    let found = resolver.path(index, root, path).map_err(|why| format!("{path}: {why}"))?;
    let Some(object) = found else { return Ok(None) };
    match &object.kind {
        ObjectKind::Dataset(dataset) => Ok(Some((object, dataset))),
        _ => Err(format!("{path}: no dataset")),
    }
}
