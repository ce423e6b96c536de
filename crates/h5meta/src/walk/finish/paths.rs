//! The paths that lead to each object.

use std::collections::{HashMap, HashSet};

use super::super::objects::ObjectId;
use super::super::{Walk, limit};
use crate::error::{Error, Kind, Result};
use crate::message::LinkTarget;
use crate::model::{Effect, Group, ObjectKind, Problem};
use crate::spec::Structure;
use crate::wire::to_u64;

/// The objects that paths lead to.
pub(super) struct Named {
    /// Each once, by its first path, a group before what it holds, with its other paths.
    pub(super) in_order: Vec<(ObjectId, String, Vec<String>)>,
    position: HashMap<ObjectId, usize>,
    pub(super) problems: Vec<Problem>,
    /// Bytes that paths may still take. Long names on a long way down take the square of the file.
    budget: u64,
}

impl Named {
    /// Follows hard links from the root, names in order, depth first.
    ///
    /// # Errors
    /// `Invalid` if the paths are far longer in all than the file.
    pub(super) fn from_root(
        root: ObjectId,
        kinds: &HashMap<ObjectId, ObjectKind>,
        walk: &Walk,
    ) -> Result<Self> {
        let budget = walk.most().saturating_mul(4);
        let (in_order, position, problems) = (Vec::new(), HashMap::new(), Vec::new());
        let mut named = Self { in_order, position, problems, budget };
        // A stack of our own: the depth of the tree is the file's to choose.
        let mut stack = vec![(root, String::from("/"), 0_u64)];
        while let Some((id, path, depth)) = stack.pop() {
            if let Some(&first) = named.position.get(&id) {
                if let Some((_, _, aliases)) = named.in_order.get_mut(first) {
                    aliases.push(path);
                }
                continue;
            }
            named.position.insert(id, named.in_order.len());
            if let Some(ObjectKind::Group(group)) = kinds.get(&id) {
                if depth < walk.limits.depth {
                    let below = named.children(&path, group, walk)?;
                    let below = below.into_iter().rev();
                    stack.extend(below.map(|(id, path)| (id, path, depth.saturating_add(1))));
                } else if !group.links.is_empty() {
                    let error = limit("depth", walk.limits.depth, Structure::Link);
                    let path = path.clone();
                    named.problems.push(Problem { path, effect: Effect::Links, error });
                }
            }
            named.in_order.push((id, path, Vec::new()));
        }
        Ok(named)
    }

    fn children(
        &mut self,
        path: &str,
        group: &Group,
        walk: &Walk,
    ) -> Result<Vec<(ObjectId, String)>> {
        let prefix = if path == "/" { "" } else { path };
        let mut seen = HashSet::new();
        let mut children = Vec::new();
        for link in &group.links {
            self.charge(to_u64(prefix.len()).saturating_add(to_u64(link.name.len())))?;
            let path = format!("{prefix}/{}", link.name);
            if let Some(why) = ambiguous(&link.name, &mut seen) {
                let error = Error::new(Kind::Invalid { value: 0, why }, Structure::Link, 0);
                self.problems.push(Problem { path, effect: Effect::Object, error });
                continue;
            }
            if let LinkTarget::Hard(address) = link.target
                && let Some(id) = walk.objects.find(address)
            {
                children.push((id, path));
            }
        }
        Ok(children)
    }

    /// The path of a problem's object, for the problem to keep.
    ///
    /// # Errors
    /// As for [`Named::from_root`].
    pub(super) fn path(&mut self, id: Option<ObjectId>, walk: &Walk) -> Result<String> {
        let Some(id) = id else { return Ok(String::from("/")) };
        let named = self.position.get(&id).and_then(|&n| self.in_order.get(n));
        if let Some(path) = named.map(|(_, path, _)| path.clone()) {
            self.charge(to_u64(path.len()))?;
            return Ok(path);
        }
        let address = walk.objects.get(id).map_or(0, |state| state.address.0);
        Ok(format!("(object at address {address:#x}, which no path leads to)"))
    }

    fn charge(&mut self, bytes: u64) -> Result<()> {
        let left = self.budget.checked_sub(bytes);
        self.budget = left.ok_or_else(|| {
            let why = "paths far longer in all than the file";
            Error::new(Kind::Invalid { value: 0, why }, Structure::Link, 0)
        })?;
        Ok(())
    }
}

/// Why a path through this name would mean something else, if it would.
fn ambiguous<'a>(name: &'a str, seen: &mut HashSet<&'a str>) -> Option<&'static str> {
    match name {
        "" => Some("a link without a name"),
        "." | ".." => Some("a link named . or .."),
        _ if name.contains('/') => Some("a link with a slash in its name"),
        _ if !seen.insert(name) => Some("a second link of the same name"),
        _ => None,
    }
}
