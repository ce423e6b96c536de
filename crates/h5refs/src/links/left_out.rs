//! The links that are not in a sidecar, to be reported.

use h5meta::Index;
use h5meta::message::LinkTarget;
use h5meta::model::NamedLink;

use super::below;
use crate::document::text as text_of;

/// What an entry takes besides its own text, and how often it is held: here, and in the report, as a tree.
const ENTRY: u64 = 1024;
const COPIES: u64 = 3;

/// A link that is not in the sidecar.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// The link's own path.
    pub path: String,
    /// `hard` (another name of an object), `soft`, `external` or `user-defined`; `any` of the last entry, if it
    /// stands for all that are too many to be listed.
    pub kind: &'static str,
    /// Where it leads, as far as the file says.
    pub target: String,
    /// Why it is not in the sidecar.
    pub reason: String,
}

impl LeftOut {
    /// A link of a group which has this path.
    pub(super) fn of(index: &Index, group: &str, link: &NamedLink) -> Self {
        let (kind, target) = match &link.target {
            LinkTarget::Hard(address) => {
                let object = index.object_at(*address);
                ("hard", object.map_or_else(String::new, |object| object.path.clone()))
            }
            LinkTarget::Soft(path) => ("soft", text_of(path)),
            LinkTarget::External { file, path } => {
                ("external", format!("{} in {}", text_of(path), text_of(file)))
            }
            LinkTarget::UserDefined { class } => ("user-defined", format!("class {class}")),
            _ => ("of an unknown kind", String::new()),
        };
        Self { path: below(group, &link.name), kind, target, reason: String::new() }
    }

    pub(crate) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }
}

/// Links that are left out: as many as there is room for, and how many more there are. A group that many links
/// lead to has its own links left out below each of them, and all may lead to one object with a long path.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) links: Vec<LeftOut>,
    more: u64,
    /// Bytes that are left for more, about.
    room: u64,
}

impl List {
    /// An empty list, with room for so many bytes, about.
    pub(crate) fn with_room(room: u64) -> Self {
        Self { room, ..Self::default() }
    }

    /// The room that is left.
    pub(crate) fn room(&self) -> u64 {
        self.room
    }

    /// An empty list, with the room that is left in this one.
    pub(super) fn rest(&self) -> Self {
        Self::with_room(self.room)
    }

    /// Adds what is in such a list.
    pub(super) fn append(&mut self, rest: Self) {
        self.links.extend(rest.links);
        self.more = self.more.saturating_add(rest.more);
        self.room = rest.room;
    }

    /// Adds a link of a group which has this path.
    pub(super) fn add(&mut self, index: &Index, group: &str, link: &NamedLink, why: &str) {
        let target = match &link.target {
            LinkTarget::Hard(address) => index.object_at(*address).map_or(0, |at| at.path.len()),
            LinkTarget::Soft(path) => path.len(),
            LinkTarget::External { file, path } => file.len().saturating_add(path.len()),
            _ => 0,
        };
        let text = [group.len(), link.name.len(), target, why.len()];
        let text = text.into_iter().fold(0, |sum: u64, length| sum.saturating_add(length as u64));
        match self.room.checked_sub(text.saturating_mul(COPIES).saturating_add(ENTRY)) {
            Some(room) => {
                self.room = room;
                self.links.push(LeftOut::of(index, group, link).because(why));
            }
            None => self.more = self.more.saturating_add(1),
        }
    }

    /// An entry for those that are not listed, if there are any.
    pub(crate) fn more(&self) -> Option<LeftOut> {
        let (path, target) = ("/".to_owned(), String::new());
        let reason = format!("{} more are left out, too many to be listed", self.more);
        (self.more > 0).then_some(LeftOut { path, kind: "any", target, reason })
    }
}
