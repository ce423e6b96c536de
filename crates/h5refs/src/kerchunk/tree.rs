//! What of a file goes into the sidecar, and under which paths: what its user selects, and all that links
//! lead to.

use std::collections::HashSet;
use std::sync::Arc;

use h5meta::Index;
use h5meta::model::ObjectKind;

use super::Options;
use super::select::Selection;
use crate::limits::Room;
use crate::links::{LeftOut, Links, List};

/// Whether objects are in the sidecar under one path, or under all that lead to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// Once, under the first path, names in order: as kerchunk does.
    First,
    /// Under every path that does not lead back to where it came from.
    #[default]
    All,
}

/// A further path of an object.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) path: String,
    /// The object's first path.
    pub(super) first: String,
    /// The names of its dimensions here, if they are others.
    pub(super) dimensions: Option<Vec<Arc<str>>>,
}

/// A link and the objects that it brings.
#[derive(Clone, Debug)]
pub(super) struct Linked {
    /// The link, in case it is left out after all.
    pub(super) link: LeftOut,
    pub(super) places: Vec<Place>,
}

/// The objects of a sidecar.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    pub(super) selection: Selection,
    pub(super) linked: Vec<Linked>,
    pub(super) left_out: List,
    /// The first paths that are in the sidecar; `None` is all.
    pub(super) kept: Option<HashSet<String>>,
    /// The first paths of the objects that are, under whichever path; `None` is all.
    needed: Option<HashSet<String>>,
}

impl Tree {
    /// # Errors
    /// A selection of nothing, or of a group that is not there.
    pub(crate) fn of(index: &Index, options: &Options, room: &Room) -> Result<Self, String> {
        // Half of what there is, and a quarter: what is first to take shall not take all.
        let (linked, listed) = (options.max_linked.min(room.left() / 2), room.left() / 4);
        let left_out = List::with_room(listed);
        let links = match options.links {
            Which::First => Links::none(index, left_out),
            Which::All => Links::all(index, linked, left_out),
        };
        room.spend(links.size().saturating_add(listed.saturating_sub(links.left_out.room())));
        let place = |(path, first)| Place { path, first, dimensions: None };
        let linked = links.linked.into_iter().map(|linked| Linked {
            link: linked.link,
            places: linked.places.into_iter().map(place).collect(),
        });
        let mut tree = Self {
            selection: options.selection.clone(),
            linked: linked.collect(),
            left_out: links.left_out,
            kept: None,
            needed: None,
        };
        if !tree.selection.is_all() {
            tree.select(index)?;
        }
        Ok(tree)
    }

    /// Whether an object's references are wanted, under whichever path.
    pub(crate) fn needs(&self, first: &str) -> bool {
        self.needed.as_ref().is_none_or(|needed| needed.contains(first))
    }

    fn select(&mut self, index: &Index) -> Result<(), String> {
        let selection = &self.selection;
        let root = selection.group();
        let datasets: HashSet<&str> =
            index.datasets().map(|(object, _)| object.path.as_str()).collect();
        let firsts = index
            .objects
            .iter()
            .filter(|object| matches!(object.kind, ObjectKind::Group(_) | ObjectKind::Dataset(_)));
        let firsts = firsts.map(|object| (object.path.as_str(), object.path.as_str()));
        let further = self.linked.iter().flat_map(|linked| &linked.places);
        let further = further.map(|place| (place.path.as_str(), place.first.as_str()));
        let paths: Vec<(&str, &str)> = firsts.chain(further).collect();

        match paths.iter().find(|(path, _)| *path == root) {
            Some((_, first)) if datasets.contains(first) => {
                return Err(format!("{root} is a dataset, not a group"));
            }
            Some(_) => {}
            None => return Err(format!("there is no group {root} in the file")),
        }
        // With a selected object come the groups on the way to it.
        let mut wanted: HashSet<&str> = HashSet::from([root]);
        let mut any = false;
        for (path, first) in &paths {
            if !selection.selects(path) {
                continue;
            }
            any |= datasets.contains(first);
            let mut path = Some(*path);
            while let Some(above) = path.filter(|path| selection.within(path).is_some()) {
                if !wanted.insert(above) {
                    break;
                }
                path = above.rsplit_once('/').map(|(group, _)| group);
                path = path.map(|group| if group.is_empty() { "/" } else { group });
            }
        }
        if !any && selection.has_include() {
            return Err("nothing in the file is both included and not excluded".into());
        }
        let paths = paths.iter().filter(|(path, _)| wanted.contains(path));
        self.needed = Some(paths.map(|(_, first)| (*first).to_owned()).collect());
        self.kept = Some(wanted.into_iter().map(str::to_owned).collect());
        let selection = self.selection.clone();
        for linked in &mut self.linked {
            let kept = self.kept.as_ref();
            linked.places.retain(|place| kept.is_some_and(|kept| kept.contains(&place.path)));
        }
        self.linked.retain(|linked| !linked.places.is_empty());
        self.left_out.links.retain(|link| selection.selects(&link.path));
        Ok(())
    }
}
