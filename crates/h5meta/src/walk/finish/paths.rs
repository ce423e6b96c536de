//! The paths that lead to each object.

use std::collections::{HashMap, HashSet};

use super::super::objects::ObjectId;
use super::super::{Walk, limit};
use super::{Found, Problems};
use crate::error::{Error, Kind, Result};
use crate::message::LinkTarget;
use crate::model::{Effect, Group, ObjectKind, Problem};
use crate::spec::Structure;
use crate::wire::to_u64;

/// Bytes of a path that is long: less is said in the place of one.
const LONG: usize = 64;

/// The objects that paths lead to.
pub(super) struct Named {
    /// Each once, by its first path, a group before what it holds, with its other paths.
    pub(super) in_order: Vec<(ObjectId, String, Vec<String>)>,
    position: HashMap<ObjectId, usize>,
    /// Links that no path goes through.
    pub(super) left_out: Vec<Problem>,
    /// Bytes that paths may still take. Long names on a long way down take the square of the file.
    budget: u64,
}

impl Named {
    /// Follows hard links from the root, names in order, depth first. Where paths are far longer in all than the
    /// file, those of further links are left out, and their group has a problem.
    pub(super) fn from_root(
        root: ObjectId,
        kinds: &HashMap<ObjectId, ObjectKind>,
        walk: &Walk,
    ) -> Self {
        let budget = walk.most().saturating_mul(4);
        let (in_order, position, left_out) = (Vec::new(), HashMap::new(), Vec::new());
        let mut named = Self { in_order, position, left_out, budget };
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
                    let below = named.children(&path, group, walk);
                    let below = below.into_iter().rev();
                    stack.extend(below.map(|(id, path)| (id, path, depth.saturating_add(1))));
                } else if !group.links.is_empty() {
                    let error = limit("depth", walk.limits.depth, Structure::Link);
                    let path = path.clone();
                    named.left_out.push(Problem { path, effect: Effect::Links, error });
                }
            }
            named.in_order.push((id, path, Vec::new()));
        }
        named
    }

    fn children(&mut self, path: &str, group: &Group, walk: &Walk) -> Vec<(ObjectId, String)> {
        let prefix = if path == "/" { "" } else { path };
        let mut seen = HashSet::new();
        let mut children = Vec::new();
        for link in &group.links {
            let length = to_u64(prefix.len()).saturating_add(to_u64(link.name.len()));
            if let Err(error) = charge(&mut self.budget, length) {
                let path = path.to_owned();
                self.left_out.push(Problem { path, effect: Effect::Links, error });
                break;
            }
            let path = format!("{prefix}/{}", link.name);
            if let Some(why) = ambiguous(&link.name, &mut seen) {
                let error = Error::new(Kind::Invalid { value: 0, why }, Structure::Link, 0);
                self.left_out.push(Problem { path, effect: Effect::Object, error });
                continue;
            }
            if let LinkTarget::Hard(address) = link.target
                && let Some(id) = walk.objects.find(address)
            {
                children.push((id, path));
            }
        }
        children
    }

    /// Problems with the paths of their objects. If these are far longer in all than the file, long ones are left
    /// out of the problems that are not of an object as a whole.
    ///
    /// # Errors
    /// `Invalid` if the others are too long still: they tell whose data is lost.
    pub(super) fn problems(&self, found: Problems, walk: &Walk) -> Result<Vec<Problem>> {
        let path = |id: ObjectId| {
            let named = self.position.get(&id).and_then(|&n| self.in_order.get(n));
            named.map(|(_, path, _)| path)
        };
        let room = |found: &mut dyn Iterator<Item = &Found>| {
            let mut left = walk.most().saturating_mul(4);
            let mut paths = found.filter_map(|(id, ..)| path((*id)?));
            paths.try_for_each(|path| charge(&mut left, to_u64(path.len())))
        };
        let is_whole = |effect: &Effect| matches!(effect, Effect::Object | Effect::Data);
        let all_fit = room(&mut found.iter()).is_ok();
        if !all_fit {
            room(&mut found.iter().filter(|(_, effect, _)| is_whole(effect)))?;
        }
        let named = |(id, effect, error): Found| {
            let path = match id.map(|id| (id, path(id))) {
                None => String::from("/"),
                Some((_, Some(path))) if all_fit || is_whole(&effect) || path.len() < LONG => {
                    path.clone()
                }
                Some((id, path)) => {
                    let why = path.map_or("which no path leads to", |_| "whose path is long");
                    let address = walk.objects.get(id).map_or(0, |state| state.address.0);
                    format!("(object at address {address:#x}, {why})")
                }
            };
            Problem { path, effect, error }
        };
        Ok(found.into_iter().map(named).collect())
    }
}

fn charge(budget: &mut u64, bytes: u64) -> Result<()> {
    let left = budget.checked_sub(bytes);
    *budget = left.ok_or_else(|| {
        let why = "paths far longer in all than the file";
        Error::new(Kind::Invalid { value: 0, why }, Structure::Link, 0)
    })?;
    Ok(())
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
