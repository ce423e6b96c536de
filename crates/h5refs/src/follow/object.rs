//! A dataset of a file, by the path that another file has for it.

use h5meta::Index;
use h5meta::message::LinkTarget;
use h5meta::model::{Dataset, Object, ObjectKind};

/// Soft links on the way before they are taken for a circle.
const MOST_LINKS: usize = 40;

/// The dataset at `path`, through groups and soft links; `None` if there is none.
///
/// # Errors
/// A path through an external link, a circle of soft links, or to something else than a dataset.
pub(super) fn dataset<'a>(
    index: &'a Index,
    path: &str,
) -> Result<Option<(&'a Object, &'a Dataset)>, String> {
    let Some(root) = index.objects.first() else { return Ok(None) };
    let mut links = 0;
    // What is still to be gone, the next step last.
    let mut steps: Vec<String> = steps(path);
    let mut at = root;
    while let Some(step) = steps.pop() {
        let ObjectKind::Group(group) = &at.kind else { return Ok(None) };
        let Some(link) = group.links.iter().find(|link| link.name == step) else { return Ok(None) };
        match &link.target {
            LinkTarget::Hard(address) => {
                let Some(object) = index.object_at(*address) else { return Ok(None) };
                at = object;
            }
            LinkTarget::Soft(target) => {
                links += 1;
                let target = super::name::utf8(target)?;
                if links > MOST_LINKS {
                    return Err(format!("{path}: a circle of soft links"));
                }
                if target.starts_with('/') {
                    at = root;
                }
                steps.extend(self::steps(target));
            }
            _ => return Err(format!("{path}: behind a link to another file")),
        }
    }
    match &at.kind {
        ObjectKind::Dataset(dataset) => Ok(Some((at, dataset))),
        _ => Err(format!("{path}: no dataset")),
    }
}

/// The parts of a path, the last first. HDF5 knows `.`, but no `..`.
fn steps(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.rev().map(str::to_owned).collect()
}
