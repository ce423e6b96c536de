//! The object that a path leads to.

use h5meta::Index;
use h5meta::message::LinkTarget;
use h5meta::model::{Group, NamedLink, Object, ObjectKind};

/// Soft links on the way before they are taken for a circle. libhdf5 stops after 16 unless told otherwise.
const MOST_LINKS: usize = 40;

/// The object at `path`, which starts at the root or at `from`, through groups and soft links; `None` if
/// there is none.
///
/// # Errors
/// A path through a link to another file, or a circle of soft links.
pub(crate) fn resolve<'a>(
    index: &'a Index,
    from: &'a Object,
    path: &str,
) -> Result<Option<&'a Object>, String> {
    let Some(root) = index.objects.first() else { return Ok(None) };
    let start = |path: &str, here| if path.starts_with('/') { root } else { here };
    let mut links = 0;
    // What is still to be gone, the next step last.
    let mut steps: Vec<String> = steps(path);
    let mut at = start(path, from);
    while let Some(step) = steps.pop() {
        let ObjectKind::Group(group) = &at.kind else { return Ok(None) };
        let Some(link) = find(group, &step) else { return Ok(None) };
        match &link.target {
            LinkTarget::Hard(address) => {
                let Some(object) = index.object_at(*address) else { return Ok(None) };
                at = object;
            }
            LinkTarget::Soft(target) => {
                links += 1;
                let target = std::str::from_utf8(target)
                    .map_err(|_| format!("{path}: through a path that is not UTF-8"))?;
                if links > MOST_LINKS {
                    return Err(format!("{path}: a circle of soft links"));
                }
                at = start(target, at);
                steps.extend(self::steps(target));
            }
            _ => return Err(format!("{path}: behind a link to another file")),
        }
    }
    Ok(Some(at))
}

/// Links are by name.
fn find<'a>(group: &'a Group, name: &str) -> Option<&'a NamedLink> {
    let first = group.links.partition_point(|link| link.name.as_str() < name);
    group.links.get(first).filter(|link| link.name == name)
}

/// The parts of a path, the last first. HDF5 knows `.`, but no `..`.
fn steps(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.rev().map(str::to_owned).collect()
}
